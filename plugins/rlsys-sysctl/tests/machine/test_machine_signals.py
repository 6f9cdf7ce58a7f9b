"""Signals to a tuner: it ends at once, and never in the middle of a write."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from fake_tree import FakeTree
from patience import HANG

from rlsys.errors import Interrupted
from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.machine.machine import Machine


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_benchmark_at_once(fake_proc: FakeTree, number: signal.Signals) -> None:
    before, handler = fake_proc.values(), signal.getsignal(number)
    ended_by_itself = False

    def tune() -> None:
        nonlocal ended_by_itself
        with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) as machine:
            machine.apply({"vm.swappiness": "10"})
            threading.Timer(0.3, lambda: os.kill(os.getpid(), number)).start()
            time.sleep(HANG)
            ended_by_itself = True

    with pytest.raises(Interrupted, match=f"stopped by {number.name}"):
        tune()
    assert not ended_by_itself
    assert fake_proc.values() == before
    assert signal.getsignal(number) is handler


def test_a_signal_while_values_are_put_back_waits_until_they_are(fake_proc: FakeTree) -> None:
    before = fake_proc.values()

    class Interrupting(Kernel):
        def write(self, name: str, text: str) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            super().write(name, text)

    kernel = Kernel(fake_proc.root)

    def tune() -> None:
        with Machine(["vm.swappiness", "vm.page-cluster"], kernel=kernel) as machine:
            machine.apply({"vm.swappiness": "10", "vm.page-cluster": "0"})
            kernel.write = Interrupting(fake_proc.root).write  # type: ignore[method-assign]

    with pytest.raises(Interrupted):
        tune()
    assert fake_proc.values() == before


def test_signals_that_somebody_else_took_over_stay_theirs_and_wait_too(
    fake_proc: FakeTree,
) -> None:
    """The core does so when a training ends while the machine is still open."""
    before = fake_proc.values()
    calls = []

    def theirs(*_: object) -> None:
        calls.append(fake_proc.values())

    class Interrupting(Kernel):
        def write(self, name: str, text: str) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            super().write(name, text)

    kernel = Kernel(fake_proc.root)

    def tune() -> None:
        with Machine(["vm.swappiness", "vm.page-cluster"], kernel=kernel) as machine:
            machine.apply({"vm.swappiness": "10", "vm.page-cluster": "0"})
            signal.signal(signal.SIGTERM, theirs)
            kernel.write = Interrupting(fake_proc.root).write  # type: ignore[method-assign]

    old = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(Interrupted):
            tune()
        assert signal.getsignal(signal.SIGTERM) is theirs
    finally:
        signal.signal(signal.SIGTERM, old)
    assert fake_proc.values() == before
    assert calls == []


def test_an_ignored_signal_stays_ignored(fake_proc: FakeTree) -> None:
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)):
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(0.05)
    finally:
        signal.signal(signal.SIGHUP, old)
