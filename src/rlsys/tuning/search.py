"""`rlsys tune`: search the settings of a plan's agents with Optuna.

The study lies in ``study.db`` of the run directory; this process alone reads and writes it.  Every
suggestion is drawn with a seed of its own, made of the run's seed and of how many suggestions came
before, so that a search of one job that was interrupted and resumed tries what it would have tried.
An interrupted trial is marked failed and its settings are tried again.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from rlsys.config.document import Document
from rlsys.config.plan import Plan, plan_of
from rlsys.errors import ConfigError, Interrupted, UserError
from rlsys.evaluation.evaluate import make_env_of
from rlsys.evaluation.report import result_document
from rlsys.evaluation.statistics import summarise
from rlsys.executors.executor import Executor, TrialRunner
from rlsys.executors.stopping import stop_on_signal
from rlsys.executors.training_unit import TrainingUnit
from rlsys.executors.trials import Ending, TrialUnit
from rlsys.plugins.run_events import RunEvents
from rlsys.plugins.workplace import Workplace
from rlsys.policies import controller_of, load_policy
from rlsys.rollout import play
from rlsys.seeds import validation_seeds
from rlsys.storage.atomic import write_atomically
from rlsys.training import NETWORK_FILE
from rlsys.tuning.space import Dimension, present_settings, trial_config

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
from rlsys.tuning.pruning import METRIC, TrialProgress
from rlsys.tuning.study import (
    STUDY_FILE,
    check_success,
    counted,
    importances,
    is_interrupted,
    open_study,
    readable_errors,
    sampler,
)

BEST_FILE = "best.yaml"


VALIDATIONS = 10
"""How often an agent is validated in a trial at least, where it counts in steps: to be pruned."""


def trial_plan(plan: Plan) -> Plan:
    """Return the plan with checkpoints often enough that a bad trial is seen early."""
    training = plan.config.training
    every = training.checkpoint_every or math.inf
    for _, settings in plan.agents:
        steps = getattr(settings, "steps", None)
        if steps:
            every = min(every, max(1, steps // VALIDATIONS))
    update = {
        "checkpoint_every": 0 if math.isinf(every) else int(every),
        "keep_periodic": False,
    }
    config = plan.config.model_copy(update={"training": training.model_copy(update=update)})
    return Plan(config, plan.environment, plan.cases, plan.agents)


@dataclass
class Search:
    """A study and what its trials need.

    Attributes:
        plan: from `trial_plan`.
        directory: the run directory, where the study and the trials go.
        record: keeps a line of metrics.
        space: what is searched.
        trials: how many trials are to be finished in all.
        executor: where they run.
    """

    work: Workplace
    plan: Plan
    directory: Path
    record: Callable[[Mapping[str, Any]], None]
    space: tuple[Dimension, ...]
    trials: int
    executor: Executor
    _asked: dict[int, Trial] = field(default_factory=dict)
    _units: dict[int, TrialUnit] = field(default_factory=dict)
    _progress: dict[int, TrialProgress] = field(default_factory=dict)

    def execute(self) -> Study:
        """Run the trials that are left; call it while the run directory is held for writing.

        Raises:
            Interrupted: the user asked to stop; the study is kept.
            UserError: another search space than the study's, no trial succeeded, full disk.
        """
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        events = RunEvents(self.work.manager, self.directory)
        events.started(self.plan.config.model_dump(mode="json"))
        status = "failed"
        try:
            with readable_errors(self.directory):
                study = self._open()
                self._search(study, events)
                check_success(study)
                self._keep_best(study)
            status = "complete"
        except (Interrupted, KeyboardInterrupt):
            status = "interrupted"
            raise
        finally:
            events.finished(status)
        return study

    def _open(self) -> Study:
        study = open_study(self.directory / STUDY_FILE)
        described = {dimension.name: dimension.describe() for dimension in self.space}
        begun = study.user_attrs.get("search")
        if begun is None:
            study.set_user_attr("search", described)
            own = present_settings(self.plan, self.space)
            if own is not None:
                study.enqueue_trial(own)
        elif begun != described:
            raise UserError(f"{self.directory}: {_difference(begun, described)}")
        for trial in study.get_trials(deepcopy=False):
            if trial.state.name == "RUNNING":
                self._interrupt(study, trial.number)
        return study

    def _search(self, study: Study, events: RunEvents) -> None:
        def on_line(number: int, line: Mapping[str, Any]) -> None:
            kept = {"trial": number, **line}
            self.record(kept)
            events.metrics(kept)
            if self._progress[number].prunes(line) and number in pool.running:
                pool.stop(number)

        with stop_on_signal() as stop, self.executor.trials() as pool:
            while True:
                while pool.free and not stop.is_set() and counted(study) < self.trials:
                    self._ask(study, pool)
                if stop.is_set():
                    for number in pool.running:
                        pool.stop(number)
                if not pool.running:
                    break
                for ending in pool.wait(on_line):
                    self._tell(study, ending)
            if counted(study) < self.trials:
                raise Interrupted("stopped; go on with --resume")

    def _ask(self, study: Study, pool: TrialRunner) -> None:
        study.sampler = sampler(self.plan.config.seed, counted(study), pool.slots)
        trial = study.ask({d.name: _distribution(d) for d in self.space})
        directory = self._directory(trial.number)
        config = trial_config(self.plan, self.space, trial.params)
        self._asked[trial.number] = trial
        try:
            plan = plan_of(self.work.registry, Document(config))
        except ConfigError as error:
            # The settings are allowed one by one, but not together.
            self._tell(study, Ending(trial.number, reason=str(error)))
            return
        directory.mkdir(parents=True, exist_ok=True)
        write_atomically(directory / "settings.yaml", _settings_file(plan))
        unit = TrialUnit(
            trial.number,
            tuple(
                TrainingUnit(
                    plugins=self.work.manager.options,
                    config=plan.config.model_dump(mode="json"),
                    case=case.name,
                    seed=seed,
                    directory=policy_directory(directory, case.name, seed),
                    resume=False,
                )
                for case in plan.trained_cases
                for seed in plan.config.training_seeds()
            ),
        )
        self._units[trial.number] = unit
        self._progress[trial.number] = TrialProgress(
            trial, len(unit.units), list(plan.config.agents), plan.config.training.checkpoint_every
        )
        pool.start(unit)

    def _tell(self, study: Study, ending: Ending) -> None:
        from optuna.trial import TrialState

        trial = self._asked.pop(ending.number)
        progress = self._progress.get(ending.number)
        score = ending.score
        if score is not None and not math.isfinite(score):
            ending, score = Ending(ending.number, reason=f"validation reward is {score}"), None
        if ending.reason is not None:
            trial.set_user_attr("reason", ending.reason)
            study.tell(trial, state=TrialState.FAIL)
            said = f"failed: {ending.reason}"
        elif progress is not None and progress.pruned:
            study.tell(trial, state=TrialState.PRUNED)
            said = "pruned: below the median of the finished trials"
        elif score is None:
            self._interrupt(study, ending.number)
            said = "interrupted; --resume tries its settings again"
        else:
            study.tell(trial, score)
            said = f"validation reward {score:.4g}, best {study.best_value:.4g}"
            if study.best_trial.number == ending.number:
                self._keep_best(study)
        done = counted(study) - len(self._asked)
        self.work.progress(f"trial {ending.number} ({done} of {self.trials}): {said}")
        self._discard_checkpoints(ending.number)

    def _interrupt(self, study: Study, number: int) -> None:
        from optuna.trial import TrialState

        study.tell(number, state=TrialState.FAIL)
        params = study.trials[number].params
        study.enqueue_trial(params, user_attrs={"again": number})
        self._discard_checkpoints(number)

    def _discard_checkpoints(self, number: int) -> None:
        """A finished trial keeps its networks; replay buffers of all trials would fill the disk."""
        for directory in self._directory(number).glob("policies/*/*/checkpoints"):
            shutil.rmtree(directory)

    def _directory(self, number: int) -> Path:
        return self.directory / "trials" / f"{number:03d}"

    def _keep_best(self, study: Study) -> None:
        settings = self._directory(study.best_trial.number) / "settings.yaml"
        write_atomically(self.directory / BEST_FILE, settings.read_text(encoding="utf-8"))

    def document(self, study: Study) -> dict[str, Any]:
        """Return the result document: the best trial, played on the validation episodes."""
        directory = self._directory(study.best_trial.number)
        rows = [self._row(case.name, directory) for case in self.plan.trained_cases]
        document = result_document(
            plugin=self.plan.config.plugin,
            preset=self.plan.config.preset,
            run=str(self.directory),
            status="complete",
            seeds=self.plan.config.training_seeds(),
            evaluation=None,
            artefacts={"best": BEST_FILE, "study": STUDY_FILE},
            notes=[*_counts(study), *_importance_notes(study)],
        )
        document["results"] = rows
        return document

    def _row(self, case: str, directory: Path) -> dict[str, Any]:
        make_env = make_env_of(self.plan.environment, self.plan.case(case))
        seeds = validation_seeds(self.plan.config.training.validation_episodes)
        rewards = []
        for seed in self.plan.config.training_seeds():
            network = load_policy(policy_directory(directory, case, seed) / NETWORK_FILE)
            rewards.append(play(make_env, controller_of(network), seeds)["reward"])
        said = summarise(np.array(rewards))
        return {
            "case": case,
            "controller": self.plan.controller_name,
            "kind": "learned",
            "metric": METRIC,
            "unit": "",
            "better": "higher",
            "n": said.n,
            "mean": said.mean,
            "iqm": said.iqm,
            "low": said.low,
            "high": said.high,
        }


def policy_directory(trial: Path, case: str, seed: int) -> Path:
    """Return where a trial's policy for `case` and `seed` is."""
    return trial / "policies" / case / f"seed-{seed}"


