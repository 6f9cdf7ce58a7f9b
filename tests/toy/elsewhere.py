"""A toy executor: it runs units right here and notes, in the file that its option names, which."""

from __future__ import annotations

import os
from pathlib import Path

from rlsys import hookimpl
from rlsys.descriptors import ExecutorOption, ExecutorSpec, Requirement
from rlsys.executors.local_trials import TrialPool


@hookimpl
def rlsys_executors():
    return [
        ExecutorSpec(
            name="elsewhere",
            summary="keeps a diary",
            factory="elsewhere:Elsewhere",
            options=(
                ExecutorOption(
                    name="diary", summary="Where to.", variable="ELSEWHERE_DIARY", metavar="FILE"
                ),
            ),
        ),
        ExecutorSpec(
            name="nowhere",
            summary="lacks something",
            factory="elsewhere:Elsewhere",
            requires=(Requirement(name="no_such_module", fix="pip install no-such-module"),),
        ),
    ]


class Elsewhere:
    def __init__(self, jobs):
        self.jobs = jobs

    def run(self, units, emit, stop_requested):
        diary = Path(os.environ["ELSEWHERE_DIARY"])
        for unit in units:
            unit.run(emit, stop_requested)
            with diary.open("a") as file:
                file.write(f"{self.jobs} {unit.case} {unit.seed}\n")

    def trials(self):
        return TrialPool(1)
