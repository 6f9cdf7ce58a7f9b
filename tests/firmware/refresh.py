"""Bring firmware/policy and firmware/expected up to date with the exporter and the schedulers.

    python tests/firmware/refresh.py

The repository's firmware carries the published policy of the taskset `normal` (seed 0), so that it
builds without Python. What it must print and how large it may be is in firmware/expected, sizes by
compiler; run this once with each compiler (RLSYS_RUSTC names another than the first found).
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from exports import FIRMWARE, Ended, export_measured

from rlsys_rust_q10.target.cargo import cargo_build
from rlsys_rust_q10.target.elf import read_sections, read_sizes
from rlsys_rust_q10.target.qemu import boot
from rlsys_rust_q10.target.toolchain import target_toolchain

EXPECTED = FIRMWARE / "expected"
SIZES = EXPECTED / "sizes.json"
POLICIES = ("network", "round-robin", "rate-monotonic", "edf", "table")
COMMITTED = ("policy", "policy_weights.json")
VECTORS = "policy/golden/vectors.bin"


def fresh_export(out: Path) -> tuple[Ended, Path]:
    """Export the policy that the repository carries; return how that went and the folder."""
    ended = export_measured("default", "normal", 0, out, golden_vectors=1000)
    return ended, out / "rust-q10" / "normal"


def committed_files(folder: Path) -> dict[str, bytes]:
    """The files of an export that the repository keeps a copy of, by their path."""
    paths = [path for name in COMMITTED for path in (folder / name, *(folder / name).rglob("*"))]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.is_file()}


def build_product(policy: str) -> bytes:
    """The repository's product with one of the schedulers."""
    return cargo_build(FIRMWARE, target_toolchain(), [policy])[policy]


def printed(image: bytes) -> str:
    """What an image prints in QEMU."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "image"
        path.write_bytes(image)
        return boot(path, path.parent, 60.0)


def measured(policy: str, image: bytes) -> dict[str, Any]:
    """The sizes that are kept: of the sections, and what inference has of them."""
    if policy != "network":
        return {"sections": read_sections(image)}
    sizes = read_sizes(image)
    return {"sections": sizes.sections, "inference": sizes.inference, "workload": sizes.workload}


def main() -> None:
    """Write what is out of date."""
    with tempfile.TemporaryDirectory() as scratch:
        ended, folder = fresh_export(Path(scratch))
        if ended.code != 0:
            sys.exit(ended.errors)
        for name in COMMITTED:
            target = FIRMWARE / name
            if target.is_dir():
                shutil.rmtree(target)
            (shutil.copytree if (folder / name).is_dir() else shutil.copy)(folder / name, target)
    EXPECTED.mkdir(exist_ok=True)
    known = json.loads(SIZES.read_text(encoding="utf-8")) if SIZES.exists() else {}
    known[target_toolchain().version] = sizes = {}
    for policy in POLICIES:
        image = build_product(policy)
        (EXPECTED / f"{policy}.txt").write_text(printed(image), encoding="utf-8")
        sizes[policy] = measured(policy, image)
    SIZES.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
