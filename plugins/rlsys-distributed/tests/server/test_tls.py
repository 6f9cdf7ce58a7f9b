"""Who may come in from other machines: encrypted connections, and certificates on both sides."""

from __future__ import annotations

import threading

import pytest
from front_server import WAIT
from pydantic import ValidationError

from rlsys_distributed.client import Agent
from rlsys_distributed.server.settings import ServerConfig

SPACES = {
    "observation_space": {"box": {"shape": [4]}},
    "action_space": {"discrete": {"n": 2}},
    "first_model_timeout": 0,
}


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
