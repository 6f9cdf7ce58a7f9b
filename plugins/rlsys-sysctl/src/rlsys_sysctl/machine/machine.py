"""The machine that is tuned: values are checked, written, read back, and always put back.

Light on purpose (no NumPy, no pydantic): what protects a machine starts fast and fails little.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from rlsys.errors import ConfigError, UserError, did_you_mean
from rlsys_sysctl.machine.denylist import danger
from rlsys_sysctl.machine.journal import Journal, differing, restore
from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.machine.lock import Lock
from rlsys_sysctl.machine.names import canonical, normal
from rlsys_sysctl.machine.processes import MARK, end_marked, kill_marked, start_time
from rlsys_sysctl.machine.prompt_stop import PromptStop
from rlsys_sysctl.machine.settling import Settled, Target, active, settle
from rlsys_sysctl.machine.state import default_state
from rlsys_sysctl.machine.watchdog import Watchdog


class ChangedElsewhere(UserError):
    """Somebody else has changed a parameter that is being tuned."""


class Space(Protocol):
    """What says which values are allowed: `rlsys_sysctl.workload.space.ActionSpace`."""

    def check(self, values: Mapping[str, str], original: Mapping[str, str] | None = None) -> None:
        """Raise `ConfigError` unless all values are allowed."""


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Machine:
    """The parameters that are tuned, for the time of a ``with`` block.

    Entering takes the lock, puts back what an earlier tuner has left behind, starts the watchdog
    and brings the original values to the disk. Leaving, in whatever way, puts them back.

    Args:
        names: the tuned parameters.
        kernel: where they are; several for several network namespaces, which are kept alike.
        state: folder of lock and journal (default: see `rlsys_sysctl.machine.state.default_state`).
        space: says which values are allowed; the original ones always are. Without it all that the
            kernel takes are.
        allow_dangerous: also write what `rlsys_sysctl.machine.denylist` names.
        dry_run: write nothing, anywhere; no rights are needed.
        log: is told what a user should know.
    """

    def __init__(
        self,
        names: Iterable[str],
        *,
        kernel: Kernel | Sequence[Kernel] | None = None,
        state: Path | None = None,
        space: Space | None = None,
        allow_dangerous: bool = False,
        dry_run: bool = False,
        log: Callable[[str], None] = _tell,
    ) -> None:
        self.names = tuple(dict.fromkeys(map(canonical, names)))
        self.dry_run = dry_run
        self.writes: list[tuple[str, str]] = []
        """All writes so far; in a dry run those that it would have made."""
        kernels = [kernel] if isinstance(kernel, Kernel) else list(kernel or [Kernel()])
        self._kernels: list[Kernel] = kernels
        self._space, self._allow_dangerous, self._log = space, allow_dangerous, log
        self._folder = default_state() if state is None else state.absolute()
        self._lock = Lock(self._folder)
        self._journal = Journal(self._folder)
        self._mark = os.urandom(16).hex()
        self._watchdog: Watchdog | None = None
        self._stop = PromptStop()
        self._targets: dict[str, list[Target]] = {}
        self._original: dict[Target, str] = {}
        self._expected: dict[Target, str] = {}
        self._journaled = False

    def __enter__(self) -> Self:
        """Make ready for the first write; nothing is changed yet.

        Raises:
            ConfigError: a parameter does not exist, cannot be tuned, is dangerous, or two exclude
                each other.
            UserError: another tuner is at work, the values cannot be kept, or an earlier journal
                needs a decision.
        """
        self._check_names()
        if self.dry_run:
            self._read_originals()
            return self
        self._stop.install()
        try:
            with self._stop.deferred():
                self._lock.acquire()
                self._recover()
                self._watchdog = self._new_watchdog()
                self._watchdog.start()
                self._read_originals()
                self._journaled = True
                self._journal.write({(t.place, t.name): v for t, v in self._original.items()})
                atexit.register(self._close)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put everything back and end what benchmarks have left running.

        Raises:
            UserError: a value could not be put back; the journal stays for `rlsys sysctl restore`.
        """
        self._close()

    @property
    def original(self) -> dict[str, str]:
        """The value of each tuned parameter when the block was entered."""
        return self._by_name(self._original)

    @property
    def current(self) -> dict[str, str]:
        """The value of each tuned parameter as last written or, in a dry run, as it would be."""
        return self._by_name(self._expected)

    @property
    def environment(self) -> dict[str, str]:
        """What a benchmark's environment must have besides, so that all its processes are found.

        Not for a fixture, whose own guards must be able to outlive the tuner.
        """
        return {MARK: self._mark}

    def apply(self, values: Mapping[str, str]) -> None:
        """Write `values`, texts by name, and read them back; the others stay as they are.

        When a write fails, those before it are undone.

        Raises:
            ConfigError: a value is not allowed; nothing has been written.
            UserError: the kernel refuses one or keeps another value, or there is no watchdog.
        """
        wanted = self._wanted(values)
        if self.dry_run:
            self._pretend(wanted)
            return
        with self._stop.deferred():
            self._ensure_watchdog()
            before = {target: self._expected[target] for target in wanted}
            self._expected |= wanted
            settled = settle(wanted, self._wrote)
            if settled.problems or settled.gone:
                self._expected |= before
                undone = settle(before, self._wrote)
                raise UserError(_refusal(settled, undone))

    def verify(self) -> None:
        """Make sure that every parameter is what was last written.

        Raises:
            ChangedElsewhere: one is not; leave the block, which puts the original values back.
        """
        if self.dry_run:
            return
        for target, text in self._expected.items():
            now = target.kernel.read(target.name)
            if now != text:
                raise ChangedElsewhere(
                    f"{target} is {now!r} and no longer {text!r}: somebody else changes it; "
                    "stopped, with the original values put back; end the other program first"
                )

    def restore(self) -> None:
        """Put the original values back; the block goes on.

        Raises:
            UserError: one could not be put back; the journal stays for `rlsys sysctl restore`.
        """
        if self.dry_run:
            self._pretend(self._original)
            return
        with self._stop.deferred():
            settled = settle(self._original, self._wrote)
            for target, found in settled.found.items():
                if found not in (self._expected[target], self._original[target]):
                    self._log(
                        f"{target} was {found!r}, which somebody else has written; "
                        f"put back to {self._original[target]!r}"
                    )
            self._expected |= self._original
            if settled.problems:
                problems = "; ".join(f"{t}: {why}" for t, why in settled.problems.items())
                raise UserError(f"not put back: {problems}; try `rlsys sysctl restore`")

    @contextlib.contextmanager
    def guarding(self, group: int) -> Iterator[None]:
        """Have the watchdog end the process group `group` if this process dies meanwhile."""
        if self._watchdog is None:
            yield
            return
        self._watchdog.begun(group, start_time(group))
        try:
            yield
        finally:
            self._watchdog.over(group)

    def end_strays(self) -> int:
        """End processes with `environment` that are still running, and return how many.

        For the time between two benchmarks: one that is just being started may be missed.
        """
        return self._tell_of_strays(len(kill_marked(self._mark)))

    def _tell_of_strays(self, count: int) -> int:
        if count:
            self._log(f"processes that a benchmark had left running, ended: {count}")
        return count

    def _new_watchdog(self) -> Watchdog:
        kernel = type(self._kernels[0])
        return Watchdog(self._folder, self._lock.descriptor, self._mark, kernel)

    def _check_names(self) -> None:
        for name in self.names:
            reason = danger(name)
            if reason and not self._allow_dangerous:
                raise ConfigError(
                    f"{name} is not tuned: {reason}; take it out of action_space, "
                    "or say --allow-dangerous"
                )
            for kernel in self._kernels:
                if not kernel.exists(name):
                    raise ConfigError(f"{name} {kernel.absence(name)}")
                obstacle = None if self.dry_run else kernel.obstacle(name)
                if obstacle:
                    raise UserError(f"{name} {obstacle}")
                target = Target(name, kernel.place(name), kernel)
                if target not in self._targets.setdefault(name, []):
                    self._targets[name].append(target)
                if target.partner is not None and target.partner.name in self.names:
                    raise ConfigError(
                        f"{name} and {target.partner.name} exclude each other: "
                        "writing one makes the other 0; tune one of them"
                    )

    def _recover(self) -> None:
        """Put back what a tuner has left that died together with its watchdog."""
        entries = self._journal.read()
        if entries is None:
            return
        changed = [] if entries.this_boot else differing(entries, type(self._kernels[0]))
        if changed:
            raise UserError(
                f"an earlier tuner was cut off and the machine restarted; since then {changed[0]}: "
                "put the old values back with `rlsys sysctl restore`, or keep the present ones "
                "with `rlsys sysctl restore --discard`"
            )
        settled, lines = restore(entries, type(self._kernels[0]))
        told = "; ".join(lines) or "everything was as before"
        self._log(f"an earlier tuner (process {entries.pid}) had not cleaned up: {told}")
        if settled.problems:
            raise UserError("an earlier tuner's changes could not be undone; nothing was changed")
        self._journal.remove()

    def _read_originals(self) -> None:
        for name, targets in self._targets.items():
            for target in targets:
                self._original[target] = target.kernel.read(name)
                partner = target.partner
                if partner is not None and partner.kernel.exists(partner.name):
                    self._original[partner] = partner.kernel.read(partner.name)
            if len({self._original[target] for target in targets}) > 1:
                found = ", ".join(f"{self._original[t]!r} for {t}" for t in targets)
                raise UserError(f"{name} differs: {found}; make it alike before tuning")
        self._expected = dict(self._original)

    def _wanted(self, values: Mapping[str, str]) -> dict[Target, str]:
        """Return what each target is to be, partners included.

        Raises:
            ConfigError: a value is not allowed, or a parameter is not tuned here.
        """
        for name, text in values.items():
            if name not in self._targets:
                raise ConfigError(f"{name} is not tuned{did_you_mean(name, self._targets)}")
            if not text.strip() or "\n" in text or "\0" in text:
                raise ConfigError(f"{name}: {text!r} is no value; give one line of text")
        if self._space is not None:
            self._space.check({**self.current, **values}, self.original)
        wanted = {}
        for name, text in values.items():
            for target in self._targets[name]:
                wanted[target] = normal(text)
                partner = target.partner
                if partner in self._original and partner is not None:
                    original = wanted[target] == self._original[target]
                    wanted[partner] = self._original[partner] if original else "0"
        return wanted

    def _pretend(self, wanted: Mapping[Target, str]) -> None:
        for target, text in wanted.items():
            if self._expected[target] != text and active(target, wanted) == target:
                self.writes.append((target.name, text))
        self._expected |= wanted

    def _wrote(self, target: Target, text: str) -> None:
        self.writes.append((target.name, text))

    def _ensure_watchdog(self) -> None:
        """Start another watchdog where it was killed: the journal protects as well with a new one.

        Raises:
            UserError: it does not start; without it nothing is written.
        """
        if self._watchdog is None:
            raise UserError("parameters are written inside of a `with Machine(...)` block alone")
        if not self._watchdog.alive:
            self._log("the watchdog was killed; another one takes its place")
            self._watchdog.leave()
            self._watchdog.start()

    def _close(self) -> None:
        """Undo everything; nothing where that is done already."""
        try:
            with self._stop.deferred():
                self._undo()
        finally:
            self._stop.remove()

    def _undo(self) -> None:
        try:
            atexit.unregister(self._close)
            if self._watchdog is not None:
                # Patiently: a signal may have come while a benchmark was being started.
                self._tell_of_strays(end_marked(self._mark))
            if self._journaled:
                self._journaled = False
                self.restore()
                self._journal.remove()
            if self._watchdog is not None:
                self._watchdog.dismiss()
        finally:
            if self._watchdog is not None:
                self._watchdog.leave()  # it tries again what is still in the journal
                self._watchdog = None
            self._lock.release()

    def _by_name(self, values: Mapping[Target, str]) -> dict[str, str]:
        return {name: values[targets[0]] for name, targets in self._targets.items()}


def _refusal(settled: Settled, undone: Settled) -> str:
    told = [*settled.gone.values(), *(f"{t}: {why}" for t, why in settled.problems.items())]
    left = [f"{target} could not be set back: {why}" for target, why in undone.problems.items()]
    return "; ".join([*told, *left] if left else [*told, "the configuration was not applied"])
