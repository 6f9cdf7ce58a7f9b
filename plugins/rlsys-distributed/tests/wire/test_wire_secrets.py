"""Tokens and certificates are read whole, or it is said what is wrong with their file."""

from __future__ import annotations

import pytest

from rlsys.errors import UserError
from rlsys_distributed.wire.secrets import read_pem, token_of

KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("text", ["secret", "secret\n", "  secret \r\nof the test server\n"])
def test_the_token_is_the_first_line(tmp_path, text):
    (tmp_path / "token").write_text(text, newline="")
    assert token_of(tmp_path / "token") == "secret"


def test_without_a_file_the_variable_counts(monkeypatch):
    monkeypatch.delenv("RLSYS_TOKEN", raising=False)
    assert token_of(None) is None
    monkeypatch.setenv("RLSYS_TOKEN", "")
    assert token_of(None) is None
    monkeypatch.setenv("RLSYS_TOKEN", "secret")
    assert token_of(None) == "secret"


@pytest.mark.parametrize("text", [b"", b"\nsecret\n", b"  \n", b"\xff\xfe\x00"])
def test_a_file_without_a_token_is_an_error(tmp_path, text):
    (tmp_path / "token").write_bytes(text)
    with pytest.raises(UserError, match=r"token_file .*token: (is empty|cannot be read)"):
        token_of(tmp_path / "token")


def test_files_in_pem_are_read_and_others_named(tmp_path):
    file = tmp_path / "file"
    file.write_text(KEY)
    assert read_pem(file, "tls.key") == KEY.encode()
    assert read_pem(None, "tls.key") is None
    with pytest.raises(UserError, match=r"tls.cert: .*file has no certificate in PEM"):
        read_pem(file, "tls.cert")
    file.write_text("")
    for name, what in (("tls.key", "private key"), ("tls.ca", "certificate")):
        with pytest.raises(UserError, match=f"{name}: .*file has no {what} in PEM"):
            read_pem(file, name)
    with pytest.raises(UserError, match=r"tls.ca: .* cannot be read: Is a directory"):
        read_pem(tmp_path, "tls.ca")
