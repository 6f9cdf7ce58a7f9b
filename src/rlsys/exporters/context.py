"""The input of an exporter besides the network, and the report that it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from numpy.typing import NDArray

from rlsys.application import Application

Array = NDArray[Any]


class Check(TypedDict):
    """One thing that an exporter checked: in the result document a verdict of kind ``check``.

    Attributes:
        name: of what was checked, such as ``same-actions``.
        holds: whether it is so; an export with a check that does not hold is not written.
        figures: what that rests on, numbers or texts by name.
    """

    name: str
    holds: bool
    figures: Mapping[str, float | str]


@dataclass(frozen=True)
class ExportContext:
    """What an exporter may use in addition to the network.

    Attributes:
        observations: (N, ...) observations to check with, ideally from the policy's own episodes.
        masks: bool (N, n_actions), the masks that belong to `observations`.
        low, high: bounds of one observation; random observations are drawn within them.
        environment: name of the environment the network was trained in.
        case: name of the case it was trained on.
        notes: further information for the exported files, JSON values only.
        make_env: ``make_env(num_envs)`` makes the batched environment of the case, see
            `rlsys.rollout`.
        episodes: seeds of the held-out episodes.
        application: what a program on a device would do with the policy.
        optional: whether the exporter may skip what cannot be done on this machine, with a note in
            its report.
    """

    observations: Array | None = None
    masks: Array | None = None
    low: Array | None = None
    high: Array | None = None
    environment: str = ""
    case: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    make_env: Callable[[int], Any] | None = None
    episodes: Sequence[int] = ()
    application: Application | None = None
    optional: bool = False

    def provenance(self) -> dict[str, Any]:
        """Return where the network comes from, for exported files."""
        return {"environment": self.environment, "case": self.case, **self.notes}


@dataclass(frozen=True)
class ExportReport:
    """What an exporter wrote, the results of its checks, and what it left out and why."""

    files: Sequence[Path]
    checks: Sequence[Check] = ()
    notes: Sequence[str] = ()
