"""Write the Python stubs of the protocol from its .proto files.

    python plugins/rlsys-distributed/tools/stubs.py            write them
    python plugins/rlsys-distributed/tools/stubs.py --check    exit code 1 where they differ

It needs grpcio-tools 1.74.0: stubs of newer versions refuse the protobuf that TensorBoard allows.
"""

from __future__ import annotations

import argparse
import importlib.resources
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[1]
PROTO = PLUGIN / "proto"
STUBS = PLUGIN / "src" / "rlsys_distributed" / "v1"
PACKAGE = "rlsys.distributed.v1"


def generated() -> Mapping[str, str]:
    """Return the stubs by file name.

    The compiler names Python modules after the folders of the .proto files. Those would lie inside
    of the package `rlsys`, so the imports are changed.
    """
    from grpc_tools import protoc

    files = sorted(PROTO.rglob("*.proto"))
    own = importlib.resources.files("grpc_tools") / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        arguments = [
            "protoc",
            f"-I{PROTO}",
            f"-I{own}",
            f"--python_out={folder}",
            f"--pyi_out={folder}",
            f"--grpc_python_out={folder}",
            *map(str, files),
        ]
        if protoc.main(arguments) != 0:
            raise SystemExit("protoc failed (see above)")
        found = sorted(Path(folder).rglob("*.py*"))
        texts = {file.name: file.read_text(encoding="utf-8") for file in found}
    return {
        name: text.replace(f"from {PACKAGE} import", "from rlsys_distributed.v1 import")
        for name, text in texts.items()
    }


def different(stubs: Mapping[str, str]) -> list[str]:
    """Return the names of the files that are missing, too many, or not as generated."""
    there = {file.name: file.read_text(encoding="utf-8") for file in STUBS.glob("*_pb2*.py*")}
    return sorted(name for name in {*there, *stubs} if there.get(name) != stubs.get(name))


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    stubs = generated()
    wrong = different(stubs)
    if not check:
        for name in wrong:
            if name in stubs:
                (STUBS / name).write_text(stubs[name], encoding="utf-8")
            else:
                (STUBS / name).unlink()
    for name in wrong:
        print(f"{name}: {'differs' if check else 'written'}")
    return int(check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
