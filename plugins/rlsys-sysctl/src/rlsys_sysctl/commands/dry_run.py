"""What a search would write, without writing it: no rights, no benchmark, no trace left.

The search itself runs, with every run giving the same number.  Which configurations are tried later
on really depends on the results, so from there on this shows one course among many; the ranges that
it keeps to are those of the workload.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlsys.errors import UserError
from rlsys.training import Problem, Session
from rlsys_sysctl.agents.searcher import Searcher
from rlsys_sysctl.config import SysctlConfig
from rlsys_sysctl.machine.kernel import Kernel
from rlsys_sysctl.machine.machine import Machine
from rlsys_sysctl.measuring.meter import Run, Values
from rlsys_sysctl.measuring.stage import Stage


@dataclass(frozen=True)
class Writes:
    """What would be written.

    Attributes:
        original: values that the machine has now.
        writes: pairs of a parameter and the text written to it, in order; the last ones put the
            original values back.
        configurations: how many were tried.
    """

    original: Mapping[str, str]
    writes: tuple[tuple[str, str], ...]
    configurations: int


class _DryStage(Stage):
    """A stage on which nothing is written and nothing runs."""

    def __init__(self, config: SysctlConfig) -> None:
        super().__init__(config)
        self._clock = itertools.count()
        self.writes: list[tuple[str, str]] = []

    @property
    def original(self) -> dict[str, str]:
        self.open()
        return super().original

    def open(self) -> None:
        if self._stack is not None:
            return
        with ExitStack() as stack:
            machine = stack.enter_context(
                Machine(
                    self.space.names,
                    kernel=Kernel(self.config.proc_sys),
                    space=self.space,
                    allow_dangerous=self.config.allow_dangerous,
                    dry_run=True,
                )
            )
            # In a dry run leaving writes nothing, so that what it would write is asked for.
            stack.callback(lambda: self.writes.extend(machine.writes))
            stack.callback(machine.restore)
            self._machine = machine
            self._stack = stack.pop_all()

    def run(self, values: Values | None, fraction: float, seed: int) -> Run:
        del fraction, seed
        self.open()
        if self._machine is None:
            raise RuntimeError("the stage is not open")
        wanted = self.original if values is None else dict(values)
        self._refuse(wanted)
        self._machine.apply(wanted)
        return Run(1.0, float(next(self._clock)))


def writes_of(config: SysctlConfig, agent: Any, seed: int) -> Writes:
    """Return what the search of `agent` would write.

    Raises:
        UserError: an agent that learns instead of searching, or parameters that cannot be tuned.
    """
    if not isinstance(agent, Searcher):
        raise UserError("a dry run needs a searcher: optuna, random or grid")
    stage = _DryStage(config)
    lines: list[Mapping[str, Any]] = []
    # The search is begun on the stage itself and its trials are in memory: nothing asks for an
    # environment or a folder.  Nor is the importance of the parameters computed, which may take
    # seconds to import and would tell of numbers that nobody has measured.
    session = Session(Path(os.devnull), seed, Problem(_no_env), emit=lines.append)
    original = stage.original
    agent.begin(stage, session, None, lambda _: {}).run()
    stage.close()
    tried = sum("evaluation" in line for line in lines)
    return Writes(original, tuple(stage.writes), tried)


def _no_env(num_envs: int) -> Any:
    raise RuntimeError(f"a dry run was asked for {num_envs} environments")
