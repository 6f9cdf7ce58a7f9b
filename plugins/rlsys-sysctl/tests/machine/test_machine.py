"""The machine: written and read back inside the block, put back whenever it is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fake_tree import FakeTree
from patience import HANG, eventually

from rlsys.errors import UserError
from rlsys_sysctl.machine import watchdog
from rlsys_sysctl.machine.journal import Journal
from rlsys_sysctl.machine.kernel import Kernel, Place
from rlsys_sysctl.machine.machine import Machine

RMEM = "net.ipv4.tcp_rmem"


@pytest.fixture
def said() -> list[str]:
    return []


def test_values_are_written_and_everything_is_put_back(fake_proc: FakeTree) -> None:
    before = fake_proc.values()
    with Machine(["vm.swappiness", RMEM], kernel=Kernel(fake_proc.root)) as machine:
        assert machine.original == {"vm.swappiness": "60", RMEM: "4096 131072 6291456"}
        machine.apply({"vm.swappiness": "10", RMEM: "4096\t8192  16384"})
        assert fake_proc.values()["vm.swappiness"] == "10"
        assert fake_proc.values()[RMEM] == machine.current[RMEM] == "4096 8192 16384"
        machine.apply({"vm.swappiness": "20"})
        machine.verify()
        assert machine.writes == [
            ("vm.swappiness", "10"),
            (RMEM, "4096 8192 16384"),
            ("vm.swappiness", "20"),
        ]
    assert fake_proc.values() == before


def test_the_originals_are_on_disk_before_the_first_write(
    fake_proc: FakeTree, own_state: Path
) -> None:
    seen = []

    class Looking(Kernel):
        def write(self, name: str, text: str) -> None:
            entries = Journal(own_state).read()
            assert entries is not None
            seen.append(entries.values[Place(str(fake_proc.root), None), name])
            super().write(name, text)

    # The watchdog cannot import a class of this function: look through an instance instead.
    kernel = Kernel(fake_proc.root)
    kernel.write = Looking(fake_proc.root).write  # type: ignore[method-assign]
    with Machine(["vm.swappiness"], kernel=kernel) as machine:
        machine.apply({"vm.swappiness": "10"})
    assert seen == ["60", "60"]
    assert Journal(own_state).read() is None


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_every_exception_puts_everything_back(
    fake_proc: FakeTree, error: type[BaseException], own_state: Path
) -> None:
    before = fake_proc.values()

    def tune() -> None:
        with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) as machine:
            machine.apply({"vm.swappiness": "10"})
            raise error

    with pytest.raises(error):
        tune()
    assert fake_proc.values() == before
    assert [path.name for path in own_state.iterdir()] == ["lock"]


def test_it_works_in_another_thread_than_the_main_one(fake_proc: FakeTree) -> None:
    before = fake_proc.values()
    seen = []

    def tune() -> None:
        with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) as machine:
            machine.apply({"vm.swappiness": "10"})
            seen.append(fake_proc.values()["vm.swappiness"])

    thread = threading.Thread(target=tune)
    thread.start()
    thread.join()
    assert seen == ["10"]
    assert fake_proc.values() == before


def test_restore_goes_on_inside_of_the_block(fake_proc: FakeTree) -> None:
    with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) as machine:
        machine.apply({"vm.swappiness": "10"})
        machine.restore()
        assert fake_proc.values()["vm.swappiness"] == "60"
        machine.verify()
        machine.apply({"vm.swappiness": "20"})
        assert fake_proc.values()["vm.swappiness"] == "20"


def test_what_cannot_be_put_back_stays_in_the_journal(
    fake_proc: FakeTree, own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "_TRIES", 10 * int(HANG))
    path = fake_proc.path("vm.swappiness")

    def tune() -> None:
        with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) as machine:
            machine.apply({"vm.swappiness": "10"})
            path.unlink()

    with pytest.raises(UserError, match=r"not put back: vm.swappiness.*`rlsys sysctl restore`"):
        tune()
    assert Journal(own_state).read() is not None
    path.write_text("10\n")  # the watchdog goes on trying
    assert eventually(lambda: Journal(own_state).read() is None)
    assert path.read_text() == "60\n"


def test_outside_of_the_block_nothing_is_written(fake_proc: FakeTree) -> None:
    machine = Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root))
    with machine:
        pass
    with pytest.raises(UserError, match=r"inside a `with Machine"):
        machine.apply({"vm.swappiness": "10"})
    assert fake_proc.values()["vm.swappiness"] == "60"


def test_what_a_benchmark_leaves_running_is_ended(fake_proc: FakeTree, said: list[str]) -> None:
    with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root), log=said.append) as machine:
        process = subprocess.Popen(
            ["sh", "-c", "setsid sleep 100 & exit 0"],
            env=os.environ | machine.environment,
            start_new_session=True,
        )
        with machine.guarding(process.pid):
            assert process.wait(HANG) == 0
    assert said == ["processes that a benchmark had left running, ended: 1"]


def test_a_program_that_never_leaves_the_block_restores_as_it_exits(
    fake_proc: FakeTree, own_state: Path
) -> None:
    before = fake_proc.values()
    program = (
        "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
        "from rlsys_sysctl.machine.kernel import Kernel; "
        "from rlsys_sysctl.machine.machine import Machine; "
        "machine = Machine(['vm.swappiness'], kernel=Kernel(sys.argv[2])).__enter__(); "
        "machine.apply({'vm.swappiness': '10'}); print(machine.writes)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, json.dumps(sys.path), str(fake_proc.root)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "[('vm.swappiness', '10')]\n"
    assert fake_proc.values() == before
    assert not (own_state / "last-restore.txt").exists()  # not the watchdog, the program itself
