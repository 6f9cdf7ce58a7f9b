"""Evaluate learned policies, baselines and the optimum on the same held-out episodes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rlsys.adapters.making import reward_threshold_of
from rlsys.adapters.preflight import check_repeatable
from rlsys.adapters.watched import Counts
from rlsys.config.plan import PlayingConfig
from rlsys.controllers import Controller, Oracle
from rlsys.descriptors import Case, ControllerSpec, EnvironmentSpec, MetricSpec, resolve
from rlsys.errors import ConfigError, UserError
from rlsys.evaluation.statistics import gap_closed, paired_difference, summarise
from rlsys.evaluation.verdicts import (
    EXCESS,
    Verdict,
    beaten,
    better_than,
    reaches,
    reaches_threshold,
)
from rlsys.policies import Policy, controller_of
from rlsys.rollout import MakeEnv, play
from rlsys.seeds import evaluation_seeds
from rlsys.storage.atomic import write_atomically

Kind = Literal["learned", "baseline", "oracle"]
Policies = Mapping[str, Mapping[str, Sequence[Policy]]]
"""Learned controllers: by name, then by case, one network per training seed."""

REWARD = MetricSpec(
    name="reward", summary="sum of rewards of an episode", better="higher", curve=True
)


@dataclass(frozen=True)
class Played:
    """The episodes of one controller on one case.

    Attributes:
        values: by metric, shape (trainings, episodes) or (trainings, episodes, parts); a baseline
            or oracle counts as one training.
    """

    case: str
    controller: str
    kind: Kind
    values: Mapping[str, NDArray[np.float64]]

    @property
    def rewards(self) -> NDArray[np.float64]:
        """Rewards, shape (trainings, episodes)."""
        return self.values["reward"]


@dataclass
class Evaluation:
    """Everything that was measured, and the verdicts that follow from it."""

    environment: EnvironmentSpec
    cases: tuple[Case, ...]
    seeds: tuple[int, ...]
    """Seeds of the held-out episodes."""
    played: list[Played] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What could not be measured, and why."""
    thresholds: dict[str, float] = field(default_factory=dict)
    """Mean reward from which a case counts as solved, where one is known."""
    tolerances: dict[str, float] = field(default_factory=dict)
    """By how much an episode may earn more than the oracle of a case, which says so itself."""

    @property
    def metrics(self) -> tuple[MetricSpec, ...]:
        """The reward and the environment's metrics."""
        return (REWARD, *self.environment.metrics)

    def of(self, case: str, kind: Kind | None = None) -> list[Played]:
        """Return what was played on `case`, by controllers of one kind or of all."""
        return [p for p in self.played if p.case == case and kind in (None, p.kind)]

    def results(self) -> list[dict[str, Any]]:
        """Return the result document's rows: one per case, controller, metric and its part."""
        return [
            {
                "case": played.case,
                "controller": played.controller,
                "kind": played.kind,
                "metric": metric.name,
                **({} if part is None else {"part": part}),
                "unit": metric.unit,
                "better": metric.better,
                **summarise(values).fields(),
            }
            for played in self.played
            for metric in self.metrics
            for part, values in _scalars(metric, played.values[metric.name])
        ]

    def verdicts(self) -> list[Verdict]:
        """Compare every learned controller with every baseline and with the optimum.

        If a controller earned more than the optimum in an episode, that is a failed check.
        """
        found: list[Verdict] = []
        for case in self.cases:
            for learned in self.of(case.name, "learned"):
                found += self._verdicts_of(learned)
            for oracle in self.of(case.name, "oracle"):
                found += self._beaten(oracle)
        return found

    def _verdicts_of(self, learned: Played) -> Iterator[Verdict]:
        baselines = self.of(learned.case, "baseline")
        for baseline in baselines:
            ahead = paired_difference(learned.rewards, baseline.rewards[0])
            yield better_than(learned.case, learned.controller, baseline.controller, ahead)
        for oracle in self.of(learned.case, "oracle"):
            ahead = paired_difference(learned.rewards, oracle.rewards[0])
            closed = None
            for baseline in baselines:
                if baseline.controller == self.environment.reference:
                    closed = gap_closed(learned.rewards, baseline.rewards[0], oracle.rewards[0])
            yield reaches(learned.case, learned.controller, oracle.controller, ahead, closed)
        threshold = self.thresholds.get(learned.case)
        if threshold is not None:
            rewards = summarise(learned.rewards)
            yield reaches_threshold(learned.case, learned.controller, threshold, rewards)

    def _beaten(self, oracle: Played) -> Iterator[Verdict]:
        for other in self.of(oracle.case):
            excess = float((other.rewards - oracle.rewards).max())
            if excess > self.tolerances.get(oracle.case, EXCESS):
                yield beaten(oracle.case, oracle.controller, other.controller, excess)

    def write_csv(self, path: Path) -> None:
        """Write every episode: one row per case, controller, training and episode."""
        buffer = io.StringIO()
        names = [metric.name for metric in self.metrics if not metric.vector]
        writer = csv.writer(buffer)
        writer.writerow(["case", "controller", "kind", "training", "seed", *names])
        for played in self.played:
            for training in range(len(played.rewards)):
                for index, seed in enumerate(self.seeds):
                    values = [repr(float(played.values[n][training, index])) for n in names]
                    head = [played.case, played.controller, played.kind, training, seed]
                    writer.writerow([*head, *values])
        write_atomically(path, buffer.getvalue())


