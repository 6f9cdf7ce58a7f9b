"""Two run directories have the same result: policies bit for bit, the same lines of metrics."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def lines(path: Path) -> list[dict]:
    file = path / "metrics.jsonl"
    if not file.exists():
        return []
    # The line that is being written may be incomplete.
    return [json.loads(line) for line in file.read_text().splitlines(True) if line.endswith("\n")]


def timeless(path: Path) -> list[str]:
    """Return the sorted lines of metrics, without what differs between any two runs."""
    return sorted(
        json.dumps({k: v for k, v in line.items() if k not in ("time", "seconds")}, sort_keys=True)
        for line in lines(path)
    )


def files(path: Path) -> set[str]:
    return {str(f.relative_to(path)) for f in path.rglob("policies/**/*") if f.is_file()}


def assert_same_result(ours: Path, theirs: Path) -> None:
    assert timeless(ours) == timeless(theirs)
    assert files(ours) == files(theirs)
    networks = [name for name in files(ours) if name.endswith("network.npz")]
    assert networks
    for name in networks:
        with np.load(ours / name) as a, np.load(theirs / name) as b:
            assert set(a.files) == set(b.files)
            for key in a.files:
                np.testing.assert_array_equal(a[key], b[key], err_msg=f"{name} {key}")


def steps(path: Path) -> dict[int, int]:
    """Return how far each seed has come."""
    reached: dict[int, int] = {}
    for line in lines(path):
        reached[line["seed"]] = max(reached.get(line["seed"], 0), line["step"])
    return reached


def marked(name: str) -> list[int]:
    """Return the live processes that inherited the environment variable `name`, from /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue  # it has just ended, or belongs to another user
            if state != "Z" and any(v.startswith(f"{name}=".encode()) for v in variables):
                found.append(int(entry.name))
    return found
