"""Work units packed for another machine: files, plugins, versions; and processes that die."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from comparing import lines
from hypothesis import given
from hypothesis import strategies as st
from program import LAMPS, LAMPS_FILE, run

from rlsys.config.plan import Overrides, resolve_plan
from rlsys.errors import UserError
from rlsys.executors.training_unit import TrainingUnit
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry
from rlsys_ray import jobs
from rlsys_ray.jobs import do, pack, versions
from rlsys_ray.parcels import Folders

names = st.text("abc", min_size=1, max_size=3)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


@given(st.dictionaries(st.tuples(st.integers(0, 1), paths), st.binary(max_size=20), max_size=5))
def test_what_is_packed_is_unpacked(tmp_path_factory, contents):
    home = tmp_path_factory.mktemp("folders")
    here = Folders([home / "a0", home / "a1"])
    for (index, name), content in contents.items():
        path = here.paths[index] / name
        if any(parent.is_file() for parent in path.parents) or path.is_dir():
            continue  # a file where another path has a folder
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    there = Folders([home / "b0", home / "b1"])
    there.unpack(here.pack())
    for a, b in zip(here.paths, there.paths, strict=True):
        assert {f.relative_to(a): f.read_bytes() for f in a.rglob("*") if f.is_file()} == {
            f.relative_to(b): f.read_bytes() for f in b.rglob("*") if f.is_file()
        }
    # Nothing has changed since, on either side.
    assert here.pack() == there.pack() == {}


def test_only_what_was_replaced_is_packed_again_and_the_end_comes_last(tmp_path):
    folders = Folders([tmp_path])
    parcel = {(0, name): b"1" for name in (
        "network.npz", "training.json", "checkpoints/0-a/training.json",
        "checkpoints/0-a/last/state.npz", "checkpoints/0-a/best/network.npz",
    )}  # fmt: skip
    Folders([tmp_path]).unpack(parcel)
    (tmp_path / "network.npz.part").write_bytes(b"half")
    assert [name for _, name in folders.pack()] == [
        "checkpoints/0-a/best/network.npz", "checkpoints/0-a/last/state.npz",
        "checkpoints/0-a/training.json", "training.json", "network.npz",
    ]  # fmt: skip
    Folders([tmp_path]).unpack({(0, "training.json"): b"2"})
    assert folders.pack() == {(0, "training.json"): b"2"}


def test_a_file_that_cannot_be_written_is_a_users_error(tmp_path):
    (tmp_path / "a").write_text("no folder")
    with pytest.raises(UserError, match=r"cannot be written: .* continue with --resume"):
        Folders([tmp_path / "a"]).unpack({(0, "b"): b""})


def lamps_unit(directory: Path) -> TrainingUnit:
    options = PluginOptions(files=(str(LAMPS_FILE),), only=())
    plan = resolve_plan(
        Registry(PluginManager(options)),
        "lamps",
        Overrides(None, None, ("training.checkpoint_every=96",), (), ()),
    )
    config = plan.config.model_dump(mode="json")
    return TrainingUnit(options, config, "hall", 0, directory, resume=True)


def test_a_unit_leaves_at_home_what_it_leaves_here(tmp_path):
    """Stop halfway, and then resume from the files that were delivered."""
    here, home = lamps_unit(tmp_path / "here"), lamps_unit(tmp_path / "home")
    expected: list[dict] = []
    here.run(lambda line: expected.append(dict(line)), lambda: False)
    told: list[dict] = []
    folders = Folders([home.directory])

    def deliver(new, files):
        told.extend(new)
        folders.unpack(files)
        return len(told) >= 8 and attempt == 1

    for attempt in (1, 2):
        outcome = do(pack(0, attempt, home, Folders([home.directory]).pack()), deliver)
        assert outcome.stopped == (attempt == 1)
        assert outcome.failure is None

    def timeless(given):
        return [{k: v for k, v in line.items() if k not in ("time", "seconds")} for line in given]

    assert timeless(told) == timeless(expected)
    written = {f.relative_to(here.directory) for f in here.directory.rglob("*") if f.is_file()}
    assert {f.relative_to(home.directory) for f in home.directory.rglob("*.*")} == written


def test_a_plugin_file_that_a_machine_lacks_travels_along(tmp_path):
    job = pack(0, 1, lamps_unit(tmp_path), {})
    assert jobs._plugin_files(job, (str(LAMPS_FILE),)) == (str(LAMPS_FILE),)
    gone = str(tmp_path / "far" / "away.py")
    moved = replace(job, plugin_files={gone: b"x = 1\n"})
    (place,) = jobs._plugin_files(moved, (gone,))
    assert Path(place).name == "away.py"
    assert Path(place).read_bytes() == b"x = 1\n"
    assert jobs._plugin_files(moved, (gone,)) == (place,)


def test_another_version_is_refused_by_name(tmp_path):
    job = pack(0, 1, lamps_unit(tmp_path), {})
    assert job.versions == versions()
    other = replace(job, versions={**versions(), "numpy": "0.1"})
    outcome = do(other, lambda *_: False)
    assert "has numpy " in outcome.refusal
    assert "and the run was started with 0.1: install the same version there" in outcome.refusal
    assert isinstance(outcome.failure, UserError)


MORTAL = (*LAMPS, "--plugin-file", Path(__file__).with_name("mortal.py"), "train", "lamps",
          "--agent", "mortal", "--set", "training.checkpoint_every=96")  # fmt: skip


def mortal(tmp_path, deaths):
    path = tmp_path / "run"
    done = run(*MORTAL, "--set", f"agents.mortal.lives={tmp_path / 'lives'}",
               "--set", f"agents.mortal.deaths={deaths}", "--executor", "ray", "--json",
               "--out", path, env={"PYTHONPATH": LAMPS_FILE.parent})  # fmt: skip
    return path, done


@pytest.mark.slow
def test_a_killed_process_continues_from_its_last_checkpoint(tmp_path):
    path, done = mortal(tmp_path, 2)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "complete"
    assert (tmp_path / "lives").read_text() == "xx"
    assert done.stderr.count("hall seed 0 was lost") == 2
    reports = [line["step"] for line in lines(path) if "hits" in line]
    assert reports == list(range(96, 961, 96))


@pytest.mark.slow
def test_what_dies_repeatedly_is_given_up(tmp_path):
    path, done = mortal(tmp_path, 99)
    assert done.returncode == 1, done.stderr
    assert "a task was lost 4 times" in done.stderr.splitlines()[-1]
    assert (tmp_path / "lives").read_text() == "xxxx"
    assert list(path.rglob("last/state.npz"))


def test_variables_of_rlsys_hold_in_the_task_and_no_longer(tmp_path, monkeypatch):
    monkeypatch.setenv("RLSYS_OF_THE_COMMAND", "1")
    monkeypatch.setenv("OTHERS", "1")
    job = pack(0, 1, lamps_unit(tmp_path), {})
    monkeypatch.delenv("RLSYS_OF_THE_COMMAND")
    monkeypatch.setenv("RLSYS_KEPT", "here")
    seen = []

    def deliver(_, __):
        names = ("RLSYS_OF_THE_COMMAND", "RLSYS_KEPT", "OTHERS")
        seen.append([os.environ.get(name) for name in names])
        return False

    job = replace(job, variables={**job.variables, "RLSYS_KEPT": "there"})
    assert "OTHERS" not in job.variables
    assert do(job, deliver).failure is None
    assert set(map(tuple, seen)) == {("1", "there", "1")}
    assert "RLSYS_OF_THE_COMMAND" not in os.environ
    assert os.environ["RLSYS_KEPT"] == "here"
