"""However a tuner ends, the machine is soon as before and nothing of a benchmark runs on."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from fake_tree import FakeTree, HeldNamespace, needs_namespaces
from patience import HANG, eventually
from random_tuner import REAL

WORKERS = 2
MARK = "RLSYS_TEST_FAMILY"
TUNER = Path(__file__).parents[1] / "random_tuner.py"


class Arena:
    """A fake tree, a network namespace (where one can be made), and tuners that work on them."""

    def __init__(self, folder: Path, held: HeldNamespace | None) -> None:
        self.tree = FakeTree(folder / "proc-sys")
        self.state = folder / "state"
        self.held = held
        self.original = self.values()
        self.family = uuid.uuid4().hex

    def values(self) -> dict[str, str]:
        """Return all values, as the file system and the kernel tell them."""
        values = self.tree.values()
        if self.held is not None:
            values |= {name: self.held.read(name) for name in REAL}
        return values

    def start(self, seed: int, ending: str = "never") -> subprocess.Popen[str]:
        """Start a tuner; all its descendants have the mark of this arena."""
        pid = "-" if self.held is None else str(self.held.pid)
        return subprocess.Popen(
            [sys.executable, str(TUNER), str(self.tree.root), pid, str(seed), ending],
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
                "RLSYS_SYSCTL_STATE": str(self.state),
                MARK: self.family,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def relatives(self) -> dict[int, str]:
        """Return the processes that descend from a tuner of this arena, with their commands."""
        wanted = f"{MARK}={self.family}".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(folder.name)] = command
            except OSError:  # has just ended
                continue
        return found

    def watchdogs(self) -> set[int]:
        """Return the processes of watchdogs: one, but while one takes another's place."""
        return {
            p for p, said in self.relatives().items() if "rlsys_sysctl.machine.watchdog" in said
        }

    def watchdog(self) -> int:
        """Return the process of the watchdog."""
        (found,) = self.watchdogs()
        return found

    def end_relatives(self) -> None:
        """Kill all processes that descend from a tuner of this arena."""
        for pid in self.relatives():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wrong(self) -> list[str]:
        """Return what is not as before; nothing where all is well."""
        values = self.values()
        wrong = [f"{n} is {values[n]}" for n in values if values[n] != self.original[n]]
        wrong += [f"{path.name} is there" for path in self.state.glob("journal*")]
        return wrong + [f"process {pid} runs: {said}" for pid, said in self.relatives().items()]

    def wait_until_well(self) -> float:
        """Wait until everything is as before; return how many seconds that took."""
        start = time.monotonic()
        assert eventually(lambda: not self.wrong()), self.wrong()
        return time.monotonic() - start


@contextmanager
def an_arena(folder: Path) -> Iterator[Arena]:
    """Yield an arena: with a real network namespace where this user may make one."""
    reason = needs_namespaces()
    if reason is None:
        with HeldNamespace() as held:
            yield from _cleaned(Arena(folder, held))
        return
    if os.environ.get("CI") and os.geteuid() == 0:
        pytest.fail(reason)
    yield from _cleaned(Arena(folder, None))


def _cleaned(arena: Arena) -> Iterator[Arena]:
    try:
        yield arena
    finally:
        arena.end_relatives()  # none, but after a failure


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    with an_arena(tmp_path / "arena") as made:
        yield made


def wait_for(tuner: subprocess.Popen[str], word: str, times: int = 1) -> None:
    """Read what the tuner says until it has said `word`."""
    assert tuner.stdout is not None
    for line in tuner.stdout:
        times -= line.strip() == word
        if not times:
            return
    assert tuner.stderr is not None
    pytest.fail(f"the tuner ended without {word!r}: {tuner.stderr.read()}")


def kill_once(arena: Arena, rng: random.Random) -> tuple[str, float]:
    """Start a tuner, kill it at a random moment, and return the kind of moment and the seconds."""
    kind = rng.choice(["start-up", "start-up", "entered", "apply", "apply", "benchmark"])
    tuner = arena.start(seed=rng.randrange(10**6))
    if kind == "start-up":
        time.sleep(rng.uniform(0.0, 0.5))
    else:
        times = 1 if kind == "entered" else rng.randrange(1, 6)
        wait_for(tuner, kind, times)
        time.sleep(rng.uniform(0.0, 0.01 if kind != "benchmark" else 0.06))
    if rng.random() < 0.5:
        os.killpg(tuner.pid, signal.SIGKILL)
    else:
        tuner.kill()
    tuner.communicate(timeout=HANG)
    return kind, arena.wait_until_well()


