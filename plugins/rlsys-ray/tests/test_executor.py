"""`--executor ray`: the same run directory as locally, whatever stops or dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
from pathlib import Path

import pytest
from comparing import assert_same_result, marked, steps
from patience import HANG, wait_until
from program import HOLDING, LAMPS, refused, run, start

from rlsys_ray.connection import remove

RAY = ("--executor", "ray")
TWO = (*HOLDING, *LAMPS, "train", "lamps", "--seeds", "2", "--steps", "1920",
       "--set", "training.checkpoint_every=96")  # fmt: skip
HELD = {0: 960, 1: 960}
"""Where the seeds of `TWO` are when both are held in their middle."""


@pytest.fixture
def hold(tmp_path, monkeypatch) -> Path:
    """Hold the trainings of this test in their middle until this file is removed."""
    file = tmp_path / "hold"
    file.touch()
    monkeypatch.setenv("HOLD", str(file))
    return file


@pytest.fixture(scope="session")
def local(tmp_path_factory) -> Path:
    """Return what a local run of `TWO` makes."""
    path = tmp_path_factory.mktemp("local") / "run"
    done = run(*TWO, "--jobs", "2", "--out", path)
    assert done.returncode == 0, done.stderr
    return path


def test_a_run_on_ray_equals_a_local_run(tmp_path, local):
    path = tmp_path / "run"
    done = run(*TWO, *RAY, "--jobs", "2", "--json", "--out", path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "complete"
    assert_same_result(path, local)
    # Everything is done, so not even a cluster is needed.
    nobody = ("--ray-address", "127.0.0.1:9")
    kept = {f: f.stat().st_mtime_ns for f in path.rglob("policies/**/*")}
    assert run(*TWO, *RAY, *nobody, "--out", path, "--resume").returncode == 0
    assert {f: f.stat().st_mtime_ns for f in path.rglob("policies/**/*")} == kept
    assert_same_result(path, local)


@pytest.mark.slow
def test_a_tiny_training_of_torch_equals_a_local_one(tmp_path):
    pytest.importorskip("rlsys_rtos", reason="pip install 'rlsys[rtos]'")
    command = ("train", "rtos", "--preset", "normal", "--agent", "maskable-ppo", "--steps", "16384",
               "--set", "training.checkpoint_every=8192")  # fmt: skip
    for name, more in (("here", ()), ("ray", RAY)):
        done = run(*command, *more, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    assert_same_result(tmp_path / "ray", tmp_path / "here")


@pytest.mark.slow
def test_the_work_of_a_dead_node_is_done_again_on_another(tmp_path, local, hold, cluster):
    path = tmp_path / "run"
    child = start(*TWO, *RAY, "--ray-address", cluster.address, "--json", "--out", path)
    try:
        # Each node has one processor, so each trains one of the seeds.
        wait_until(lambda: steps(path) == HELD or child.poll() is not None)
        (other,) = cluster.worker_nodes
        cluster.remove_node(other, allow_graceful=False)
        assert steps(path) == HELD
        hold.unlink()
        stdout, stderr = child.communicate(timeout=HANG)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    assert child.returncode == 0, stderr
    assert json.loads(stdout)["status"] == "complete"
    assert "was lost" in stderr
    assert "it continues from its last checkpoint" in stderr
    assert_same_result(path, local)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGKILL,
    ],
)
def test_a_stopped_run_has_everything_saved_and_leaves_nothing_running(
    tmp_path, local, hold, number, monkeypatch
):
    path, mark = tmp_path / "run", f"MARK_{os.getpid()}_{number.name}"
    temporary = tempfile.mkdtemp(prefix="rt-", dir="/tmp")
    monkeypatch.setenv(mark, "1")
    monkeypatch.setenv("TMPDIR", temporary)
    child = start(*TWO, *RAY, "--jobs", "2", "--out", path)
    monkeypatch.delenv(mark)
    monkeypatch.delenv("TMPDIR")
    try:
        wait_until(lambda: steps(path) == HELD or child.poll() is not None)
        assert len(marked(mark)) > 3
        # A terminal sends its Ctrl-C to the whole group.
        (os.killpg if number == signal.SIGINT else os.kill)(child.pid, number)
        _, stderr = child.communicate(timeout=HANG)
        wait_until(lambda: not marked(mark))
    finally:
        for process in marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        left = os.listdir(temporary)
        remove(Path(temporary))
    status = json.loads((path / "manifest.json").read_text())["status"]
    if number == signal.SIGKILL:
        assert status == "running"
    else:
        assert (child.returncode, status) == (130, "interrupted"), stderr
        assert "continue with --resume" in stderr
        assert left == []
    assert "Traceback" not in stderr
    saved = {p.parents[3].name for p in path.rglob("last/state.npz")}
    assert saved == {"seed-0", "seed-1"}
    hold.unlink()
    resumed = run(*TWO, "--jobs", "2", "--out", path, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert_same_result(path, local)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:9", "no Ray cluster answers at 127.0.0.1:9"),
        ("nonsense", "--ray-address 'nonsense' does not have the form HOST:PORT"),
        ("host:99999999", "no Ray cluster answers at host:99999999"),
    ],
)
def test_an_address_without_a_cluster_is_refused_in_one_line(tmp_path, address, said):
    line = refused(*TWO, *RAY, "--ray-address", address, "--quiet", "--out", tmp_path / "run")
    assert said in line
    assert "RAY_ADDRESS" not in os.environ


def test_an_address_that_nothing_uses_is_an_error(tmp_path):
    line = refused(*TWO, "--ray-address", "auto", "--quiet", "--out", tmp_path / "run")
    assert "--ray-address is for the executor and the agents of plugin 'ray'" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_an_agent_that_breaks_down_is_a_bug_and_the_rest_is_saved(tmp_path):
    path = tmp_path / "run"
    done = run(*TWO, *RAY, "--set", "agents.hill-climbing.fail_at=960", "--out", path)
    assert done.returncode == 4, done.stderr
    assert "RuntimeError: the agent broke down" in done.stderr
    assert list(path.rglob("last/state.npz"))


@pytest.mark.slow
def test_trials_of_a_search_equal_local_ones(tmp_path):
    pytest.importorskip("optuna", reason="pip install 'rlsys[tune]'")
    command = (*LAMPS, "tune", "lamps", "--trials", "4", "--steps", "192", "--json",
               "--search", "hill-climbing.width=0.1..1", "--jobs", "1")  # fmt: skip
    found = []
    for name, more in (("here", ()), ("ray", RAY)):
        done = run(*command, *more, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        found.append((document["results"], document["notes"]))
        found[-1] += ((tmp_path / name / "best.yaml").read_text(),)
        assert not list((tmp_path / name).rglob("checkpoints"))
    assert found[0] == found[1]
