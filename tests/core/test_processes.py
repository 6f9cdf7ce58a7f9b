"""Started programs are gone afterwards, also where a signal comes at the worst moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from patience import eventually

from rlsys.processes import process_group, signals_held

SLEEPS = [sys.executable, "-c", "import time; time.sleep(1000)"]


def is_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or ") Z " in stat.read_text()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were started; each got SIGINT sent to us while it was."""
    pids: list[int] = []
    start = subprocess.Popen.__init__

    def interrupted(self: Any, *arguments: Any, **options: Any) -> None:
        start(self, *arguments, **options)
        pids.append(self.pid)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess.Popen, "__init__", interrupted)
    return pids


@pytest.fixture(autouse=True)
def _ctrl_c_interrupts() -> Any:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_while_a_program_starts_ends_it(started: list[int]) -> None:
    with pytest.raises(KeyboardInterrupt), process_group(SLEEPS):
        pytest.fail("the block must not run")
    assert len(started) == 1
    assert eventually(lambda: is_gone(started[0]))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_program_is_gone_after_the_block_with_all_that_it_started(tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = f"sleep 1000 & echo $! > {child}; sleep 1000"
    with process_group(["sh", "-c", script]) as process:
        assert eventually(lambda: child.exists() and child.read_text().strip())
    assert is_gone(process.pid)
    assert eventually(lambda: is_gone(int(child.read_text())))


def test_a_program_has_the_usual_signals() -> None:
    script = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    with process_group([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.communicate()[0].strip() == b"True"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_held_signal_comes_when_it_is_released(number: signal.Signals) -> None:
    seen: list[int] = []
    before = signal.signal(number, lambda number, _: seen.append(number))
    try:
        with signals_held() as release:
            os.kill(os.getpid(), number)
            assert eventually(lambda: not seen)
            release()
            assert seen == [number]
            os.kill(os.getpid(), number)
            assert eventually(lambda: len(seen) == 2)
    finally:
        signal.signal(number, before)


def test_a_held_signal_comes_at_the_end_of_the_block() -> None:
    with pytest.raises(KeyboardInterrupt), signals_held():
        signal.raise_signal(signal.SIGINT)


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with signals_held():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_another_thread_can_start_programs() -> None:
    codes: list[int | None] = []

    def start() -> None:
        with process_group([sys.executable, "-c", ""]) as process:
            codes.append(process.wait())

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert codes == [0]
