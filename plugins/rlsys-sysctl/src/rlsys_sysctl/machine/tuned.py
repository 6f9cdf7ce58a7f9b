"""The tuned parameters in every place that they have: which they are, and what is to be in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from rlsys.errors import ConfigError, UserError, did_you_mean
from rlsys_sysctl.machine.denylist import danger
from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.machine.names import canonical, normal
from rlsys_sysctl.machine.settling import Target


class Space(Protocol):
    """What says which values are allowed: `rlsys_sysctl.workload.space.ActionSpace`."""

    def check(self, values: Mapping[str, str], original: Mapping[str, str] | None = None) -> None:
        """Raise `ConfigError` unless all values are allowed."""


class TunedParameters:
    """Parameters by name, each a target in every network namespace that is tuned.

    Args:
        names: of the parameters.
        kernels: where they are; several are kept alike.
        space: says which values are allowed; None: all that the kernel takes.

    Attributes:
        original: what each target, and each partner of one, had at first.
        expected: what it was last given.
    """

    def __init__(
        self, names: Iterable[str], kernels: Sequence[Kernel], space: Space | None
    ) -> None:
        self.names = tuple(dict.fromkeys(map(canonical, names)))
        self._kernels = kernels
        self._space = space
        self._targets: dict[str, list[Target]] = {}
        self.original: dict[Target, str] = {}
        self.expected: dict[Target, str] = {}

    def find(self, *, allow_dangerous: bool, writable: bool) -> None:
        """Find every parameter in every place.

        Args:
            allow_dangerous: also take what `rlsys_sysctl.machine.denylist` names.
            writable: refuse what cannot be written.

        Raises:
            ConfigError: one does not exist or is dangerous, or two exclude each other.
            UserError: one cannot be written.
        """
        for name in self.names:
            reason = danger(name)
            if reason and not allow_dangerous:
                raise ConfigError(
                    f"{name} is not tuned: {reason}; take it out of action_space, "
                    "or say --allow-dangerous"
                )
            for kernel in self._kernels:
                self._find(name, kernel, writable)

    def _find(self, name: str, kernel: Kernel, writable: bool) -> None:
        if not kernel.exists(name):
            raise ConfigError(f"{name} {kernel.absence(name)}")
        obstacle = kernel.obstacle(name) if writable else None
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

    def read(self) -> None:
        """Take what the targets have now for their original values.

        Raises:
            UserError: one cannot be read, or the places differ.
        """
        for name, targets in self._targets.items():
            for target in targets:
                self.original[target] = target.kernel.read(name)
                partner = target.partner
                if partner is not None and partner.kernel.exists(partner.name):
                    self.original[partner] = partner.kernel.read(partner.name)
            if len({self.original[target] for target in targets}) > 1:
                found = ", ".join(f"{self.original[t]!r} for {t}" for t in targets)
                raise UserError(f"{name} differs: {found}; make it alike before tuning")
        self.expected = dict(self.original)

    def by_name(self, values: Mapping[Target, str]) -> dict[str, str]:
        """Return one value per parameter, from one per target."""
        return {name: values[targets[0]] for name, targets in self._targets.items()}

    def wanted(self, values: Mapping[str, str]) -> dict[Target, str]:
        """Return what each target is to have for `values`, partners included.

        Raises:
            ConfigError: a value is not allowed, or a parameter is not tuned here.
        """
        for name, text in values.items():
            if name not in self._targets:
                raise ConfigError(f"{name} is not tuned{did_you_mean(name, self._targets)}")
            if not text.strip() or "\n" in text or "\0" in text:
                raise ConfigError(f"{name}: {text!r} is no value; give one line of text")
        if self._space is not None:
            known = self.by_name(self.expected)
            self._space.check({**known, **values}, self.by_name(self.original))
        wanted = {}
        for name, text in values.items():
            for target in self._targets[name]:
                wanted[target] = normal(text)
                partner = target.partner
                if partner in self.original and partner is not None:
                    original = wanted[target] == self.original[target]
                    wanted[partner] = self.original[partner] if original else "0"
        return wanted
