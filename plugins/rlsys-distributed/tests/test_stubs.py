"""The stubs are those of the .proto files."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "stubs.py"


def test_the_stubs_are_generated_from_the_proto_files():
    pytest.importorskip("grpc_tools")
    spec = importlib.util.spec_from_file_location("distributed_stubs", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    stubs = tool.generated()
    assert "trainer_pb2.py" in stubs
    assert tool.different(stubs) == []
    assert tool.different({**stubs, "other_pb2.py": ""}) == ["other_pb2.py"]
