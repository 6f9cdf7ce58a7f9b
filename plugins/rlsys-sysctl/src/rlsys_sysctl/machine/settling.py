"""Give parameters their wanted values, in whatever order the kernel accepts them.

Applying a configuration and putting the old one back both come here, so both know about pairs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rlsys.errors import UserError
from rlsys_sysctl.machine.kernel import PAIRS, PARTNERS, Kernel, Place
from rlsys_sysctl.machine.netns import NamespaceGone

_ROUNDS = 3


@dataclass(frozen=True)
class Target:
    """One parameter in one place."""

    name: str
    place: Place
    kernel: Kernel = field(compare=False)

    def __str__(self) -> str:
        namespace = self.place.namespace
        if namespace is None or namespace.initial:
            return self.name
        return f"{self.name} (in the network namespace of process {namespace.pid})"

    @property
    def partner(self) -> Target | None:
        """The parameter that excludes this one, or None."""
        other = PARTNERS.get(self.name)
        return Target(other, self.place, self.kernel) if other else None


@dataclass(frozen=True)
class Settled:
    """What became of the targets.

    Attributes:
        found: what each target had before, except those that are gone.
        gone: the reason for each target whose network namespace no longer exists.
        problems: the reason for each target that does not have its wanted value now.
    """

    found: Mapping[Target, str]
    gone: Mapping[Target, str]
    problems: Mapping[Target, str]


def settle(wanted: Mapping[Target, str], wrote: Callable[[Target, str], None]) -> Settled:
    """Give each target its wanted value and read it back.

    A target that already has its value is not written. Of a pair, only the one that is set (not 0)
    is written. What the kernel refuses is tried again after the others, because some ranges depend
    on each other.

    Args:
        wrote: called after each write with what was written.
    """
    found: dict[Target, str] = {}
    gone: dict[Target, str] = {}
    problems: dict[Target, str] = {}
    for target in wanted:  # before the first write, which may change a partner
        with contextlib.suppress(UserError):  # the rounds below report why
            found[target] = target.kernel.read(target.name)
    for _ in range(_ROUNDS):
        problems = {}
        for target in wanted:
            if target in gone:
                continue
            try:
                if target.kernel.read(target.name) != wanted[target]:
                    _write(active(target, wanted), wanted, wrote)
            except NamespaceGone as error:
                gone[target] = str(error)
            except UserError as error:
                problems[target] = str(error)
        problems |= _differing(wanted, gone, problems)
        if not problems:
            break
    return Settled(found, gone, problems)


def _write(
    target: Target, wanted: Mapping[Target, str], wrote: Callable[[Target, str], None]
) -> None:
    target.kernel.write(target.name, wanted[target])
    wrote(target, wanted[target])


def active(target: Target, wanted: Mapping[Target, str]) -> Target:
    """Return which target of a pair is written: the one that is set, else the first.

    Without a partner it is `target` itself.
    """
    partner = target.partner
    if partner is None or partner not in wanted:
        return target
    first, second = (target, partner) if (target.name, partner.name) in PAIRS else (partner, target)
    return first if wanted[second] == "0" else second


def _differing(
    wanted: Mapping[Target, str], gone: Mapping[Target, str], problems: Mapping[Target, str]
) -> dict[Target, str]:
    """Return what the kernel keeps instead, for targets that differ and have no other problem."""
    differing = {}
    for target, text in wanted.items():
        if target in gone or target in problems:
            continue
        try:
            now = target.kernel.read(target.name)
        except UserError as error:
            differing[target] = str(error)
            continue
        if now != text:
            differing[target] = f"{target}: the kernel keeps {now!r} instead of {text!r}"
    return differing
