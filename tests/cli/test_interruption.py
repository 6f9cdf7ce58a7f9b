"""A training that is stopped or killed goes on to the result of an undisturbed one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from program import LAMPS, run, run_here, start

from rlsys.workflow.run_directory import RunDirectory

SETTINGS = {
    "lamps": (*LAMPS, "train", "lamps", "--steps", "1920", "--set", "training.checkpoint_every=96",
              "--set", "agents.hill-climbing.pause=0.05"),
    "rtos": ("train", "rtos", "--preset", "normal", "--agent", "maskable-ppo", "--steps", "32768",
             "--set", "training.checkpoint_every=8192"),
}  # fmt: skip
CASES = {"lamps": "hall", "rtos": "normal"}


def wait_until(condition, seconds=90.0):
    """Wait for `condition`; fail loudly where it never comes."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def lines_of(path: Path) -> int:
    file = path / "metrics.jsonl"
    return file.read_text().count("\n") if file.exists() else 0


def status(path: Path) -> str:
    return json.loads((path / "manifest.json").read_text())["status"]


def arrays(path: Path, case: str, seed: int = 0) -> dict[str, np.ndarray]:
    with np.load(path / "policies" / case / f"seed-{seed}" / "network.npz") as file:
        return {name: file[name] for name in file.files}


def assert_same_outcome(path: Path, reference: Path, case: str, seeds=(0,), lost=0) -> None:
    """Compare two runs; `lost` lines of metrics may have died with the process that writes them."""
    for seed in seeds:
        ours, theirs = arrays(path, case, seed), arrays(reference, case, seed)
        assert ours.keys() == theirs.keys()
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])
    # The same progress, each step once; only times differ.
    told = [
        sorted(
            json.dumps({k: v for k, v in line.items() if k not in ("time", "seconds")})
            for line in RunDirectory.open(p).metrics()
        )
        for p in (path, reference)
    ]
    assert len(set(told[0])) == len(told[0])
    assert set(told[0]) <= set(told[1])
    assert len(told[1]) - len(told[0]) <= lost


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """Return a function that trains without disturbance, once a plugin."""
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
    """Send `number` to a training in its middle; return its exit code and stderr."""
    child = start(*SETTINGS[plugin], "--out", path)
    try:
        wait_until(lambda: lines_of(path) >= 3 or child.poll() is not None)
        child.send_signal(number)
        _, stderr = child.communicate(timeout=60)
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
def test_a_disturbed_training_goes_on_to_the_same_result(tmp_path, undisturbed, plugin, number):
    reference, path = undisturbed(plugin), tmp_path / "run"
    code, stderr = disturb(plugin, path, number)
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
def test_no_process_outlives_a_killed_parent(tmp_path, two_undisturbed, number):
    path = tmp_path / "run"
    child = start(*TWO_SEEDS, "--out", path)
    try:
        wait_until(lambda: lines_of(path) >= 3 or child.poll() is not None)
        assert len(members(child.pid)) >= 3
        child.send_signal(number)
        child.communicate(timeout=30)
        wait_until(lambda: not members(child.pid), 15)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    assert status(path) == ("running" if number == signal.SIGKILL else "interrupted")
    resumed = run(*TWO_SEEDS, "--out", path, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    # Workers save at every boundary here; what they reported of the last 0.2 s was under way.
    lost = 20 if number == signal.SIGKILL else 0
    assert_same_outcome(path, two_undisturbed, "hall", seeds=(0, 1), lost=lost)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_a_killed_worker_is_a_user_error_that_can_be_resumed(tmp_path, two_undisturbed):
    path = tmp_path / "run"
    child = start(*TWO_SEEDS, "--out", path)
    try:
        wait_until(lambda: lines_of(path) >= 3 or child.poll() is not None)
        workers = [p for p in members(child.pid) if b"spawn_main" in cmdline(p)]
        os.kill(workers[0], signal.SIGKILL)
        _, stderr = child.communicate(timeout=30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    assert child.returncode == 1, stderr
    assert "a training process was killed" in stderr
    assert status(path) == "failed"
    resumed = run(*TWO_SEEDS, "--out", path, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert_same_outcome(path, two_undisturbed, "hall", seeds=(0, 1))


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


def test_a_complete_run_is_resumed_at_once_and_keeps_everything(tmp_path):
    arguments = (*LAMPS, "train", "lamps", "--out", tmp_path)
    assert run_here(*arguments).returncode == 0
    kept = {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    begin = time.monotonic()
    assert run_here(*arguments, "--resume").returncode == 0
    assert time.monotonic() - begin < 2
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
