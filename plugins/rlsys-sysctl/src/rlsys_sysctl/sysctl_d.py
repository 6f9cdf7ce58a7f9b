"""`sysctl-d`: what was found, as a file for /etc/sysctl.d and as commands to apply and undo it.

A configuration is written only if paired runs confirm that it is better than the default.
Otherwise the files say that the default was not beaten.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from rlsys.errors import UserError
from rlsys.exporters.context import Check, ExportContext, ExportReport
from rlsys.network import Network
from rlsys_sysctl.machine.kernel import PARTNERS, Kernel
from rlsys_sysctl.machine.names import normal
from rlsys_sysctl.measuring.confirmation import Confirmation, confirm

if TYPE_CHECKING:
    from rlsys_sysctl.vector_env import SysctlVectorEnv


class SysctlDSettings(BaseModel):
    """Settings of the exporter."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    number: Annotated[int, Field(strict=True, ge=0, le=99)] = 90
    """Start of the file's name: files in /etc/sysctl.d are applied in the order of their names."""
    confirm_pairs: Annotated[int, Field(strict=True, ge=4, le=1000)] = 8
    """Pairs of runs that confirm a policy which no searcher has confirmed, such as PPO's."""


@dataclass(frozen=True)
class _Found:
    """What there is to write.

    Attributes:
        original: the default of the comparison.
        present: what the machine has; it differs where the benchmark's namespaces began with
            values of their own.
    """

    workload: str
    metric: str
    values: Mapping[str, str]
    original: Mapping[str, str]
    present: Mapping[str, str]
    confirmation: Confirmation | None
    more: Mapping[str, Any]

    @property
    def changes(self) -> dict[str, str]:
        """The values to set: of a recommended configuration, those that differ.

        They differ from the default or from what the machine has: together they are what was
        measured.
        """
        if self.confirmation is None or not self.confirmation.recommended:
            return {}
        return {
            name: value
            for name, value in self.values.items()
            if {normal(v) for v in (self.original[name], self.present[name])} != {normal(value)}
        }

    @property
    def elsewhere(self) -> dict[str, str]:
        """Of what is set, the defaults of the comparison that this machine does not have."""
        return {n: self.original[n] for n in self.changes if self.original[n] != self.present[n]}

    @property
    def verdict(self) -> str:
        """The result in a line."""
        seen = self.confirmation
        if seen is None:
            return f"no configuration seemed better than the default for {self.workload}"
        if seen.failure is not None:
            return f"the default was not beaten for {self.workload}: {seen.failure}"
        times = (
            f"{self.metric} {seen.performance:.3f} times as good as the default's "
            f"({seen.low:.3f} to {seen.high:.3f}, 95 % interval of {seen.pairs} pairs of runs)"
        )
        if seen.recommended:
            return times
        return f"the default was not beaten for {self.workload}: {times}"


def export_sysctl_d(
    network: Network, directory: Path, context: ExportContext, settings: SysctlDSettings
) -> ExportReport:
    """Write the files.

    Raises:
        UserError: the policy is not of this plugin's environment.
    """
    from rlsys_sysctl.vector_env import SysctlVectorEnv  # late: reading settings needs no Gymnasium

    if context.make_env is None:
        raise UserError("sysctl-d: needs the environment that the policy was trained in")
    env: Any = context.make_env(1)
    try:
        if not isinstance(env, SysctlVectorEnv):
            raise UserError(
                f"sysctl-d: exports policies of the environment 'sysctl', not of "
                f"{context.environment!r}"
            )
        found = _found(network, env, settings.confirm_pairs)
        before = {name: found.present[name] for name in found.changes}
        undo = undo_values(before, Kernel(env.config.proc_sys))
    finally:
        env.close()
    files = {
        f"{settings.number:02d}-rlsys-{found.workload}.conf": _conf(found),
        "apply.sh": _script("Apply", found, found.changes),
        "undo.sh": _script("Undo", found, undo),
        "summary.json": json.dumps(_summary(found), indent=2) + "\n",
    }
    for name, text in files.items():
        path = directory / name
        path.write_text(text, encoding="utf-8")
        if name.endswith(".sh"):
            path.chmod(0o755)
    paths = [directory / name for name in files]
    if not found.changes:
        return ExportReport(paths, notes=[f"nothing to set: {found.verdict}"])
    notes = [
        f"compared with {name} = {value}, the benchmark's own default; "
        f"this machine has {found.present[name]}"
        for name, value in found.elsewhere.items()
    ]
    seen = found.confirmation
    check: Check = {
        "name": "better-than-default",
        "holds": True,
        "figures": {}
        if seen is None
        else {"performance": seen.performance, "low": seen.low, "high": seen.high},
    }
    return ExportReport(paths, checks=[check], notes=notes)


def _found(network: Network, env: SysctlVectorEnv, pairs: int) -> _Found:
    workload = env.config.workload
    notes = network.notes
    if "confirmation" in notes:  # of a searcher, which has confirmed it
        kept = notes["confirmation"]
        confirmation = None
        if kept is not None:
            confirmation = Confirmation(**{k: v for k, v in kept.items() if k != "recommended"})
        values, original = notes["values"], notes["original"]
        present = notes.get("present", original)
        more = {key: notes[key] for key in ("agent", "evaluations", "importance", "overhead")}
    else:
        observations, _ = env.reset()
        original, present = env.stage.original, env.stage.present
        values = env.stage.values_at(network.act(observations)[0])
        confirmation = None
        if values != original:
            confirmation = confirm(env.stage, values, pairs, workload.direction)
        more = dict(notes)
    return _Found(
        workload.workload_name,
        workload.reward_metric,
        values,
        original,
        present,
        confirmation,
        more,
    )


def undo_values(changed: Mapping[str, str], kernel: Kernel) -> dict[str, str]:
    """Return what to set to undo changes.

    Of two parameters that exclude each other (`rlsys_sysctl.machine.kernel.PAIRS`) it names the one
    that is set: writing 0 to the other would not bring it back.

    Args:
        changed: the machine's own values of the parameters that are changed.
        kernel: as it is without the changes.
    """
    undo = {}
    for name, value in changed.items():
        partner = PARTNERS.get(name)
        if partner is not None and value == "0" and kernel.exists(partner):
            undo[partner] = kernel.read(partner)
        else:
            undo[name] = value
    return undo


def _conf(found: _Found) -> str:
    lines = [f"# {found.verdict}"]
    lines += [f"# was {name} = {found.present[name]}" for name in found.changes]
    lines += [f"# compared with {name} = {value}" for name, value in found.elsewhere.items()]
    lines += [f"{name} = {value}" for name, value in found.changes.items()]
    return "\n".join(lines) + "\n"


def _script(what: str, found: _Found, values: Mapping[str, str]) -> str:
    lines = ["#!/bin/sh", f"# {what}: {found.verdict}", "set -e"]
    lines += [f"sysctl -w {shlex.quote(f'{name}={value}')}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _summary(found: _Found) -> dict[str, Any]:
    seen = found.confirmation
    return {
        "workload": found.workload,
        "metric": found.metric,
        "recommended": bool(found.changes),
        "verdict": found.verdict,
        "values": found.changes,
        "original": dict(found.original),
        "present": dict(found.present),
        "improvement": None if seen is None else seen.performance - 1.0,
        "confirmation": None if seen is None else seen.to_json(),
        "search": dict(found.more),
    }