def kill_many(folder: Path, seed: int, count: int) -> list[tuple[str, float]]:
    rng = random.Random(seed)
    with an_arena(folder) as arena:
        return [kill_once(arena, rng) for _ in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("kills", [20, pytest.param(100, marks=pytest.mark.full)])
def test_kills_at_random_moments_leave_the_machine_as_it_was(tmp_path: Path, kills: int) -> None:
    share = kills // WORKERS
    with ThreadPoolExecutor(WORKERS) as pool:
        parts = pool.map(
            lambda worker: kill_many(tmp_path / str(worker), worker, share), range(WORKERS)
        )
        moments = [moment for part in parts for moment in part]
    assert len(moments) == kills
    assert min(Counter(kind for kind, _ in moments).values()) >= kills // 20
    slowest = max(seconds for _, seconds in moments)
    print(f"{kills} kills; slowest return {slowest:.3f} s", Counter(k for k, _ in moments))


def test_a_child_that_had_just_been_forked_does_not_become_a_benchmark(arena: Arena) -> None:
    """On a busy machine a child waits for its first turn until long after its tuner was killed."""
    tuner = arena.start(seed=10, ending="forking")
    wait_for(tuner, "forked")
    tuner.kill()
    tuner.wait(timeout=HANG)
    arena.wait_until_well()
    assert tuner.stdout is not None
    assert tuner.stdout.read() == "child begins\n"  # the test is one only if it came that far


def test_values_are_in_fact_changed_while_a_tuner_works(arena: Arena) -> None:
    """Without this, all that the kill test sees could be a tuner that writes nothing."""
    tuner = arena.start(seed=1)
    wait_for(tuner, "benchmark", 2)
    changed = {name for name, value in arena.values().items() if value != arena.original[name]}
    journal = json.loads((arena.state / "journal.json").read_text())
    tuner.kill()
    tuner.communicate(timeout=HANG)
    arena.wait_until_well()
    assert len(changed) >= 4
    kept = {entry["name"]: entry["original"] for entry in journal["entries"]}
    assert changed <= kept.keys()
    assert kept.items() <= arena.original.items()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_restores_before_the_tuner_ends(arena: Arena, number: signal.Signals) -> None:
    tuner = arena.start(seed=2)
    wait_for(tuner, "benchmark", 3)
    tuner.send_signal(number)
    _, said = tuner.communicate(timeout=HANG)
    assert arena.values() == arena.original  # by the tuner itself: it has ended
    assert tuner.returncode == 1
    assert said.strip().endswith(f"Interrupted: stopped by {number.name}")
    arena.wait_until_well()


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("return", 0),
        ("exception", 1),
        ("sys.exit", 5),
        ("os._exit", 6),
        ("abort", -signal.SIGABRT),
    ],
)
def test_every_end_of_the_program_restores(arena: Arena, ending: str, code: int) -> None:
    tuner = arena.start(seed=3, ending=ending)
    tuner.communicate(timeout=HANG)
    assert tuner.returncode == code
    if ending in ("return", "exception", "sys.exit"):
        assert arena.values() == arena.original  # by the tuner itself
    arena.wait_until_well()


def test_the_watchdog_outlives_the_signals_of_a_terminal(arena: Arena) -> None:
    tuner = arena.start(seed=4)
    wait_for(tuner, "apply", 2)
    watchdog = arena.watchdog()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
        os.kill(watchdog, number)
    assert os.getsid(watchdog) != os.getsid(tuner.pid)
    tuner.kill()
    tuner.communicate(timeout=HANG)
    arena.wait_until_well()


def test_a_killed_watchdog_is_replaced_before_the_next_write(arena: Arena) -> None:
    tuner = arena.start(seed=5)
    wait_for(tuner, "apply", 2)
    first = arena.watchdog()
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: arena.watchdogs() - {first})
    tuner.kill()
    _, said = tuner.communicate(timeout=HANG)
    assert "the watchdog was killed; another one takes its place" in said
    arena.wait_until_well()


def test_a_tuner_that_died_with_its_watchdog_is_cleaned_up_after_by_the_next(arena: Arena) -> None:
    tuner = arena.start(seed=6)
    wait_for(tuner, "benchmark", 2)
    tuner.send_signal(signal.SIGSTOP)  # so that it cannot start another watchdog meanwhile
    stat = Path(f"/proc/{tuner.pid}/stat")
    assert eventually(lambda: ") T " in stat.read_text())
    os.kill(arena.watchdog(), signal.SIGKILL)
    tuner.kill()
    tuner.wait(timeout=HANG)
    # The watchdog would have ended them; one that was just being started is found at a later look.
    quiet = 0
    while quiet < 20:
        quiet = 0 if arena.relatives() else quiet + 1
        arena.end_relatives()
        time.sleep(0.05)
    tuner.communicate(timeout=HANG)
    assert (arena.state / "journal.json").exists()
    assert arena.values() != arena.original
    following = arena.start(seed=7, ending="return")
    _, said = following.communicate(timeout=HANG)
    assert following.returncode == 0, said
    assert f"an earlier tuner (process {tuner.pid}) had not cleaned up" in said
    assert arena.values() == arena.original
    arena.wait_until_well()


def test_a_second_tuner_is_refused_while_one_works(arena: Arena) -> None:
    tuner = arena.start(seed=8)
    wait_for(tuner, "apply")
    second = arena.start(seed=9)
    _, said = second.communicate(timeout=HANG)
    assert second.returncode == 1
    assert f"another tuner is at work (process {tuner.pid})" in said
    tuner.kill()
    tuner.communicate(timeout=HANG)
    arena.wait_until_well()
