"""The loop of every searcher: propose, race, keep, and confirm the winner before it is recommended.

All trials are kept in the search's store, so a search that was killed at any moment goes on where
its last complete trial ended, and takes the same way as if it had never been interrupted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.trial import FrozenTrial, Trial

from rlsys.errors import UserError
from rlsys.executors.training_unit import timestamp
from rlsys.network import Network
from rlsys.training import Session
from rlsys_sysctl.agents.cube import point_of
from rlsys_sysctl.agents.incumbent import Incumbent, record_of
from rlsys_sysctl.agents.policy import constant_policy
from rlsys_sysctl.agents.proposers import Proposer
from rlsys_sysctl.agents.settings import SearchSettings
from rlsys_sysctl.agents.store import RECORD, Store, earlier_configurations
from rlsys_sysctl.measuring.confirmation import Confirmation, confirm
from rlsys_sysctl.measuring.meter import Measurement, Meter
from rlsys_sysctl.measuring.race import Race
from rlsys_sysctl.measuring.stage import Stage

_CONFIRMATION = "confirmation"
MOST_REFUSED = 50
"""Configurations in a row that may be refused before the search gives up."""


class Search:
    """One search under way.

    Args:
        name: of the agent.
        settings: of the search.
        proposer: says where configurations come from.
        stage: where they are run.
        session: of the training.
        store: of the trials; whoever made it closes it.
        analyse: returns the importance of each parameter, at the end.

    Attributes:
        total: steps of the search: full runs, or combinations where they are counted.
    """

    def __init__(
        self,
        name: str,
        settings: SearchSettings,
        proposer: Proposer,
        stage: Stage,
        session: Session,
        store: Store,
        analyse: Callable[[Study], Mapping[str, float]],
    ) -> None:
        self.name = name
        self.settings = settings
        self.proposer = proposer
        self.stage = stage
        self.session = session
        self.store = store
        self.analyse = analyse
        self.config = stage.config
        self.space = stage.space
        self.meter = Meter(
            stage,
            direction=self.config.workload.direction,
            weights=self.config.weights,
            control_every=settings.control_every,
            on_run=self._tell_run,
        )
        self.race = Race(
            self.meter,
            self.config.weights,
            self.config.repeats,
            short=settings.short if self.config.workload.can_be_cut else None,
            keep=settings.keep,
            budget=settings.evaluations or math.inf,
        )
        self.best = Incumbent(self.meter, self.config.weights)
        points = proposer.count(self.space)
        self.total = settings.evaluations or points or 0
        self._by_points = settings.evaluations is None
        self._begun = time.monotonic()
        self._busy_before = stage.busy
        self._importance: dict[str, float] = {}
        self._overhead: float | None = None

    def run(self) -> Network:
        """Search and confirm."""
        self._resume()
        refused = 0
        while not self._exhausted():
            proposed = self.proposer.propose(self.store, len(self.best.rewards))
            if proposed is None:
                break
            trial, point = proposed
            measurement = self.race.run(self.stage.values_at(point))
            self._keep(trial, measurement)
            refused = refused + 1 if measurement.failure else 0
            if refused >= MOST_REFUSED:
                raise UserError(
                    f"the last {refused} configurations all failed; the last one: "
                    f"{measurement.failure}"
                )
            self.session.boundary(self.step, self.total, self._best_policy, self.get_state)
        return self._conclude()

    @property
    def step(self) -> int:
        """Full runs that have been spent, or combinations that were tried, below `total`."""
        done = len(self.best.rewards) if self._by_points else int(self.meter.spent)
        return min(done, self.total - 1)

    def get_state(self) -> dict[str, Any]:
        """What the session keeps: all else is in the store."""
        return {"step": self.step}

    def _exhausted(self) -> bool:
        patience = self.settings.patience
        if patience is not None and self.best.since_better >= patience:
            return True
        return self.race.exhausted

    def _resume(self) -> None:
        """Take up the trials of before, and report again what the run has forgotten."""
        saved = self.session.resumed_state()
        kept = -1 if saved is None else int(saved["step"])
        for trial in self.store.finished():
            self.best.count(trial)
            line = trial.user_attrs[RECORD]["line"]
            if line["step"] > kept:
                self.session.emit(line)
            self.meter.set_state(trial.user_attrs[RECORD]["meter"])
            self.race.set_state(trial.user_attrs[RECORD]["race"])
        if self.settings.warm_start and not self.store.study.user_attrs.get("warm"):
            count = self.settings.warm_start_trials
            for point in earlier_configurations(self.settings.warm_start, self.space, count):
                self.store.enqueue(point, warm=self.settings.warm_start)
            self.store.study.set_user_attr("warm", True)

    def _keep(self, trial: Trial, measurement: Measurement) -> None:
        score = self.meter.score(measurement)
        complete = self.race.is_complete(measurement)
        fidelity = "full" if complete else "refused" if measurement.failure else "short"
        better = complete and self.best.is_better(score.reward)
        rewards = [*self.best.rewards, score.reward]
        line = {
            "time": timestamp(),
            "step": min(len(rewards) if self._by_points else int(self.meter.spent), self.total - 1),
            "total": self.total,
            "seconds": round(self.session.seconds, 3),
            "status": "searching",
            "evaluation": len(rewards),
            "reward": score.reward,
            "mean_reward": float(np.mean(rewards)),
            "best_reward": score.reward if better else self.best.reward,
            "performance": score.performance,
            "stability": score.stability,
            "fidelity": fidelity,
            "outliers": len(measurement.outliers),
            "parameters": dict(measurement.values),
            "best_parameters": dict(measurement.values) if better else self._best_values,
            "overhead": self.overhead,
        }
        record = record_of(
            measurement,
            fidelity,
            performance=score.performance,
            stability=score.stability,
            meter=self.meter.get_state(),
            race=self.race.get_state(),
            line=line,
        )
        self.store.tell(trial, score.reward, record)
        self.best.count(self.store.finished()[-1], measurement)
        self.session.emit(line)

    @property
    def _best_values(self) -> dict[str, str]:
        values = self.best.values
        return self.stage.original if values is None else dict(values)

    @property
    def overhead(self) -> float:
        """Share of the time, from the begin to the confirmation, that no benchmark was running."""
        if self._overhead is not None:
            return self._overhead
        elapsed = time.monotonic() - self._begun
        return 1.0 - (self.stage.busy - self._busy_before) / elapsed if elapsed > 0 else 0.0

    def _conclude(self) -> Network:
        self.best.judge_anew(self.store.finished())
        best = self.best.trial
        if best is None:
            self._analyse()
            self._say("default-not-beaten", {})
            return self._policy(self.stage.default_point(), None)
        confirmation = self._confirmed(best)
        self._analyse()
        told = confirmation.to_json()
        self._say("recommended" if confirmation.recommended else "default-not-beaten", told)
        if not confirmation.recommended:
            return self._policy(self.stage.default_point(), confirmation)
        return self._policy(self._point_of(best), confirmation)

    def _analyse(self) -> None:
        """Find the importance of the parameters, and what all this has cost besides benchmarks."""
        self._importance = dict(self.analyse(self.store.study))
        self._overhead = self.overhead

    def _confirmed(self, best: FrozenTrial) -> Confirmation:
        kept = self.store.study.user_attrs.get(_CONFIRMATION)
        if kept is not None and kept["trial"] == best.number:
            return Confirmation(**kept["result"])
        confirmation = confirm(
            self.stage,
            best.user_attrs[RECORD]["values"],
            self.settings.confirm_pairs,
            self.config.workload.direction,
            lambda pair, ratio: self._say("confirming", {"pair": pair, "pair_performance": ratio}),
        )
        result = {k: v for k, v in confirmation.to_json().items() if k != "recommended"}
        kept = {"trial": best.number, "result": result}
        self.store.study.set_user_attr(_CONFIRMATION, kept)
        return confirmation

    def _point_of(self, trial: FrozenTrial) -> NDArray[np.float32]:
        return point_of(self.space, trial.params)

    def _best_policy(self) -> Network:
        """Return what the best so far would be, not yet confirmed; for a checkpoint."""
        best = self.best.trial
        point = self.stage.default_point() if best is None else self._point_of(best)
        return self._policy(point, None)

    def _policy(self, point: NDArray[np.float32], confirmation: Confirmation | None) -> Network:
        notes = {
            "agent": self.name,
            "evaluations": self.meter.spent,
            "configurations": len(self.best.rewards),
            "best_reward": self.best.reward,
            "best_values": self._best_values,
            "values": self.stage.values_at(point),
            "original": self.stage.original,
            "present": self.stage.present,
            "confirmation": None if confirmation is None else confirmation.to_json(),
            "importance": self._importance,
            "overhead": self.overhead,
        }
        return constant_policy(point, self.config.workload.observation_size, notes)

    def _say(self, status: str, more: Mapping[str, Any]) -> None:
        """Emit a line about the end of the search."""
        last = self.best.rewards[-1] if self.best.rewards else 0.0
        self.session.report(
            self.total if status != "confirming" else self.step,
            self.total,
            {
                "status": status,  # type: ignore[dict-item]
                "reward": last,
                "best_reward": self.best.reward,
                "best_parameters": self._best_values,  # type: ignore[dict-item]
                "overhead": self.overhead,
                **{f"importance {name}": share for name, share in self._importance.items()},
                **more,
            },
        )

    def _tell_run(self, kind: str, fraction: float, value: float) -> None:
        """Emit a line about a single run of the benchmark."""
        self.session.emit(
            {
                "step": self.step,
                "total": self.total,
                "status": "searching",
                "run": kind,
                "fraction": fraction,
                "metric": value,
            }
        )
