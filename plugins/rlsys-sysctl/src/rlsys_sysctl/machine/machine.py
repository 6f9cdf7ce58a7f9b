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
from typing import Self

from rlsys.errors import UserError
from rlsys_sysctl.machine.journal import Journal, differing, restore
from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.machine.lock import Lock
from rlsys_sysctl.machine.processes import MARK, end_marked, kill_marked, start_time
from rlsys_sysctl.machine.prompt_stop import PromptStop
from rlsys_sysctl.machine.settling import Settled, Target, active, settle
from rlsys_sysctl.machine.state import default_state
from rlsys_sysctl.machine.tuned import Space, TunedParameters
from rlsys_sysctl.machine.watchdog import Watchdog


class ChangedElsewhere(UserError):
    """Somebody else has changed a parameter that is being tuned."""


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
        self.dry_run = dry_run
        self.writes: list[tuple[str, str]] = []
        """All writes so far; in a dry run those that it would have made."""
        kernels = [kernel] if isinstance(kernel, Kernel) else list(kernel or [Kernel()])
        self._kernels: list[Kernel] = kernels
        self._tuned = TunedParameters(names, kernels, space)
        self._allow_dangerous, self._log = allow_dangerous, log
        self._folder = default_state() if state is None else state.absolute()
        self._lock = Lock(self._folder)
        self._journal = Journal(self._folder)
        self._mark = os.urandom(16).hex()
        self._watchdog: Watchdog | None = None
        self._stop = PromptStop()
        self._journaled = False

    def __enter__(self) -> Self:
        """Make ready for the first write; nothing is changed yet.

        Raises:
            ConfigError: a parameter does not exist, cannot be tuned, is dangerous, or two exclude
                each other.
            UserError: another tuner is at work, the values cannot be kept, or an earlier journal
                needs a decision.
        """
        self._tuned.find(allow_dangerous=self._allow_dangerous, writable=not self.dry_run)
        if self.dry_run:
            self._tuned.read()
            return self
        self._stop.install()
        try:
            with self._stop.deferred():
                self._lock.acquire()
                self._recover()
                self._watchdog = self._new_watchdog()
                self._watchdog.start()
                self._tuned.read()
                self._journaled = True
                original = self._tuned.original
                self._journal.write({(t.place, t.name): v for t, v in original.items()})
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
        return self._tuned.by_name(self._tuned.original)

    @property
    def current(self) -> dict[str, str]:
        """The value of each tuned parameter as last written or, in a dry run, as it would be."""
        return self._tuned.by_name(self._tuned.expected)

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
        wanted = self._tuned.wanted(values)
        if self.dry_run:
            self._pretend(wanted)
            return
        with self._stop.deferred():
            self._ensure_watchdog()
            before = {target: self._tuned.expected[target] for target in wanted}
            self._tuned.expected |= wanted
            settled = settle(wanted, self._wrote)
            if settled.problems or settled.gone:
                self._tuned.expected |= before
                undone = settle(before, self._wrote)
                raise UserError(_refusal(settled, undone))

    def verify(self) -> None:
        """Make sure that every parameter is what was last written.

        Raises:
            ChangedElsewhere: one is not; leave the block, which puts the original values back.
        """
        if self.dry_run:
            return
        for target, text in self._tuned.expected.items():
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
            self._pretend(self._tuned.original)
            return
        with self._stop.deferred():
            settled = settle(self._tuned.original, self._wrote)
            for target, found in settled.found.items():
                if found not in (self._tuned.expected[target], self._tuned.original[target]):
                    self._log(
                        f"{target} was {found!r}, which somebody else has written; "
                        f"put back to {self._tuned.original[target]!r}"
                    )
            self._tuned.expected |= self._tuned.original
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

    def _pretend(self, wanted: Mapping[Target, str]) -> None:
        for target, text in wanted.items():
            if self._tuned.expected[target] != text and active(target, wanted) == target:
                self.writes.append((target.name, text))
        self._tuned.expected |= wanted

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


def _refusal(settled: Settled, undone: Settled) -> str:
    told = [*settled.gone.values(), *(f"{t}: {why}" for t, why in settled.problems.items())]
    left = [f"{target} could not be set back: {why}" for target, why in undone.problems.items()]
    return "; ".join([*told, *left] if left else [*told, "the configuration was not applied"])
