"""A training that is stopped or killed resumes to the same result as an undisturbed one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from patience import HANG, wait_until
from program import HOLDING, LAMPS, run, run_here, start

from rlsys.executors import training_unit as units
from rlsys.training import checkpoint_step
from rlsys.workflow.run_directory import RunDirectory

SETTINGS = {
    "lamps": (*HOLDING, *LAMPS, "train", "lamps", "--steps", "1920",
              "--set", "training.checkpoint_every=96"),
    "rtos": (*HOLDING, "train", "rtos", "--preset", "normal", "--agent", "maskable-ppo",
             "--steps", "32768", "--set", "training.checkpoint_every=8192"),
}  # fmt: skip
CASES = {"lamps": "hall", "rtos": "normal"}


@pytest.fixture
def hold(tmp_path, monkeypatch) -> Path:
    """Pause the trainings of this test halfway until this file is removed."""
    file = tmp_path / "hold"
    file.touch()
    monkeypatch.setenv("HOLD", str(file))
    return file


def lines_of(path: Path) -> int:
    file = path / "metrics.jsonl"
    return file.read_text().count("\n") if file.exists() else 0


def status(path: Path) -> str:
    return json.loads((path / "manifest.json").read_text())["status"]


def lines(path: Path) -> list[dict]:
    """Return all lines of metrics, without what differs between any two runs."""
    return [
        {k: v for k, v in line.items() if k not in ("time", "seconds")}
        for line in RunDirectory.open(path).metrics()
    ]


def saved_steps(path: Path) -> dict[int, int]:
    """Return the step of each seed's last checkpoint."""
    agents = path.glob("policies/*/seed-*/checkpoints/*")
    return {int(p.parents[1].name.removeprefix("seed-")): checkpoint_step(p) or 0 for p in agents}


def arrays(path: Path, case: str, seed: int = 0) -> dict[str, np.ndarray]:
    with np.load(path / "policies" / case / f"seed-{seed}" / "network.npz") as file:
        return {name: file[name] for name in file.files}


def assert_same_outcome(path: Path, reference: Path, case: str, seeds=(0,), may_lack=None) -> None:
    """Compare two runs; of a seed in `may_lack`, lines up to that step may be missing."""
    for seed in seeds:
        ours, theirs = arrays(path, case, seed), arrays(reference, case, seed)
        assert ours.keys() == theirs.keys()
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])
    # The same progress, each step once; only times differ.
    told, expected = lines(path), lines(reference)
    assert all(line in expected for line in told)
    assert all(told.count(line) == 1 for line in told)
    missing = [line for line in expected if line not in told]
    assert all(line["step"] <= (may_lack or {}).get(line["seed"], 0) for line in missing), missing


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """Return a function that trains without disturbance, once per plugin."""
    done = {}

    def reference(plugin: str) -> Path:
        if plugin not in done:
            if plugin == "rtos":
                pytest.importorskip("sb3_contrib", reason="pip install 'rlsys[rtos]'")
            path = tmp_path_factory.mktemp("undisturbed") / plugin
            result = run(*SETTINGS[plugin], "--out", path)
            assert result.returncode == 0, result.stderr
            done[plugin] = path
        return done[plugin]

    return reference


def disturb(plugin: str, path: Path, number: signal.Signals) -> tuple[int, str]:
    """Send signal `number` to a training halfway; return its exit code and stderr."""
    child = start(*SETTINGS[plugin], "--out", path)
    try:
        wait_until(lambda: lines_of(path) >= 3 or child.poll() is not None)
        child.send_signal(number)
        _, stderr = child.communicate(timeout=HANG)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    return child.returncode, stderr


