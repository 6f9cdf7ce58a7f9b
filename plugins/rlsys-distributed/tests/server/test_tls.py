"""Who may come in from other machines: encrypted connections, and certificates on both sides."""

from __future__ import annotations

import pytest
from front_server import eventually
from pydantic import ValidationError

from rlsys_distributed.client import Agent
from rlsys_distributed.server.settings import ServerConfig

SPACES = {
    "observation_space": {"box": {"shape": [4]}},
    "action_space": {"discrete": {"n": 2}},
    "first_model_timeout": 0,
}


def problem(server, name, **tls):
    """Return why a program with these files is not let in; None if it is."""
    address = f"localhost:{server.address.rpartition(':')[2]}"
    config = {"client_id": name, "train_server_address": address, **SPACES}
    if tls:
        config["tls"] = {key: str(path) for key, path in tls.items()}
    with Agent(config) as agent:
        told = agent.statistics
        assert eventually(lambda: told.connections or told.problem)
        return None if told.connections else told.problem


def test_only_who_trusts_the_server_comes_in(serve, keys):
    server = serve(tls={"cert": keys / "server.pem", "key": keys / "server.key"})
    assert problem(server, "good", ca=keys / "ca.pem") is None
    assert "if the server has TLS, set `tls`" in problem(server, "plain")
    said = problem(server, "stranger", ca=keys / "stranger.pem")
    assert "no authority in `tls.ca` has signed the server's certificate" in said


def test_with_mutual_tls_the_server_wants_a_certificate_that_it_trusts(serve, keys):
    server = serve(
        tls={
            "cert": keys / "server.pem",
            "key": keys / "server.key",
            "client_ca": keys / "ca.pem",
        }
    )
    own = {"ca": keys / "ca.pem", "cert": keys / "client.pem", "key": keys / "client.key"}
    assert problem(server, "good", **own) is None
    said = problem(server, "without", ca=keys / "ca.pem")
    assert "if the server asks for a certificate, set `tls.cert` and `tls.key`" in said
    others = {"cert": keys / "other.pem", "key": keys / "other.key"}
    said = problem(server, "other", ca=keys / "ca.pem", **others)
    assert "the server may not trust `tls.cert`" in said
    mixed = {"cert": keys / "client.pem", "key": keys / "other.key"}
    said = problem(server, "mixed", ca=keys / "ca.pem", **mixed)
    assert "or is not the key of `tls.cert`" in said


def test_a_server_without_tls_is_said(serve, keys):
    assert "the server has no TLS; leave out `tls`" in problem(serve(), "a", ca=keys / "ca.pem")


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