def _counts(study: Study) -> Iterator[str]:
    trials = study.get_trials(deepcopy=False)
    count = {
        "finished": sum(t.state.name == "COMPLETE" for t in trials),
        "pruned": sum(t.state.name == "PRUNED" for t in trials),
        "failed": sum(t.state.name == "FAIL" and not is_interrupted(t) for t in trials),
        "interrupted": sum(map(is_interrupted, trials)),
    }
    yield "trials: " + ", ".join(f"{number} {name}" for name, number in count.items())
    yield (
        f"{METRIC} is measured on the episodes that chose the settings, so it flatters them; "
        f"`rlsys run ... --config {BEST_FILE}` measures on held-out episodes"
    )


def _importance_notes(study: Study) -> Iterator[str]:
    shares = importances(study)
    if shares:
        listed = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
        yield f"importance of the settings (PED-ANOVA): {listed}"


def _distribution(dimension: Dimension) -> BaseDistribution:
    from optuna import distributions

    if dimension.values is not None:
        return distributions.CategoricalDistribution(tuple(dimension.values))
    if dimension.integer:
        return distributions.IntDistribution(
            int(dimension.low), int(dimension.high), log=dimension.log
        )
    return distributions.FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _settings_file(plan: Plan) -> str:
    """Return a trial's settings as a file for ``--config``: enough to repeat its training."""
    config = plan.config.model_dump(mode="json")
    keys = ("checkpoint_every", "validate_every", "validation_episodes")
    training = {key: config["training"][key] for key in keys}
    data = {"preset": config["preset"], "agents": config["agents"], "training": training}
    return (
        "# For --config. Settings of the environment are not part of it: give --set again.\n"
        + yaml.safe_dump(data, sort_keys=False)
    )


def _difference(begun: Mapping[str, str], now: Mapping[str, str]) -> str:
    advice = "; resume with the same --search, or begin another search with another --out"
    for name in {**begun, **now}:
        old, new = begun.get(name), now.get(name)
        if old != new:
            shown = " and ".join(
                (
                    f"was begun with --search {name}={old}" if old else f"did not search {name}",
                    f"is resumed with {new}" if new else "is resumed without it",
                )
            )
            return shown + advice
    raise ValueError("the search spaces are the same")
