"""A finished run trains on with more steps; what it had is kept until, and after, that is done."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

import numpy as np
import pytest
from patience import HANG, wait_until
from program import HOLDING, LAMPS, refused, run, run_here, start

from rlsys.workflow import continuing
from rlsys.workflow.run_directory import RunDirectory

TRAIN = (*LAMPS, "train", "lamps", "--set", "training.checkpoint_every=96")
RUN = (*LAMPS, "run", "lamps", "--set", "training.checkpoint_every=96", "--set", "exports=[json]",
       "--episodes", "10", "--json")  # fmt: skip


def done(*arguments):
    result = run_here(*arguments)
    assert result.returncode == 0, result.stderr
    return result


def network(path, case="hall", seed=0) -> dict[str, np.ndarray]:
    with np.load(path / "policies" / case / f"seed-{seed}" / "network.npz") as file:
        return {name: file[name] for name in file.files}


def assert_same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def steps_of(path) -> list[int]:
    return [line["step"] for line in RunDirectory.open(path).metrics() if "reward" in line]


def test_it_ends_as_if_it_had_been_started_with_them(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    done(*TRAIN, "--steps", "960", "--seeds", "2", "--out", whole)
    done(*TRAIN, "--steps", "480", "--seeds", "2", "--out", parts)
    half = network(parts)
    done(*TRAIN, "--steps", "960", "--seeds", "2", "--out", parts, "--resume")
    for seed in (0, 1):
        assert_same(network(parts, seed=seed), network(whole, seed=seed))
    assert sorted(steps_of(parts)) == sorted(steps_of(whole))
    assert (parts / "config.yaml").read_bytes() == (whole / "config.yaml").read_bytes()
    manifest = json.loads((parts / "manifest.json").read_text())
    assert manifest["status"] == "complete"
    assert len(manifest["continued"]) == 1
    # Asked for once more, it is done.
    done(*TRAIN, "--steps", "960", "--seeds", "2", "--out", parts, "--resume")
    assert_same(network(parts / "earlier" / "480"), half)


def test_results_figures_and_exports_are_made_again_and_the_earlier_ones_kept(
    tmp_path, monkeypatch
):
    path = tmp_path / "run"
    monkeypatch.setattr(sys, "argv", ["/bin/rlsys", "first"])
    first = json.loads(done(*RUN, "--steps", "96", "--out", path).stdout)
    weights = (path / "exports/json/hall/policy_weights.json").read_bytes()
    monkeypatch.setattr(sys, "argv", ["/bin/rlsys", "second"])
    again = json.loads(done(*RUN, "--steps", "1e3", "--out", path, "--resume").stdout)
    assert again["results"] != first["results"]
    assert (path / "exports/json/hall/policy_weights.json").read_bytes() != weights
    earlier = path / "earlier" / "96"
    assert json.loads((earlier / "result.json").read_text()) == first
    assert (earlier / "exports/json/hall/policy_weights.json").read_bytes() == weights
    # It is a run directory of its own: evaluated, it gives the same results.
    evaluated = json.loads(done(*LAMPS, "evaluate", earlier, "--json").stdout)
    assert evaluated["results"] == first["results"]
    assert RunDirectory.open(earlier).status == "complete"
    assert "Made by `rlsys first && rlsys second`" in (path / "report.md").read_text()


def test_fewer_steps_are_refused(tmp_path):
    path = tmp_path / "run"
    done(*TRAIN, "--steps", "192", "--out", path)
    before = {f: f.read_bytes() for f in path.rglob("*") if f.is_file()}
    line = refused(*TRAIN, "--steps", "96", "--out", path, "--resume")
    assert "agents.hill-climbing.steps = 192, not 96" in line
    assert line.endswith("it can go on with more steps than 192, not with fewer")
    line = refused(*TRAIN, "--steps", "960", "--seed", "1", "--out", path, "--resume")
    assert "was started with seed = 0, not 1" in line
    assert {f: f.read_bytes() for f in path.rglob("*") if f.is_file()} == before


def test_only_the_last_agent_of_several_trains_on(tmp_path):
    """The one after it has started from its network."""
    again = tmp_path / "again.py"
    text = LAMPS[1].read_text().replace('"lamps:', '"again:')
    begin, end = text.index("@hookimpl"), text.index("@hookimpl\ndef rlsys_agents")
    again.write_text((text[:begin] + text[end:]).replace("hill-climbing", "again"))
    both = ("--plugin-file", again, *TRAIN, "--agent", "hill-climbing", "--agent", "again")
    last, path = ("--set", "agents.again.steps=192"), tmp_path / "run"
    done(*both, "--steps", "96", "--set", "agents.again.steps=96", "--out", path)
    line = refused(*both, "--steps", "192", "--set", "agents.again.steps=96", "--out", path,
                   "--resume")  # fmt: skip
    assert line.endswith("only the last agent, again, can get more steps")
    done(*both, "--steps", "96", *last, "--out", path, "--resume")
    done(*both, "--steps", "96", *last, "--out", tmp_path / "whole")
    assert_same(network(path), network(tmp_path / "whole"))


def test_a_training_whose_checkpoint_is_gone_is_not_begun_anew(tmp_path):
    path = tmp_path / "run"
    done(*TRAIN, "--steps", "96", "--out", path)
    (path / "policies/hall/seed-0/checkpoints/0-hill-climbing/last/state.npz").unlink()
    kept = network(path)
    line = refused(*TRAIN, "--steps", "192", "--out", path, "--resume", "--quiet")
    assert "the last checkpoint is missing, so this training cannot go on" in line
    assert_same(network(path), kept)


class Killed(BaseException):
    """Stands for a kill between two writes."""


@pytest.mark.parametrize("after", range(12))
def test_a_kill_between_any_two_writes_loses_nothing(tmp_path, monkeypatch, after):
    whole, path = tmp_path / "whole", tmp_path / "run"
    arguments = (*TRAIN, "--seeds", "2", "--out", path)
    done(*arguments, "--steps", "96")
    kept = network(path)
    done(*TRAIN, "--seeds", "2", "--out", whole, "--steps", "192")
    writes = []

    def dying(function):
        def call(*given, **more):
            if len(writes) == after:
                raise Killed
            writes.append(given)
            return function(*given, **more)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(continuing.os, "replace", dying(os.replace))
        with pytest.raises(Killed):
            run_here(*arguments, "--steps", "192", "--resume")
    places = [path, path / "earlier" / "96"]
    found = [p for p in places if (p / "policies/hall/seed-0/network.npz").exists()]
    assert any(network(p).keys() == kept.keys() for p in found)
    done(*arguments, "--steps", "192", "--resume")
    for seed in (0, 1):
        assert_same(network(path, seed=seed), network(whole, seed=seed))
    assert_same(network(path / "earlier" / "96"), kept)
    assert RunDirectory.open(path / "earlier" / "96").status == "complete"


def test_a_real_kill_in_the_middle_of_the_new_training(tmp_path, monkeypatch):
    whole, path, hold = tmp_path / "whole", tmp_path / "run", tmp_path / "hold"
    done(*TRAIN, "--steps", "1920", "--out", whole)
    done(*TRAIN, "--steps", "96", "--out", path)
    kept = network(path)
    hold.touch()
    monkeypatch.setenv("HOLD", str(hold))
    child = start(*HOLDING, *TRAIN, "--steps", "1920", "--out", path, "--resume")
    try:
        wait_until(lambda: len(steps_of(path)) >= 10 or child.poll() is not None)
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=HANG)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    hold.unlink()
    assert RunDirectory.open(path).status == "running"
    assert_same(network(path / "earlier" / "96"), kept)
    exported = run(*LAMPS, "export", path / "earlier/96", "--to", "json", "--out", tmp_path / "e")
    assert exported.returncode == 0, exported.stderr
    resumed = run(*TRAIN, "--steps", "1920", "--out", path, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert_same(network(path), network(whole))
