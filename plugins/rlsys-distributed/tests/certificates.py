"""Certificates for a test, made on the spot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rlsys.plugins.requirements import in_ci

_AUTHORITIES = ("ca", "stranger")
_SIGNED = {
    "server": ("ca", "DNS:localhost,IP:127.0.0.1"),
    "elsewhere": ("ca", "DNS:elsewhere.example"),
    "client": ("ca", "DNS:client.example"),
    "other": ("stranger", "DNS:other.example"),
}
"""By name of the files: the authority that has signed it, and its names."""


def make_certificates(folder: Path) -> None:
    """Write NAME.pem and NAME.key for two authorities, and for servers and clients."""
    openssl = shutil.which("openssl")
    if openssl is None:
        text = "openssl is missing; install it with: apt-get install openssl"
        (pytest.fail if in_ci() else pytest.skip)(text)

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for authority in _AUTHORITIES:
        run(
            "req", "-x509", *curve, "-days", "2", "-subj", f"/CN={authority}",
            "-keyout", f"{authority}.key", "-out", f"{authority}.pem",
        )  # fmt: skip
    for name, (authority, names) in _SIGNED.items():
        (folder / "names").write_text(f"subjectAltName={names}\n")
        run("req", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        run(
            "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem",
            "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2", "-extfile", "names",
            "-out", f"{name}.pem",
        )  # fmt: skip
