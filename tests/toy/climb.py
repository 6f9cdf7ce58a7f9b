"""A climb of the toy plugin through three rooms, and what the tests read of a run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from program import LAMPS

from rlsys.workflow.run_directory import RunDirectory

ROOMS = ("hall", "attic", "roof")
CLIMB = (*LAMPS, "train", "lamps", "--quiet", "--steps", "960",
         "--set", "rooms=[roof, hall, attic]", "--set", "starts={attic: hall, roof: attic}",
         "--set", "training.checkpoint_every=288",
         "--set", "training.validate_every=96")  # fmt: skip
PROMOTED = ("--set", "training.promotion={threshold: {hall: 5.5}, patience: 4}")


def unit(path: Path, case: str, seed: int = 0) -> Path:
    return path / "policies" / case / f"seed-{seed}"


def arrays(path: Path, case: str, seed: int = 0, file: str = "network.npz"):
    with np.load(unit(path, case, seed) / file) as stored:
        return {name: stored[name] for name in stored.files if name != "header"}


def assert_equal(ours, theirs) -> None:
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name])


def lines(path: Path) -> list[dict]:
    """Return all lines of metrics, without what differs between any two runs."""
    return [
        {key: value for key, value in line.items() if key not in ("time", "seconds")}
        for line in RunDirectory.open(path).metrics()
    ]


def summary(path: Path, case: str, seed: int = 0) -> dict:
    return json.loads((unit(path, case, seed) / "training.json").read_text())


def outcome(path: Path, case: str, seed: int = 0) -> dict:
    """Return how a stage went, without its wall time."""
    found = summary(path, case, seed)
    agents = [{k: v for k, v in agent.items() if k != "seconds"} for agent in found["agents"]]
    return {**found, "agents": agents}


def assert_same_climb(path: Path, reference: Path, seeds=(0,)) -> None:
    """Check that two runs have the same networks, the same course and the same lines."""
    for case in ROOMS:
        for seed in seeds:
            assert_equal(arrays(path, case, seed), arrays(reference, case, seed))
            assert outcome(path, case, seed) == outcome(reference, case, seed)
    found, wanted = lines(path), lines(reference)
    assert all(found.count(line) == 1 for line in found)
    key = json.dumps
    assert sorted(map(key, found)) == sorted(map(key, wanted))
