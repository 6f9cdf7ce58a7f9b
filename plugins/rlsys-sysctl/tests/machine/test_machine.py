"""The machine: checked before, read back after, put back always."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from coupled_kernel import CoupledKernel, OrderedKernel, StubbornKernel
from fake_tree import FakeTree, HeldNamespace

from rlsys.errors import ConfigError, Interrupted, UserError
from rlsys_sysctl.machine.denylist import danger
from rlsys_sysctl.machine.journal import Journal
from rlsys_sysctl.machine.kernel import Kernel, Place
from rlsys_sysctl.machine.machine import ChangedElsewhere, Machine
from rlsys_sysctl.workload.constraints import Constraint
from rlsys_sysctl.workload.parameters import ActionSpace, Parameter

RMEM = "net.ipv4.tcp_rmem"
PORTS = "net.ipv4.ip_local_port_range"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def space() -> ActionSpace:
    return ActionSpace(
        [
            Parameter(param="vm.swappiness", type="int", min=0, max=50, step=10),
            Parameter(param="vm.page-cluster", type="int", min=0, max=9),
            Parameter(
                param=RMEM,
                type="vector",
                components=[
                    {"min": 4096, "max": 2**20},
                    {"min": 1, "max": 2**24},
                    {"min": 1, "max": 2**28},
                ],
            ),
        ],
        [Constraint(left="vm.page-cluster", relation="<", right="vm.swappiness")],
    )


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_benchmark_at_once(fake_proc: FakeTree, number: signal.Signals) -> None:
    before, handler = fake_proc.values(), signal.getsignal(number)

    def tune() -> None:
        with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) as machine:
            machine.apply({"vm.swappiness": "10"})
            threading.Timer(0.3, lambda: os.kill(os.getpid(), number)).start()
            time.sleep(30)

    start = time.monotonic()
    with pytest.raises(Interrupted, match=f"stopped by {number.name}"):
        tune()
    assert time.monotonic() - start < 10
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


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"vm.swappiness": "60.5"}, "vm.swappiness: '60.5' is no whole number"),
        ({"vm.swappiness": "80"}, "vm.swappiness: 80 is not within 0 to 50"),
        ({"vm.swappiness": "15"}, "15 is between two steps"),
        ({"vm.swappiness": "nan"}, "'nan' is no whole number"),
        ({"vm.swappiness": ""}, "'' is no value"),
        ({"vm.swappiness": "10\n20"}, "is no value; give one line"),
        ({"vm.page-cluster": "9", "vm.swappiness": "0"}, "does not hold for 9 and 0"),
        ({RMEM: "4096 131072"}, "has 2 numbers, not 3"),
        ({RMEM: "4096 131072 65536"}, "has a component below the one before it"),
        ({"vm.dirty_ratio": "5"}, "vm.dirty_ratio is not tuned"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_value_that_is_not_allowed_changes_nothing(
    fake_proc: FakeTree, space: ActionSpace, values: dict[str, str], told: str, dry_run: bool
) -> None:
    before = fake_proc.values()
    kernel = CoupledKernel(fake_proc.root)
    with Machine(space.names, kernel=kernel, space=space, dry_run=dry_run) as machine:
        with pytest.raises(ConfigError, match=told):
            machine.apply(values)
        assert fake_proc.values() == before
        assert machine.writes == []


def test_the_original_value_is_allowed_though_it_is_out_of_range(
    fake_proc: FakeTree, space: ActionSpace
) -> None:
    with Machine(space.names, kernel=Kernel(fake_proc.root), space=space) as machine:
        machine.apply({"vm.swappiness": "50", "vm.page-cluster": "0"})
        machine.apply(machine.original)
        assert machine.current["vm.swappiness"] == "60"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["vm.swapiness"], r"vm.swapiness does not exist in .*did you mean 'vm.swappiness'\?"),
        (["net.ipv4"], "net.ipv4 is a folder of parameters"),
        (["kernel.panic"], "kernel.panic is not tuned: it can stop the machine.*--allow-dangerous"),
        (["vm.dirty_ratio", "vm.dirty_bytes"], "exclude each other"),
        (["../etc/passwd"], "is no name of a kernel parameter"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_parameter_that_cannot_be_tuned_is_refused(
    fake_proc: FakeTree, own_state: Path, names: list[str], told: str, dry_run: bool
) -> None:
    with (
        pytest.raises(ConfigError, match=told),
        Machine(names, kernel=Kernel(fake_proc.root), dry_run=dry_run),
    ):
        pytest.fail("entered")
    assert not own_state.exists()


def test_a_read_only_parameter_is_refused(fake_proc: FakeTree) -> None:
    fake_proc.path("vm.swappiness").chmod(0o444)
    with (
        pytest.raises(UserError, match=r"vm.swappiness is read-only in this kernel"),
        Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)),
    ):
        pytest.fail("entered")


def test_a_dangerous_parameter_opens_with_the_flag_alone(fake_proc: FakeTree) -> None:
    kernel = Kernel(fake_proc.root)
    with Machine(["kernel/panic"], kernel=kernel, allow_dangerous=True) as machine:
        machine.apply({"kernel.panic": "5"})
        assert fake_proc.values()["kernel.panic"] == "5"
    assert fake_proc.values()["kernel.panic"] == "0"


@pytest.mark.parametrize(
    "name",
    [
        "kernel.panic",
        "kernel.panic_on_oops",
        "kernel.panic_on_warn",
        "kernel.sysrq",
        "vm.panic_on_oom",
        "kernel.softlockup_panic",
        "kernel.core_pattern",
        "kernel.modules_disabled",
        "vm.nr_hugepages",
        "kernel.pid_max",
        "fs.file-max",
        "net.ipv4.ip_forward",
        "net.ipv4.conf.eth0/1.rp_filter",
        "net.ipv6.conf.all.disable_ipv6",
        "vm.overcommit_memory",
        "vm.min_free_kbytes",
    ],
)
def test_what_can_take_a_machine_down_is_on_the_denylist(name: str) -> None:
    assert danger(name)


@pytest.mark.parametrize(
    "name",
    [
        "vm.swappiness",
        "vm.page-cluster",
        "vm.dirty_ratio",
        "vm.dirty_background_ratio",
        "vm.vfs_cache_pressure",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
        "net.ipv4.tcp_congestion_control",
        "net.core.somaxconn",
        "net.ipv4.tcp_slow_start_after_idle",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_tw_reuse",
        "net.ipv4.tcp_fin_timeout",
        "net.core.rmem_max",
        "kernel.sched_autogroup_enabled",
    ],
)
def test_what_people_tune_is_not(name: str) -> None:
    assert danger(name) is None


def test_a_refused_write_undoes_the_ones_before(fake_proc: FakeTree) -> None:
    names = ["vm.swappiness", "vm.page-cluster", "vm.dirty_ratio"]
    before = fake_proc.values()
    with Machine(names, kernel=StubbornKernel(fake_proc.root)) as machine:
        machine.apply({"vm.swappiness": "30"})
        with pytest.raises(UserError, match=r"page-cluster does not take '7'.*was not applied"):
            machine.apply({"vm.swappiness": "5", "vm.dirty_ratio": "3", "vm.page-cluster": "7"})
        assert fake_proc.values() == {**before, "vm.swappiness": "30"}
        machine.verify()
        assert machine.current["vm.swappiness"] == "30"
    assert fake_proc.values() == before


def test_a_value_that_the_kernel_changes_is_refused(fake_proc: FakeTree) -> None:
    with Machine(["vm.swappiness"], kernel=StubbornKernel(fake_proc.root)) as machine:
        with pytest.raises(UserError, match=r"the kernel keeps '100' instead of '150'"):
            machine.apply({"vm.swappiness": "150"})
        assert fake_proc.values()["vm.swappiness"] == "60"


def test_ranges_that_depend_on_each_other_are_written_in_an_order_that_works(
    fake_proc: FakeTree,
) -> None:
    kernel = OrderedKernel(fake_proc.root)
    with Machine(["vm.page-cluster", "vm.swappiness"], kernel=kernel) as machine:
        machine.apply({"vm.page-cluster": "70", "vm.swappiness": "80"})
        assert machine.current == {"vm.page-cluster": "70", "vm.swappiness": "80"}
        machine.apply({"vm.swappiness": "1", "vm.page-cluster": "0"})
    assert fake_proc.values()["vm.swappiness"] == "60"


def test_of_a_pair_the_one_that_was_set_comes_back(fake_proc: FakeTree) -> None:
    before = fake_proc.values()
    names = ["vm.dirty_ratio", "vm.dirty_background_ratio"]
    with Machine(names, kernel=CoupledKernel(fake_proc.root)) as machine:
        assert machine.original == {"vm.dirty_ratio": "20", "vm.dirty_background_ratio": "0"}
        machine.apply({"vm.dirty_ratio": "40", "vm.dirty_background_ratio": "5"})
        assert fake_proc.values()["vm.dirty_background_bytes"] == "0"
        machine.verify()
        machine.apply(machine.original)  # the default, measured in between
        assert fake_proc.values() == before
        machine.apply({"vm.dirty_background_ratio": "9"})
    assert fake_proc.values() == before


def test_a_change_from_elsewhere_is_told_and_undone(fake_proc: FakeTree, said: list[str]) -> None:
    before = fake_proc.values()
    names = ["vm.swappiness", "vm.dirty_ratio"]

    def tune() -> None:
        with Machine(names, kernel=CoupledKernel(fake_proc.root), log=said.append) as machine:
            machine.apply({"vm.swappiness": "10"})
            fake_proc.path("vm.swappiness").write_text("77\n")
            machine.verify()

    with pytest.raises(ChangedElsewhere, match=r"vm.swappiness is '77' and no longer '10'"):
        tune()
    assert fake_proc.values() == before
    assert said == ["vm.swappiness was '77', which somebody else has written; put back to '60'"]


def test_the_other_of_a_pair_is_watched_too(fake_proc: FakeTree) -> None:
    kernel = CoupledKernel(fake_proc.root)

    def tune() -> None:
        with Machine(["vm.dirty_ratio"], kernel=kernel) as machine:
            machine.apply({"vm.dirty_ratio": "10"})
            kernel.write("vm.dirty_bytes", "100000")
            machine.verify()

    with pytest.raises(ChangedElsewhere, match=r"vm.dirty_"):
        tune()
    assert fake_proc.values()["vm.dirty_ratio"] == "20"


def test_restore_goes_on_inside_of_the_block(fake_proc: FakeTree) -> None:
    with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) as machine:
        machine.apply({"vm.swappiness": "10"})
        machine.restore()
        assert fake_proc.values()["vm.swappiness"] == "60"
        machine.verify()
        machine.apply({"vm.swappiness": "20"})
        assert fake_proc.values()["vm.swappiness"] == "20"


def test_what_cannot_be_put_back_stays_in_the_journal(fake_proc: FakeTree, own_state: Path) -> None:
    path = fake_proc.path("vm.swappiness")

    def tune() -> None:
        with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) as machine:
            machine.apply({"vm.swappiness": "10"})
            path.unlink()

    with pytest.raises(UserError, match=r"not put back: vm.swappiness.*`rlsys sysctl restore`"):
        tune()
    assert Journal(own_state).read() is not None
    path.write_text("10\n")  # the watchdog goes on trying
    deadline = time.monotonic() + 3
    while Journal(own_state).read() is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert path.read_text() == "60\n"


def test_a_dry_run_writes_nothing_anywhere_and_tells_what_it_would(
    fake_proc: FakeTree, own_state: Path
) -> None:
    before = fake_proc.values()
    for path in fake_proc.root.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)  # no right is needed
    names = ["vm.swappiness", "vm.dirty_background_ratio"]
    with Machine(names, kernel=Kernel(fake_proc.root), dry_run=True) as machine:
        machine.apply({"vm.swappiness": "60", "vm.dirty_background_ratio": "10"})
        machine.apply({"vm.swappiness": "10"})
        machine.verify()
        machine.restore()
    assert machine.writes == [
        ("vm.dirty_background_ratio", "10"),
        ("vm.swappiness", "10"),
        ("vm.swappiness", "60"),
        ("vm.dirty_background_bytes", "50000000"),
    ]
    assert fake_proc.values() == before
    assert not own_state.exists()


def test_a_dry_run_makes_the_same_writes_as_a_real_one(fake_proc: FakeTree) -> None:
    names = ["vm.swappiness", "vm.dirty_ratio", "vm.dirty_background_ratio", RMEM]
    steps = [
        {"vm.swappiness": "5", "vm.dirty_ratio": "7"},
        {"vm.dirty_background_ratio": "3", RMEM: "1 2 3", "vm.swappiness": "5"},
        {"vm.dirty_background_ratio": "0", "vm.dirty_ratio": "20"},
    ]
    writes = []
    for dry_run in (False, True):
        kernel = CoupledKernel(fake_proc.root)
        with Machine(names, kernel=kernel, dry_run=dry_run) as machine:
            for step in steps:
                machine.apply(step)
            machine.restore()
        writes.append(machine.writes)
    assert writes[0] == writes[1]


def test_an_earlier_boots_journal_with_other_values_needs_a_decision(
    fake_proc: FakeTree, own_state: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    own_state.mkdir()
    Journal(own_state).write({(Place(str(fake_proc.root), None), "vm.swappiness"): "33"})
    monkeypatch.setattr("rlsys_sysctl.machine.journal.boot_id", lambda: "another boot")
    machine = Machine(["vm.page-cluster"], kernel=Kernel(fake_proc.root), log=said.append)
    with pytest.raises(UserError, match=r"'60' where it was '33'.*restore.*--discard"), machine:
        pytest.fail("entered")
    assert fake_proc.values()["vm.swappiness"] == "60"
    fake_proc.path("vm.swappiness").write_text("33\n")
    with machine:
        assert "an earlier tuner" in said[0]


def test_outside_of_the_block_nothing_is_written(fake_proc: FakeTree) -> None:
    machine = Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root))
    with machine:
        pass
    with pytest.raises(UserError, match=r"inside of a `with Machine"):
        machine.apply({"vm.swappiness": "10"})
    assert fake_proc.values()["vm.swappiness"] == "60"


def test_two_machines_in_one_process_exclude_each_other(fake_proc: FakeTree) -> None:
    one, other = (Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root)) for _ in range(2))
    with one:
        with pytest.raises(UserError, match=r"another tuner is at work"), other:
            pytest.fail("entered")
        one.apply({"vm.swappiness": "10"})
        one.verify()
    with other:  # free again
        other.apply({"vm.swappiness": "10"})


def test_what_a_benchmark_leaves_running_is_ended(fake_proc: FakeTree, said: list[str]) -> None:
    with Machine(["vm.swappiness"], kernel=Kernel(fake_proc.root), log=said.append) as machine:
        process = subprocess.Popen(
            ["sh", "-c", "setsid sleep 100 & exit 0"],
            env=os.environ | machine.environment,
            start_new_session=True,
        )
        with machine.guarding(process.pid):
            assert process.wait(5) == 0
    assert said == ["processes that a benchmark had left running, ended: 1"]


@pytest.fixture
def two(netns: HeldNamespace) -> Iterator[tuple[HeldNamespace, HeldNamespace]]:
    with HeldNamespace() as second:
        yield netns, second


def test_several_namespaces_are_kept_alike(two: tuple[HeldNamespace, HeldNamespace]) -> None:
    before = two[0].read(RMEM)
    machine_wide = Path("/proc/sys/vm/page-cluster").read_text()
    kernels = [Kernel(namespace=one.pid) for one in two]
    with Machine([RMEM, PORTS, "vm.page-cluster"], kernel=kernels) as machine:
        machine.apply({RMEM: "4096 9000 90000", PORTS: "2000 3000", "vm.page-cluster": "2"})
        assert [one.read(RMEM) for one in two] == ["4096 9000 90000"] * 2
        assert [one.read(PORTS) for one in two] == ["2000 3000"] * 2
        assert Path("/proc/sys/vm/page-cluster").read_text() == "2\n"
        assert [name for name, _ in machine.writes].count("vm.page-cluster") <= 1
        with pytest.raises(UserError, match=r"does not take '5 4'"):
            machine.apply({RMEM: "4096 5000 6000", PORTS: "5 4"})
        assert [one.read(RMEM) for one in two] == ["4096 9000 90000"] * 2
        two[1].write(RMEM, "4096 7000 8000")
        told = f"in the network namespace of process {two[1].pid}"
        with pytest.raises(ChangedElsewhere, match=told):
            machine.verify()
    assert [one.read(RMEM) for one in two] == [before] * 2
    assert Path("/proc/sys/vm/page-cluster").read_text() == machine_wide


def test_namespaces_that_differ_are_refused(two: tuple[HeldNamespace, HeldNamespace]) -> None:
    two[1].write(RMEM, "4096 7000 8000")
    kernels = [Kernel(namespace=one.pid) for one in two]
    with (
        pytest.raises(UserError, match=r"tcp_rmem differs: .*make it alike"),
        Machine([RMEM], kernel=kernels),
    ):
        pytest.fail("entered")


def test_a_namespace_that_ends_meanwhile_needs_no_restoring(
    netns: HeldNamespace, own_state: Path
) -> None:
    with Machine([RMEM], kernel=Kernel(namespace=netns.pid)) as machine:
        machine.apply({RMEM: "4096 9000 90000"})
        netns.close()
    assert Journal(own_state).read() is None


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
