"""A plugin file whose agent kills its own process, as the system does when memory runs out."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from lamps import ClimbingSettings, HillClimbing
from pydantic import ConfigDict

from rlsys import hookimpl
from rlsys.descriptors import AgentSpec


class MortalSettings(ClimbingSettings):
    model_config = ConfigDict(frozen=True, extra="forbid")

    lives: str
    """A file with one byte per death."""
    deaths: int = 1
    die_at: int = 480


class MortalClimbing(HillClimbing):
    def train(self, problem, session):
        lives, report = Path(self.settings.lives), session.report

        def report_or_die(step, total, metrics):
            died = lives.stat().st_size if lives.exists() else 0
            if step > self.settings.die_at and died < self.settings.deaths:
                with lives.open("a") as file:
                    file.write("x")
                os.kill(os.getpid(), signal.SIGKILL)
            report(step, total, metrics)

        session.report = report_or_die
        return super().train(problem, session)


@hookimpl
def rlsys_agents():
    return [
        AgentSpec(
            name="mortal",
            summary="hill climbing that dies",
            config="mortal:MortalSettings",
            factory="mortal:MortalClimbing",
            actions=("discrete",),
        )
    ]