def evaluate(
    environment: EnvironmentSpec,
    cases: Sequence[Case],
    policies: Policies,
    *,
    episodes: int,
    first_episode: int = 0,
    baselines: Sequence[str] | None = None,
    oracle: bool = True,
    playing: PlayingConfig | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Play the held-out episodes of every case with every controller.

    Args:
        policies: see `Policies`; a case without networks of its own uses those of `case.policy`.
        baselines: names; None: all.
        oracle: whether to compute the optimum, if there is an oracle.
        playing: how the environment is played and checked; None: the defaults.
        progress: is called with what is being played.
    """
    playing = playing or PlayingConfig()
    seeds = tuple(evaluation_seeds(episodes, first_episode))
    result = Evaluation(environment, tuple(cases), seeds)
    for case in cases:
        make_env = playing.make_env(environment, case.config)
        if playing.repeatable and not environment.costly:
            check_repeatable(make_env, environment.name, make_env.copies)
        threshold = reward_threshold_of(environment, case.config)
        if threshold is not None:
            result.thresholds[case.name] = threshold
        for name, by_case in policies.items():
            networks = by_case.get(case.name) or by_case.get(case.policy or "") or ()
            if networks:
                progress(f"{case.name}: {name}")
                controllers: list[Controller] = [controller_of(n) for n in networks]
                result.played.append(_play(result, make_env, case, name, "learned", controllers))
        for baseline in environment.baselines:
            if baselines is None or baseline.name in baselines:
                progress(f"{case.name}: {baseline.name}")
                controller = make_baseline(baseline, case)
                result.played.append(
                    _play(result, make_env, case, baseline.name, "baseline", [controller])
                )
        if oracle and environment.oracle is not None:
            progress(f"{case.name}: {environment.oracle.name}")
            _add_oracle(result, make_env, case)
        result.notes += _notes_on(case, make_env.counts, playing)
    return result


def make_baseline(baseline: ControllerSpec, case: Case) -> Controller:
    """Return a fresh baseline for a case.

    Raises:
        ConfigError: it does not accept its options.
    """
    try:
        controller: Controller = resolve(baseline.factory)(case.config, **baseline.options)
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{key}={value!r}" for key, value in baseline.options.items())
        raise ConfigError(
            f"baseline {baseline.name!r} with {given or 'no options'}: {error}"
        ) from error
    return controller


def _notes_on(case: Case, counts: Counts, playing: PlayingConfig) -> Iterator[str]:
    """Yield what a reader of the results must know about how they came about."""
    if counts.clipped:
        yield (
            f"{case.name}: {counts.clipped:,} of {counts.observations:,} observations were beyond "
            "their bounds and were clipped (playing.beyond_bounds)"
        )
    if not playing.repeatable:
        yield f"{case.name}: not checked that episodes can be repeated (playing.repeatable)"


def _add_oracle(result: Evaluation, make_env: MakeEnv, case: Case) -> None:
    spec = result.environment.oracle
    if spec is None:
        return
    try:
        oracle: Oracle = resolve(spec.factory)(case.config)
        played = _play(result, make_env, case, oracle.name, "oracle", [oracle])
    except UserError as error:
        result.notes.append(f"{case.name}: no optimum: {error}")
        return
    result.tolerances[case.name] = getattr(oracle, "tolerance", EXCESS)
    result.played.append(played)


def _play(
    result: Evaluation,
    make_env: MakeEnv,
    case: Case,
    name: str,
    kind: Kind,
    controllers: Sequence[Controller],
) -> Played:
    wanted = [metric.name for metric in result.environment.metrics]
    played = [play(make_env, controller, result.seeds, wanted) for controller in controllers]
    values = {key: np.stack([one[key] for one in played]) for key in played[0]}
    return Played(case.name, name, kind, values)


def _scalars(
    metric: MetricSpec, values: NDArray[np.float64]
) -> Iterator[tuple[int | None, NDArray[np.float64]]]:
    if not metric.vector:
        yield None, values
        return
    for part in range(values.shape[-1]):
        yield part, values[..., part]
