"""Processes with copies of an environment end with the process that started them, however it ends.

The environment hangs in its first step, so that no process can end by itself at the right moment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import HANG, wait_until
from program import environment

pytest.importorskip("gymnasium")

from rlsys.adapters.existing import rlsys_environments
from rlsys.adapters.existing.settings import GymnasiumSettings
from rlsys.adapters.making import make_env_of

(SPEC,) = rlsys_environments()
ENTER = """
import sys
sys.path[:0] = {path!r}
from rlsys.adapters.existing import rlsys_environments
from rlsys.adapters.existing.random_actions import RandomActions
from rlsys.adapters.existing.settings import GymnasiumSettings
from rlsys.adapters.making import make_env_of
from rlsys.rollout import play

if {guard}:
    config = GymnasiumSettings(
        id="faulty_envs:Hangs", kwargs={{"folder": {folder!r}, "forever": {forever}}}, processes=2
    )
    (spec,) = rlsys_environments()
    try:
        play(make_env_of(spec, config), RandomActions(config), [1, 2, 3])
    except Exception as error:
        sys.exit(f"{{type(error).__name__}}: {{error}}")
    print("played")
"""
HERE = [str(Path(__file__).parents[1] / "toy")]


def script(folder, guard="__name__ == '__main__'", forever=True) -> Path:
    file = folder / "script.py"
    file.write_text(ENTER.format(path=HERE, folder=str(folder), guard=guard, forever=forever))
    return file


def alive(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def hanging(folder) -> list[int]:
    return [int(file.name) for file in folder.iterdir() if file.name.isdigit()]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_they_end_with_their_parent(tmp_path, number):
    file = script(tmp_path)
    parent = subprocess.Popen(
        [sys.executable, file], env=environment(), stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until(lambda: len(hanging(tmp_path)) == 2 or parent.poll() is not None)
        workers = hanging(tmp_path)
        assert len(workers) == 2  # three copies, but two processes
        assert all(alive(worker) for worker in workers)
        if number == signal.SIGINT:
            os.killpg(parent.pid, number)  # as Ctrl-C does: all of the group get it
        else:
            parent.send_signal(number)
        parent.wait(HANG)
        wait_until(lambda: not any(alive(worker) for worker in workers))
    finally:
        if parent.poll() is None:
            parent.kill()


def test_a_file_without_a_main_guard_is_told_so(tmp_path):
    file = script(tmp_path, guard="True", forever=False)
    ended = subprocess.run(
        [sys.executable, file], env=environment(), capture_output=True, text=True, timeout=HANG,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    last = ended.stderr.strip().splitlines()[-1]
    assert "a Python file must call rlsys below `if __name__ == '__main__':`" in last


def test_with_the_guard_it_plays(tmp_path):
    file = script(tmp_path, forever=False)
    ended = subprocess.run(
        [sys.executable, file], env=environment(), capture_output=True, text=True, timeout=HANG,
        check=False,
    )  # fmt: skip
    assert ended.stdout == "played\n", ended.stderr
    assert len(hanging(tmp_path)) == 2


def test_closing_ends_them():
    config = GymnasiumSettings(id="single_envs:Recording", processes=2)
    env = make_env_of(SPEC, config)(4)
    env.reset(seed=1)
    parts = [part._process for part in env._shards._parts]
    assert all(part.is_alive() for part in parts)
    env.close()
    assert [part.exitcode for part in parts] == [0, 0]


def test_no_more_processes_are_started_than_there_are_copies():
    env = make_env_of(SPEC, GymnasiumSettings(id="single_envs:Recording", processes=8))(2)
    assert len(env._shards._parts) == 2
    env.close()
