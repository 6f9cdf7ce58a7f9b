"""The hash of a file is what other programs say it is."""

from __future__ import annotations

import subprocess

import pytest

from rlsys.storage import file_hash

# FIPS 180-2, appendix B.1: the hash of "abc".
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_it_is_the_published_value(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert file_hash(tmp_path / "file") == ABC


def test_it_is_that_of_sha256sum(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 5000)
    told = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
    assert file_hash(path) == told.stdout.split()[0]


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        file_hash(tmp_path / "none")
