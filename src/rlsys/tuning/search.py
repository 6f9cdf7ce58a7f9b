"""`rlsys tune`: search the settings of a plan's agents with Optuna.

The study is the file ``study.db`` in the run directory; only this process reads and writes it.
Each suggestion has its own seed, made from the run's seed and the number of suggestions before it.
So a search with one job that is interrupted and resumed tries what it would have tried anyway.  An
interrupted trial is marked failed and its settings are tried again.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from rlsys.config.document import Document
from rlsys.config.plan import Plan, plan_of
from rlsys.errors import ConfigError, Interrupted
from rlsys.executors.executor import Executor, TrialRunner
from rlsys.executors.stopping import stop_on_signal
from rlsys.executors.training_unit import training_units
from rlsys.executors.trials import Ending, TrialUnit
from rlsys.plugins.run_events import RunEvents
from rlsys.plugins.workplace import Workplace
from rlsys.storage.atomic import write_atomically
from rlsys.tuning.layout import BEST_FILE, policy_directory, trial_directory
from rlsys.tuning.outcome import check_success, counted
from rlsys.tuning.pruning import TrialProgress
from rlsys.tuning.space import Dimension, difference, present_settings, trial_config
from rlsys.tuning.study import (
    STUDY_FILE,
    fail_running,
    open_storage,
    open_study,
    readable_errors,
    seeded,
)

if TYPE_CHECKING:
    from optuna import Study, Trial

VALIDATIONS = 10
"""Least number of validations of an agent in a trial; at each it may be pruned."""

TRIALS_BEFORE_PRUNING = 4
"""Finished trials before the first is pruned, by their median."""


def trial_plan(plan: Plan) -> Plan:
    """Return the plan with checkpoints so frequent that a bad trial shows early."""
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
    return replace(plan, config=config, exports=())


@dataclass
class Search:
    """A study and what its trials need.

    Attributes:
        plan: from `trial_plan`.
        directory: the run directory, where the study and the trials go.
        record: keeps a line of metrics.
        space: what is searched.
        trials: how many trials to finish in all.
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
    _progress: dict[int, TrialProgress] = field(default_factory=dict)

    def execute(self) -> Study:
        """Run the trials that are left; call it while the run directory is held for writing.

        Raises:
            Interrupted: the user asked to stop; the study is kept.
            UserError: the study has another search space, no trial succeeded, or the disk is full.
        """
        events = RunEvents(self.work.manager, self.directory)
        events.started(self.plan.config.model_dump(mode="json"))
        status = "failed"
        try:
            with readable_errors(self.directory / STUDY_FILE):
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
        import optuna

        described = {dimension.name: dimension.describe() for dimension in self.space}
        study = open_study(
            open_storage(self.directory / STUDY_FILE),
            described,
            lambda begun: f"{self.directory}: {difference(begun, described)}",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING),
        )
        own = present_settings(self.plan, self.space)
        if own is not None and not study.get_trials(deepcopy=False):
            study.enqueue_trial(own)
        for trial in fail_running(study):
            self._try_again(study, trial.number)
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
                raise Interrupted("stopped; continue with --resume")

    def _ask(self, study: Study, pool: TrialRunner) -> None:
        from optuna.samplers import TPESampler

        study.sampler = seeded(
            TPESampler, self.plan.config.seed, counted(study), constant_liar=pool.slots > 1
        )
        trial = study.ask({d.name: d.distribution() for d in self.space})
        directory = trial_directory(self.directory, trial.number)
        config = trial_config(self.plan, self.space, trial.params)
        self._asked[trial.number] = trial
        try:
            plan = plan_of(self.work.registry, Document(config))
        except ConfigError as error:
            # Each setting is allowed, but not all of them together.
            self._tell(study, Ending(trial.number, reason=str(error)))
            return
        directory.mkdir(parents=True, exist_ok=True)
        write_atomically(directory / "settings.yaml", _settings_file(plan))
        place = partial(policy_directory, directory)
        units = training_units(plan, self.work.manager.options, place, resume=False)
        unit = TrialUnit(trial.number, tuple(units))
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
            study.tell(trial, state=TrialState.FAIL)
            self._try_again(study, ending.number)
            said = "interrupted; --resume tries its settings again"
        else:
            study.tell(trial, score)
            said = f"validation reward {score:.4g}, best {study.best_value:.4g}"
            if study.best_trial.number == ending.number:
                self._keep_best(study)
        done = counted(study) - len(self._asked)
        self.work.progress(f"trial {ending.number} ({done} of {self.trials}): {said}")
        self._discard_checkpoints(ending.number)

    def _try_again(self, study: Study, number: int) -> None:
        """Have another trial try the settings of an interrupted one."""
        params = study.trials[number].params
        study.enqueue_trial(params, user_attrs={"again": number})
        self._discard_checkpoints(number)

    def _discard_checkpoints(self, number: int) -> None:
        """Keep only a finished trial's networks: the replay buffers of all would fill the disk."""
        for directory in trial_directory(self.directory, number).glob("policies/*/*/checkpoints"):
            shutil.rmtree(directory)

    def _keep_best(self, study: Study) -> None:
        settings = trial_directory(self.directory, study.best_trial.number) / "settings.yaml"
        write_atomically(self.directory / BEST_FILE, settings.read_text(encoding="utf-8"))


def _settings_file(plan: Plan) -> str:
    """Return a trial's settings as a file for ``--config``: enough to repeat its training."""
    config = plan.config.model_dump(mode="json")
    keys = ("checkpoint_every", "validate_every", "validation_episodes", "transfer", "promotion")
    training = {key: config["training"][key] for key in keys}
    data = {"preset": config["preset"], "agents": config["agents"], "training": training}
    return (
        "# For --config. Settings of the environment are not included: give --set again.\n"
        + yaml.safe_dump(data, sort_keys=False)
    )
