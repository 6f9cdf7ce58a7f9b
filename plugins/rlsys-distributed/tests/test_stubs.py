"""The stubs are those of the .proto files."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[1]


@pytest.fixture
def check():
    """Return a function that checks the stubs of a copy of the plugin.

    The protocol's compiler runs in a process of its own: it ends one that has loaded certain other
    libraries.
    """
    if importlib.util.find_spec("grpc_tools") is None:
        pytest.skip("needs grpcio-tools")

    def run(plugin):
        return subprocess.run(
            [sys.executable, plugin / "tools" / "stubs.py", "--check"],
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_stubs_are_generated_from_the_proto_files(check):
    done = check(PLUGIN)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_changed_protocol_would_be_noticed(check, tmp_path):
    for folder in ("proto", "tools", "src/rlsys_distributed/v1"):
        shutil.copytree(PLUGIN / folder, tmp_path / folder)
    proto = tmp_path / "proto" / "rlsys" / "distributed" / "v1" / "trainer.proto"
    proto.write_text(proto.read_text().replace("uint32 window = 2;", "uint64 window = 2;"))
    (tmp_path / "src/rlsys_distributed/v1/other_pb2.py").touch()
    done = check(tmp_path)
    assert done.returncode == 1
    assert "trainer_pb2.py: differs\n" in done.stdout
    assert "other_pb2.py: differs\n" in done.stdout
