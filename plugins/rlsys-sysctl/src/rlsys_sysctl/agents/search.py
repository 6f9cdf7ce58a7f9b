"""The loop of every searcher: propose, race, keep, and confirm the winner before it is recommended.

It is an rlsys agent: `train` drives the environment's machine and returns a policy.  All trials are
in SQLite in the training's directory, so a search that was killed at any moment goes on where its
last complete trial ended, and takes the same way as if it had never been interrupted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from rlsys.errors import UserError
from rlsys.executors.training_unit import timestamp
from rlsys.network import Network
from rlsys.training import Problem, Session
from rlsys.tuning import importances, load_importances
from rlsys_sysctl.agents.policy import constant_policy
from rlsys_sysctl.agents.proposers import Proposer
from rlsys_sysctl.agents.settings import SearchSettings
from rlsys_sysctl.agents.store import (
    RECORD,
    STUDY_FILE,
    Store,
    earlier_configurations,
    identity_of,
    point_of,
    readable_errors,
)
from rlsys_sysctl.measuring.confirmation import Confirmation, confirm
from rlsys_sysctl.measuring.meter import FULL, Measurement, Meter
from rlsys_sysctl.measuring.race import Race
from rlsys_sysctl.vector_env import SysctlVectorEnv

_CONFIRMATION = "confirmation"
MOST_REFUSED = 50
"""Configurations in a row that may be refused before the search gives up."""


class Searcher:
    """An agent that looks for the best configuration.

    Args:
        name: of the agent.
        settings: of the search.
        make_proposer: ``make_proposer(seed)`` says where configurations come from.
    """

    def __init__(
        self, name: str, settings: SearchSettings, make_proposer: Callable[[int], Proposer]
    ) -> None:
        self.name = name
        self.settings = settings
        self.make_proposer = make_proposer

    def train(self, problem: Problem, session: Session) -> Network:
        """Search, confirm, and return the policy of the winner, or of the default.

        Raises:
            UserError: another environment than this plugin's, or as `Stage.open` and `Stage.run`.
            Interrupted: the user asked to stop; every trial up to then is kept.
        """
        # Later the machine would wait for it with values of the tuning, and a benchmark beside it.
        load_importances()
        env: Any = problem.make_env(1)
        try:
            if not isinstance(env, SysctlVectorEnv):
                raise UserError(
                    f"agent {self.name!r} searches configurations of the environment 'sysctl'; "
                    "choose another with --agent"
                )
            path = session.directory / STUDY_FILE
            with readable_errors(path):
                search = _Search(self, env, session)
                try:
                    policy = search.run()
                finally:
                    search.store.close()
            # Here the machine is still open: validation need not set it up again.
            total = search.total
            session.boundary(total, total, lambda: policy, search.get_state)
            return policy
        finally:
            env.close()


class _Search:
    """One search under way."""

    def __init__(self, agent: Searcher, env: SysctlVectorEnv, session: Session) -> None:
        self.agent = agent
        self.settings = agent.settings
        self.session = session
        self.env = env
        self.config = env.config
        self.space = env.config.workload.space
        self.stage = env.stage
        self.proposer = agent.make_proposer(session.seed)
        self.store = Store(session.directory / STUDY_FILE, self.space, identity_of(env.config))
        self.meter = Meter(
            self.stage,
            direction=env.config.workload.direction,
            weights=env.config.weights,
            control_every=self.settings.control_every,
            on_run=self._tell_run,
        )
        self.race = Race(
            self.meter,
            env.config.weights,
            env.config.repeats,
            short=self.settings.short if env.config.workload.can_be_cut else None,
            keep=self.settings.keep,
            budget=self.settings.evaluations or math.inf,
        )
        points = self.proposer.count(self.space)
        self.total = self.settings.evaluations or points or 0
        self._by_points = self.settings.evaluations is None
        self._begun = time.monotonic()
        self._busy_before = self.stage.busy
        self._best: FrozenTrial | None = None
        self._measured: dict[int, Measurement] = {}
        self._since_better = 0
        self._rewards: list[float] = []
        self._importance: dict[str, float] = {}
        self._overhead: float | None = None

    def run(self) -> Network:
        """Search and confirm."""
        self._resume()
        refused = 0
        while not self._exhausted():
            proposed = self.proposer.propose(self.store, len(self._rewards))
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
        done = len(self._rewards) if self._by_points else int(self.meter.spent)
        return min(done, self.total - 1)

    def get_state(self) -> dict[str, Any]:
        """What the session keeps: all else is in the store."""
        return {"step": self.step}

    def _exhausted(self) -> bool:
        patience = self.settings.patience
        if patience is not None and self._since_better >= patience:
            return True
        return self.race.exhausted

    def _resume(self) -> None:
        """Take up the trials of before, and report again what the run has forgotten."""
        saved = self.session.resumed_state()
        kept = -1 if saved is None else int(saved["step"])
        for trial in self.store.finished():
            self._count(trial)
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

    def _keep(self, trial: Any, measurement: Measurement) -> None:
        score = self.meter.score(measurement)
        complete = self.race.is_complete(measurement)
        fidelity = "full" if complete else "refused" if measurement.failure else "short"
        record: dict[str, Any] = {
            "values": dict(measurement.values),
            "fidelity": fidelity,
            "performance": score.performance,
            "stability": score.stability,
            "runs": {
                f"{fraction:g}": [run.value for run in runs]
                for fraction, runs in measurement.runs.items()
            },
            "outliers": measurement.outliers,
            "failure": measurement.failure,
            "meter": self.meter.get_state(),
            "race": self.race.get_state(),
        }
        better = complete and score.reward > self._best_reward
        rewards = [*self._rewards, score.reward]
        line = {
            "time": timestamp(),
            "step": min(len(rewards) if self._by_points else int(self.meter.spent), self.total - 1),
            "total": self.total,
            "seconds": round(self.session.seconds, 3),
            "status": "searching",
            "evaluation": len(rewards),
            "reward": score.reward,
            "mean_reward": float(np.mean(rewards)),
            "best_reward": score.reward if better else self._best_reward,
            "performance": score.performance,
            "stability": score.stability,
            "fidelity": fidelity,
            "outliers": len(measurement.outliers),
            "parameters": dict(measurement.values),
            "best_parameters": dict(measurement.values) if better else self._best_values,
            "overhead": self.overhead,
        }
        self.store.tell(trial, score.reward, {**record, "line": line})
        if complete:
            self._measured[trial.number] = measurement
        self._count(self.store.finished()[-1])
        self.session.emit(line)

    def _count(self, trial: FrozenTrial) -> None:
        self._rewards.append(float(trial.value or 0.0))
        better = trial.user_attrs[RECORD]["fidelity"] == "full" and trial.value > self._best_reward  # type: ignore[operator]
        if better:
            self._best = trial
        self._since_better = 0 if better else self._since_better + 1

    @property
    def _best_reward(self) -> float:
        """Of what was measured in full; at first the default's."""
        if self._best is not None:
            return float(self._best.value or 0.0)
        return self._of_default

    @property
    def _of_default(self) -> float:
        weights = self.config.weights
        return weights.performance + weights.stability * (1.0 - self.meter.deviation(FULL))

    @property
    def _best_values(self) -> dict[str, str]:
        if self._best is None:
            return self.stage.original
        values: dict[str, str] = self._best.user_attrs[RECORD]["values"]
        return values

    @property
    def overhead(self) -> float:
        """Share of the time, from the begin to the confirmation, that no benchmark was running."""
        if self._overhead is not None:
            return self._overhead
        elapsed = time.monotonic() - self._begun
        return 1.0 - (self.stage.busy - self._busy_before) / elapsed if elapsed > 0 else 0.0

    def _judged_anew(self, trial: FrozenTrial) -> float:
        """Return the reward by all that is known of the default in the end.

        What came early was compared with a few of its runs alone, and the luckiest of those
        comparisons would win.  Of trials before a pause only the reward is known.
        """
        measurement = self._measured.get(trial.number)
        return self.meter.score(measurement).reward if measurement else float(trial.value or 0.0)

    def _conclude(self) -> Network:
        full = [t for t in self.store.finished() if t.user_attrs[RECORD]["fidelity"] == "full"]
        winner = max(full, key=self._judged_anew, default=None)
        if winner is not None:
            self._best = winner if self._judged_anew(winner) > self._of_default else None
        if self._best is None:
            self._analyse()
            self._say("default-not-beaten", {})
            return self._policy(self.stage.default_point(), None)
        confirmation = self._confirmed(self._best)
        self._analyse()
        told = confirmation.to_json()
        self._say("recommended" if confirmation.recommended else "default-not-beaten", told)
        if not confirmation.recommended:
            return self._policy(self.stage.default_point(), confirmation)
        return self._policy(self._point_of(self._best), confirmation)

    def _analyse(self) -> None:
        """Find the importance of the parameters, and what all this has cost besides benchmarks."""
        self._importance = importances(self.store.study)
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
        point = self.stage.default_point() if self._best is None else self._point_of(self._best)
        return self._policy(point, None)

    def _policy(self, point: NDArray[np.float32], confirmation: Confirmation | None) -> Network:
        size = int(np.prod(self.env.single_observation_space.shape or ()))
        notes = {
            "agent": self.agent.name,
            "evaluations": self.meter.spent,
            "configurations": len(self._rewards),
            "best_reward": self._best_reward,
            "best_values": self._best_values,
            "values": self.stage.values_at(point),
            "original": self.stage.original,
            "present": self.stage.present,
            "confirmation": None if confirmation is None else confirmation.to_json(),
            "importance": self._importance,
            "overhead": self.overhead,
        }
        return constant_policy(point, size, notes)

    def _say(self, status: str, more: Mapping[str, Any]) -> None:
        """Emit a line about the end of the search."""
        last = self._rewards[-1] if self._rewards else 0.0
        self.session.report(
            self.total if status != "confirming" else self.step,
            self.total,
            {
                "status": status,  # type: ignore[dict-item]
                "reward": last,
                "best_reward": self._best_reward,
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
