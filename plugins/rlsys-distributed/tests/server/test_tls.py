"""Who may come in from other machines: encrypted connections, and certificates on both sides."""

from __future__ import annotations

import shutil
import subprocess
import threading

import pytest
from front_server import WAIT
from pydantic import ValidationError

from rlsys.plugins.requirements import in_ci
from rlsys_distributed.client import Agent
from rlsys_distributed.server.settings import ServerConfig

SPACES = {
    "observation_space": {"box": {"shape": [4]}},
    "action_space": {"discrete": {"n": 2}},
    "first_model_timeout": 0,
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Return a folder with a certificate authority, and what it has signed: server and client."""
    openssl = shutil.which("openssl")
    if openssl is None:
        text = "openssl is missing; install it with: apt-get install openssl"
        (pytest.fail if in_ci() else pytest.skip)(text)
    folder = tmp_path_factory.mktemp("keys")

    def run(*words):
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for authority in ("ca", "stranger"):
        run(
            "req", "-x509", *curve, "-days", "2", "-subj", f"/CN={authority}",
            "-keyout", f"{authority}.key", "-out", f"{authority}.pem",
        )  # fmt: skip
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name, authority in (("server", "ca"), ("client", "ca"), ("other", "stranger")):
        run("req", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        run(
            "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem",
            "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2", "-extfile", "names",
            "-out", f"{name}.pem",
        )  # fmt: skip
    return folder


def comes_in(server, name, **tls):
    """Return whether a program with these files is let in."""
    address = f"localhost:{server.address.rpartition(':')[2]}"
    config = {"client_id": name, "train_server_address": address, **SPACES}
    if tls:
        config["tls"] = {key: str(path) for key, path in tls.items()}
    waiting = threading.Event()
    with Agent(config) as agent:
        for _ in range(int(WAIT * 20)):
            if agent.statistics.connections:
                return True
            if agent.statistics.problem:
                return False
            waiting.wait(0.05)
    raise AssertionError("neither in nor refused")


def test_only_who_trusts_the_server_comes_in(serve, keys):
    server = serve(tls={"cert": keys / "server.pem", "key": keys / "server.key"})
    assert comes_in(server, "good", ca=keys / "ca.pem")
    assert not comes_in(server, "plain")
    assert not comes_in(server, "stranger", ca=keys / "stranger.pem")


def test_with_mutual_tls_the_server_wants_a_certificate_that_it_trusts(serve, keys):
    server = serve(
        tls={
            "cert": keys / "server.pem",
            "key": keys / "server.key",
            "client_ca": keys / "ca.pem",
        }
    )
    own = {"ca": keys / "ca.pem", "cert": keys / "client.pem", "key": keys / "client.key"}
    assert comes_in(server, "good", **own)
    assert not comes_in(server, "without", ca=keys / "ca.pem")
    others = {"cert": keys / "other.pem", "key": keys / "other.key"}
    assert not comes_in(server, "other", ca=keys / "ca.pem", **others)


def test_plain_text_stays_on_this_machine_unless_it_is_allowed():
    for host in ("0.0.0.0", "192.168.1.5", "::", "example.org"):
        with pytest.raises(ValidationError, match="can be reached from other machines: give `tls`"):
            ServerConfig(host=host)
        assert ServerConfig(host=host, plain_text=True).host == host
    for host in ("127.0.0.1", "127.0.0.53", "::1", "localhost"):
        assert ServerConfig(host=host).tls is None


def test_a_missing_certificate_is_named(serve, keys):
    from rlsys.errors import UserError

    with pytest.raises(UserError, match=r"tls\.cert: .*nothing\.pem cannot be read: No such file"):
        serve(tls={"cert": keys / "nothing.pem", "key": keys / "server.key"})