@pytest.mark.parametrize(
    ("plugin", "number"),
    [
        ("lamps", signal.SIGINT),
        ("lamps", signal.SIGTERM),
        ("lamps", signal.SIGKILL),
        ("rtos", signal.SIGINT),
        ("rtos", signal.SIGKILL),
    ],
)
def test_a_disturbed_training_goes_on_to_the_same_result(
    tmp_path, undisturbed, hold, plugin, number
):
    path = tmp_path / "run"
    code, stderr = disturb(plugin, path, number)
    hold.unlink()
    reference = undisturbed(plugin)
    assert "Traceback" not in stderr
    if number == signal.SIGKILL:
        assert (code, status(path)) == (-9, "running")
    else:
        assert (code, status(path)) == (130, "interrupted")
        assert "continue with --resume" in stderr
        last = list(path.rglob("last/state.npz"))
        assert len(last) == 1
    assert not list(path.rglob("seed-0/network.npz"))
    resumed = run(*SETTINGS[plugin], "--out", path, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert status(path) == "complete"
    assert_same_outcome(path, reference, CASES[plugin])


@pytest.mark.usefixtures("hold")
def test_a_run_that_was_stopped_cannot_be_exported_or_evaluated_yet(tmp_path):
    path = tmp_path / "run"
    code, _ = disturb("lamps", path, signal.SIGINT)
    assert code == 130
    for command in (["evaluate"], ["export", "--to", "json"]):
        result = run_here(*LAMPS, *command, path)
        assert result.returncode == 1
        assert "has not finished; continue it with --resume" in result.stderr
    assert status(path) == "interrupted"


TWO_SEEDS = (*SETTINGS["lamps"], "--seeds", "2", "--jobs", "2")


@pytest.fixture(scope="session")
def two_undisturbed(tmp_path_factory):
    """Return a run of two seeds that were trained one after another."""
    path = tmp_path_factory.mktemp("undisturbed") / "two"
    result = run(*SETTINGS["lamps"], "--seeds", "2", "--out", path)
    assert result.returncode == 0, result.stderr
    return path


def members(group: int) -> list[int]:
    """Return the live processes of a process group, from /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == group and fields[0] != "Z":
                    found.append(int(entry.name))
    return found


def test_trainings_at_a_time_end_as_one_after_another(tmp_path, two_undisturbed):
    result = run(*TWO_SEEDS, "--out", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert_same_outcome(tmp_path / "run", two_undisturbed, "hall", seeds=(0, 1))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_a_killed_parent(tmp_path, two_undisturbed, hold, number):
    path = tmp_path / "run"
    child = start(*TWO_SEEDS, "--out", path)
    try:
        wait_until(lambda: lines_of(path) >= 3 or child.poll() is not None)
        assert len(members(child.pid)) >= 3
        child.send_signal(number)
        child.communicate(timeout=HANG)
        wait_until(lambda: not members(child.pid))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    assert status(path) == ("running" if number == signal.SIGKILL else "interrupted")
    written = lines(path)
    # What a worker had reported was perhaps still on its way to the parent that died. Of what came
    # after its last checkpoint nothing is lost: that is trained again.
    may_lack = saved_steps(path) if number == signal.SIGKILL else None
    hold.unlink()
    resumed = run(*TWO_SEEDS, "--out", path, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert all(line in lines(path) for line in written)
    assert_same_outcome(path, two_undisturbed, "hall", seeds=(0, 1), may_lack=may_lack)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_a_killed_worker_is_a_user_error_that_can_be_resumed(tmp_path, two_undisturbed, hold):
    path = tmp_path / "run"
    child = start(*TWO_SEEDS, "--out", path)
    try:
        # Both are held, and all that they have reported is written.
        wait_until(lambda: reached(path) == {0: 960, 1: 960} or child.poll() is not None)
        workers = [p for p in members(child.pid) if b"spawn_main" in cmdline(p)]
        os.kill(workers[0], signal.SIGKILL)
        _, stderr = child.communicate(timeout=HANG)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    assert child.returncode == 1, stderr
    assert "a training process was killed" in stderr
    assert status(path) == "failed"
    hold.unlink()
    resumed = run(*TWO_SEEDS, "--out", path, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert_same_outcome(path, two_undisturbed, "hall", seeds=(0, 1))


def reached(path: Path) -> dict[int, int]:
    """Return the last step of each seed in the metrics so far."""
    if not (path / "metrics.jsonl").exists():
        return {}
    return {line["seed"]: line["step"] for line in lines(path)}


def cmdline(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


@pytest.mark.parametrize(
    ("more", "key"),
    [
        (("--seed", "1"), "seed = 0, not 1"),
        (("--set", "noise=0.3"), "environment.noise = 0.2, not 0.3"),
        (("--steps", "96"), "agents.hill-climbing.steps = 960, not 96"),
        (("--agent", "self-labelling"), "agents = 'hill-climbing', not 'self-labelling'"),
        (("--agent", "hill-climbing", "--agent", "self-labelling"), "agents = 'hill-climbing', "),
        (("--preset", "two-rooms"), "preset = 'default', not 'two-rooms'"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
def test_a_run_is_not_resumed_with_other_settings(tmp_path_factory, more, key):
    path = tmp_path_factory.getbasetemp() / "fixed-settings"
    if not path.exists():
        assert run_here(*LAMPS, "train", "lamps", "--out", path).returncode == 0
    before = (path / "manifest.json").read_bytes()
    result = run_here(*LAMPS, "train", "lamps", "--out", path, "--resume", *more)
    assert result.returncode == 1, result.stderr
    assert f"was started with {key}" in result.stderr
    assert (path / "manifest.json").read_bytes() == before


def test_agents_are_not_dropped_or_swapped_by_resuming(tmp_path):
    """Both ways the settings that remain are the same; only the pipeline differs."""
    file = tmp_path / "two.py"
    shutil.copy(LAMPS[1], file.with_name("lamps2.py"))
    text = file.with_name("lamps2.py").read_text()
    only_agent = text.replace('"lamps:', '"lamps2:').replace("hill-climbing", "climbing-again")
    begin, end = only_agent.index("@hookimpl"), only_agent.index("@hookimpl\ndef rlsys_agents")
    file.with_name("lamps2.py").write_text(only_agent[:begin] + only_agent[end:])
    both = (*LAMPS, "--plugin-file", file.with_name("lamps2.py"), "train", "lamps")
    first, second = ("--agent", "hill-climbing"), ("--agent", "climbing-again")
    out = ("--out", tmp_path / "run")
    made = run(*both, *first, *second, *out)
    assert made.returncode == 0, made.stderr
    for agents in (first, (*second, *first)):
        result = run(*both, *agents, *out, "--resume")
        assert result.returncode == 1
        assert "was started with agents = 'hill-climbing, climbing-again'" in result.stderr
    assert run(*both, *first, *second, *out, "--resume").returncode == 0


def test_a_complete_run_is_resumed_at_once_and_keeps_everything(tmp_path, monkeypatch):
    trained: list[object] = []
    arguments = (*LAMPS, "train", "lamps", "--out", tmp_path)
    assert run_here(*arguments).returncode == 0
    kept = {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    monkeypatch.setattr(units, "train_pipeline", lambda *given: trained.append(given))
    assert run_here(*arguments, "--resume").returncode == 0
    assert not trained
    changed = {f.name for f, content in kept.items() if f.read_bytes() != content}
    assert changed <= {"manifest.json"}
    assert status(tmp_path) == "complete"


def test_resume_without_a_directory_takes_the_newest_unfinished_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failing = (*LAMPS, "train", "lamps", "--set", "agents.hill-climbing.fail_at=480")
    for _ in range(2):
        assert run_here(*failing).returncode == 4
    runs = sorted(Path("runs").iterdir())
    assert len(runs) == 2
    again = run_here(*failing, "--resume")
    assert again.returncode == 4
    assert f"run directory: {runs[1]}" in again.stderr
    assert lines_of(runs[1]) == lines_of(runs[0])
    assert (
        "no unfinished run of lamps, preset two-rooms"
        in run_here(*failing, "--preset", "two-rooms", "--resume").stderr
    )
