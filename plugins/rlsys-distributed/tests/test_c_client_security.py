"""The C and C++ client over TLS and with tokens, against a real server: who comes in, and who not.

A program that does not come in goes on acting, and says why.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from c_client import Failed
from front_server import WAIT, eventually

pytestmark = pytest.mark.slow

CONFIG, GAVE_UP = 2, 6
"""Values of rlsys_status."""
OF_THE_SYSTEM = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
"""Variable with which gRPC takes other authorities for those of the system."""
OBSERVATION = [0.1, -0.2, 0.3, 0.4]
TOKEN = "a-long-secret"


def config_of(server, *, host="localhost", **keys):
    """Return a program's configuration."""
    return {
        "client_id": "program",
        "train_server_address": f"{host}:{server.address.rpartition(':')[2]}",
        "observation_space": {"box": {"shape": [4]}},
        "action_space": {"discrete": {"n": 2}},
        "first_model_timeout": 0,
        **{key: value for key, value in keys.items() if value is not None},
    }


def files(keys, **names):
    """Return the `tls` of a configuration: paths of certificates and keys."""
    return {key: str(keys / name) for key, name in names.items()}


def served_with(keys, certificate="server", **more):
    """Return a server's `tls`."""
    return {"cert": keys / f"{certificate}.pem", "key": keys / f"{certificate}.key", **more}


def assert_in(server, program):
    """A program gets the model, and what it sends is acknowledged and in the journal."""
    assert eventually(lambda: program.statistics["connections"]), program.said()
    learner = server.learner("program")
    learner.publish(1)
    assert eventually(lambda: program.statistics["version"] == 1), program.said()
    program.play(3, OBSERVATION)
    assert program.flush(WAIT)
    found = program.statistics
    assert (found["connected"], found["acknowledged"], found["refused"]) == (1, 3, 0)
    assert found["problem"] == ""
    records = learner.records(3)
    assert [record.trajectory.sequence for record in records] == [1, 2, 3]
    assert {run.version for record in records for run in record.trajectory.versions} == {1}


def assert_out(server, program, *reasons):
    """A program never comes in, goes on acting, keeps what it did, and says why, once."""
    assert eventually(lambda: "trying again in the background" in program.said())
    program.play(3, OBSERVATION)
    assert not program.flush(1.0)  # also not when it tries again
    found = program.statistics
    assert (found["connected"], found["connections"], found["version"]) == (0, 0, 0)
    assert (found["waiting"], found["acknowledged"], found["dropped"]) == (3, 0, 0)
    assert not server.server.registry.models
    for reason in reasons:
        assert reason in found["problem"]
        assert reason in program.said()
    assert program.said().count("trying again in the background") == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_over_tls_a_program_acts_and_is_learned_from(serve, keys, c_program, host):
    server = serve(tls=served_with(keys))
    program = c_program()
    program.open(config_of(server, host=host, tls=files(keys, ca="ca.pem")))
    assert_in(server, program)


def test_without_a_ca_the_systems_authorities_are_trusted(serve, keys, c_program):
    server = serve(tls=served_with(keys))
    program = c_program(**{OF_THE_SYSTEM: str(keys / "ca.pem")})
    program.open(config_of(server, tls={}))
    assert_in(server, program)


def test_with_mutual_tls_a_program_shows_its_certificate(serve, keys, c_program):
    server = serve(tls=served_with(keys, client_ca=keys / "ca.pem"))
    program = c_program()
    tls = files(keys, ca="ca.pem", cert="client.pem", key="client.key")
    program.open(config_of(server, tls=tls))
    assert_in(server, program)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({}, "if the server asks for a certificate, set `tls.cert` and `tls.key`"),
        ({"cert": "other.pem", "key": "other.key"}, "the server may not trust `tls.cert`"),
        ({"cert": "client.pem", "key": "other.key"}, "or is not the key of `tls.cert`"),
    ],
    ids=["none", "of a stranger", "with another key"],
)
def test_with_mutual_tls_no_program_comes_in_without_one(serve, keys, c_program, names, reason):
    server = serve(tls=served_with(keys, client_ca=keys / "ca.pem"))
    program = c_program()
    program.open(config_of(server, tls=files(keys, ca="ca.pem", **names)))
    assert_out(server, program, reason)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({"ca": "stranger.pem"}, "no authority in `tls.ca` has signed the server's certificate"),
        ({}, "no authority that this system trusts has signed the server's certificate"),
    ],
    ids=["another authority", "those of the system"],
)
def test_a_server_that_no_trusted_authority_has_signed_is_left_alone(
    serve, keys, c_program, names, reason
):
    server = serve(tls=served_with(keys))
    program = c_program(**{OF_THE_SYSTEM: str(keys / "stranger.pem")})
    program.open(config_of(server, tls=files(keys, **names)))
    assert_out(server, program, "certificate verify failed", reason)


def test_a_server_with_the_certificate_of_another_is_left_alone(serve, keys, c_program):
    server = serve(tls=served_with(keys, "elsewhere"))
    program = c_program()
    program.open(config_of(server, tls=files(keys, ca="ca.pem")))
    assert_out(server, program, "localhost is not in peer certificate")


def test_plain_text_does_not_get_into_a_server_with_tls(serve, keys, c_program):
    server = serve(tls=served_with(keys))
    program = c_program()
    program.open(config_of(server))
    assert_out(server, program, "if the server has TLS, set `tls`")


def test_a_program_with_tls_never_speaks_plain_text(serve, keys, c_program):
    server = serve()
    program = c_program()
    program.open(config_of(server, tls=files(keys, ca="ca.pem")))
    assert_out(server, program, "the server has no TLS; leave out `tls`")


@pytest.fixture(params=["plain", "tls"])
def guarded(request, serve, keys, tmp_path):
    """Return a server that wants a token, and the `tls` of its programs."""
    file = tmp_path / "server-token"
    file.write_text(f"{TOKEN}\n")
    if request.param == "plain":
        return serve(token_file=file), None
    return serve(token_file=file, tls=served_with(keys)), files(keys, ca="ca.pem")


@pytest.mark.parametrize(
    ("config", "file", "variable"),
    [
        ({"token": TOKEN}, None, None),
        ({}, f"{TOKEN}\n", None),
        ({}, f"  {TOKEN} \r\nof the test server\n", None),
        ({}, None, TOKEN),
        ({}, f"{TOKEN}\n", "that-of-another-server"),
        ({"token": TOKEN}, "that-of-a-third\n", "that-of-another-server"),
    ],
    ids=["key", "file", "first line", "variable", "file over variable", "key over all"],
)
def test_the_servers_token_lets_a_program_in(guarded, c_program, tmp_path, config, file, variable):
    server, tls = guarded
    if file is not None:
        (tmp_path / "token").write_text(file, newline="")
        config = {**config, "token_file": str(tmp_path / "token")}
    program = c_program(**({"RLSYS_TOKEN": variable} if variable else {}))
    program.open(config_of(server, tls=tls, **config))
    assert_in(server, program)


@pytest.mark.parametrize(
    ("config", "variable"),
    [({}, None), ({"token": "a-wrong-secret"}, None), ({}, "a-wrong-secret")],
    ids=["none", "wrong key", "wrong variable"],
)
def test_without_the_servers_token_a_program_gives_up(guarded, c_program, config, variable):
    server, tls = guarded
    program = c_program(**({"RLSYS_TOKEN": variable} if variable else {}))
    program.open(config_of(server, tls=tls, **config))
    assert eventually(lambda: "refuses this program" in program.said())
    program.play(3, OBSERVATION)
    with pytest.raises(Failed) as caught:
        program.flush(WAIT)
    assert caught.value.status == GAVE_UP
    found = program.statistics
    assert "the token is missing or wrong" in caught.value.text == found["problem"]
    assert (found["connections"], found["version"], found["dropped"]) == (0, 0, 3)
    assert not server.server.registry.models
    assert server.server.front.refused_calls == 1  # it does not try again
    assert program.said().count("the token is missing or wrong") >= 1
    assert "secret" not in program.said()


def unreadable(folder: Path) -> dict[str, Path]:
    """Return files that cannot be used, by what the system or the library says about them."""
    folder.mkdir()
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "empty").touch()
    (folder / "other").write_text("no certificate, no key\n")
    return {
        "cannot be read: No such file or directory": folder / "nothing",
        "cannot be read: Is a directory": folder,
        "cannot be read: Too many levels of symbolic links": folder / "loop",
        "": folder / "empty",
        " ": folder / "other",
    }


@pytest.mark.parametrize("key", ["ca", "cert", "key"])
def test_a_file_of_tls_that_cannot_be_used_is_named_at_once(serve, keys, c_program, tmp_path, key):
    server = serve(tls=served_with(keys))
    good = files(keys, ca="ca.pem", cert="client.pem", key="client.key")
    program = c_program()
    wrong = f"has no {'private key' if key == 'key' else 'certificate'} in PEM"
    for reason, path in unreadable(tmp_path / "files").items():
        text = f"client.json: tls.{key} '{path}' {reason.strip() or wrong}"
        config = config_of(server, tls={**good, key: str(path)})
        for command, status in (("open", CONFIG), ("open_c", 0)):  # an exception, and NULL
            with pytest.raises(Failed) as caught:
                program.open(config, command)
            assert caught.value.status == status
            assert caught.value.text.endswith(text)
    assert program.said() == ""
    program.open(config_of(server, tls=good))
    assert_in(server, program)


def test_half_of_a_certificate_and_its_key_is_refused(serve, keys, c_program):
    server = serve(tls=served_with(keys))
    for name in ({"cert": "client.pem"}, {"key": "client.key"}):
        with pytest.raises(Failed, match=r"tls\.cert and key: give both or neither"):
            c_program().open(config_of(server, tls=files(keys, ca="ca.pem", **name)))


def test_a_token_file_that_cannot_be_used_is_named_at_once(serve, c_program, tmp_path):
    server = serve()
    program = c_program(RLSYS_TOKEN=TOKEN)
    for reason, path in unreadable(tmp_path / "files").items():
        if path.name == "other":  # any text may be a token
            continue
        said = reason or "is empty; write the token into its first line"
        with pytest.raises(Failed) as caught:
            program.open(config_of(server, token_file=str(path)))
        assert caught.value.status == CONFIG
        assert caught.value.text.endswith(f"client.json: token_file '{path}' {said}")
