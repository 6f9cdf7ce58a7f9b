"""Work units: one training of one case with one seed, wherever it runs.

A unit is a picklable description.  It runs in this process or another one (see
`rlsys.executors.executor`).  Its reports are sent to the process that owns the run directory, so
the result is the same.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rlsys.adapters.making import EnvMaker
from rlsys.adapters.preflight import check_repeatable
from rlsys.config.document import Document
from rlsys.config.plan import Plan, plan_of
from rlsys.descriptors import resolve
from rlsys.errors import UserError
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry
from rlsys.policies import Policy, load_policy, with_input_clip, without_input_clip
from rlsys.roles import roles_of
from rlsys.stages import ALL_STEPS
from rlsys.storage.atomic import write_atomically
from rlsys.training import NETWORK_FILE, Agent, Problem, Promoted, Session

Emit = Callable[[Mapping[str, Any]], None]
SUMMARY_FILE = "training.json"
START_FILE = "start.npz"
"""In the directory of a unit that starts from another case: the network that it starts from."""
_CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class TrainingUnit:
    """One training, from the start to its final network.

    Attributes:
        plugins: which plugins to load.
        config: the resolved run configuration, as JSON types.
        case: name of the case to train on.
        seed: of this training.
        directory: where its network and checkpoints go.
        resume: whether to continue from what is in `directory`.
        start: the directory of the unit from whose network it starts, or None.
    """

    plugins: PluginOptions
    config: Mapping[str, Any]
    case: str
    seed: int
    directory: Path
    resume: bool
    start: Path | None = None

    @property
    def ready(self) -> bool:
        """Whether it can run: the unit that it starts from, if any, is done."""
        return self.start is None or (self.start / NETWORK_FILE).exists()

    def take_start(self) -> None:
        """Copy the network that it starts from into its own directory, which is then complete.

        So the unit can run on a machine that has nothing else.
        """
        start = self.directory / START_FILE
        if self.start is not None and not start.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            write_atomically(start, (self.start / NETWORK_FILE).read_bytes())

    def run(self, emit: Emit, stop_requested: Callable[[], bool]) -> None:
        """Train; a unit that is already done is left as it is."""
        if (self.directory / NETWORK_FILE).exists():
            return
        self.take_start()
        plan = plan_of(Registry(PluginManager(self.plugins)), Document(dict(self.config)))
        train_pipeline(plan, self, emit, stop_requested)


def training_units(
    plan: Plan, plugins: PluginOptions, place: Callable[[str, int], Path], *, resume: bool
) -> list[TrainingUnit]:
    """Return every training of a plan, in an order in which it can be run.

    Args:
        place: ``place(case, seed)`` is the directory of a training.
    """
    config = plan.config.model_dump(mode="json")
    units = []
    for case in sorted(plan.trained_cases, key=plan.height):
        start = plan.start(case)
        units += [
            TrainingUnit(
                plugins=plugins,
                config=config,
                case=case.name,
                seed=seed,
                directory=place(case.name, seed),
                resume=resume,
                start=None if start is None else place(start, seed),
            )
            for seed in plan.config.training_seeds()
        ]
    return units


def problem_of(plan: Plan, make_env: EnvMaker) -> Problem:
    """Return what an agent needs to know about the case of `make_env`."""
    spec, config = plan.environment, make_env.config
    drawn = {figure.metric for figure in spec.learning_figures}
    return Problem(
        make_env=make_env,
        metrics=tuple(m.name for m in spec.metrics if not m.vector or m.name in drawn),
        make_oracle=partial(resolve(spec.oracle.factory), config) if spec.oracle else None,
        spaces=resolve(spec.spaces)(config) if spec.spaces else None,
    )


def agent_directory(unit: Path, index: int, name: str) -> Path:
    """Return the checkpoint folder of the pipeline's agent number `index`."""
    return unit / _CHECKPOINTS / f"{index}-{name}"


def train_pipeline(
    plan: Plan, unit: TrainingUnit, emit: Emit, stop_requested: Callable[[], bool]
) -> None:
    """Train the agents one after another, each from the best network of the one before."""
    start = _starting_network(unit)
    network, summary = start, []
    _check_roles(plan, unit.case)
    if not (unit.resume and (unit.directory / _CHECKPOINTS).exists()):
        check_environment(plan, unit.case)
    for index, (spec, settings) in enumerate(plan.agents_for(unit.case)):
        directory = agent_directory(unit.directory, index, spec.name)
        done = directory / SUMMARY_FILE
        if not (unit.resume and done.exists()):
            session = _session(plan, unit, directory, stop_requested)
            session.start = network
            session.emit = partial(_emit_line, emit, unit, spec.name)
            with suppress(Promoted):
                agent: Agent = resolve(spec.factory)(settings)
                agent.train(session.problem, session)
            write_atomically(done, json.dumps(_ending(session)))
        summary.append({"agent": spec.name, **json.loads(done.read_text(encoding="utf-8"))})
        network = load_policy(directory / "best" / NETWORK_FILE)
    if network is None:
        raise ValueError("a pipeline needs an agent")
    if plan.config.playing.beyond_bounds == "clip":
        env = plan.make_env(unit.case)(1)
        network = with_input_clip(network, env)
        env.close()
    outcome: dict[str, Any] = {"agents": summary}
    if start is not None:
        session = _session(plan, unit, unit.directory, stop_requested)
        outcome["before"] = session.measure(start)[session.metric]
    write_atomically(unit.directory / SUMMARY_FILE, json.dumps(outcome, indent=2))
    network.save(unit.directory / NETWORK_FILE)


def _session(
    plan: Plan, unit: TrainingUnit, directory: Path, stop_requested: Callable[[], bool]
) -> Session:
    training = plan.config.training
    make_env = plan.make_env(unit.case)
    session = Session(
        directory=directory,
        seed=unit.seed,
        problem=problem_of(plan, make_env),
        stop_requested=stop_requested,
        checkpoint_every=training.checkpoint_every,
        keep_periodic=training.keep_periodic,
        validate_every=training.validate_every,
        validation_episodes=training.validation_episodes,
        resume=unit.resume,
        promotion=plan.promotion(unit.case),
    )
    make_env.between_steps = session.between_steps
    return session


def _ending(session: Session) -> dict[str, Any]:
    """Return how an agent's training ended; in a stage, report it as well."""
    found = {"seconds": session.seconds, "validation_reward": session.best_reward}
    if session.promotion is None:
        return found
    ended = session.promoted or ALL_STEPS
    session.emit({"step": session.step, "total": session.step, "ended": ended})
    return {**found, "ended": ended, "steps": session.step, "validation": session.best_value}


def _starting_network(unit: TrainingUnit) -> Policy | None:
    if unit.start is None:
        return None
    # It clips to the bounds of the other case, and what a training sees is already clipped.
    return without_input_clip(load_policy(unit.directory / START_FILE))


def check_environment(plan: Plan, case: str) -> None:
    """Find out before a long training, not after it, whether the environment can be played.

    Raises:
        EnvironmentFault: it breaks a promise, cannot be repeated, or does not bear the copies.
    """
    config, environment = plan.config, plan.environment
    if environment.costly or environment.spaces:
        return
    make_env = plan.make_env(case)
    if config.playing.repeatable:
        check_repeatable(make_env, environment.name, make_env.copies)
    wanted = max(config.training.validation_episodes, config.evaluation.episodes)
    make_env(min(wanted, make_env.copies)).close()


def _check_roles(plan: Plan, case: str) -> None:
    """Refuse agents that cannot train an environment with, or without, several roles."""
    env = plan.make_env(case)(1)
    try:
        roles = [role.name for role in roles_of(env)]
    finally:
        env.close()
    for spec, _ in plan.agents:
        if roles and spec.roles == "none":
            raise UserError(
                f"agent {spec.name!r} trains a single policy, but {plan.environment.name} has the "
                f"roles {', '.join(roles)}; choose an agent for several roles with --agent"
            )
        if not roles and spec.roles == "several":
            raise UserError(
                f"agent {spec.name!r} trains environments with several roles, but "
                f"{plan.environment.name} has none; choose another agent with --agent"
            )


def timestamp() -> float:
    """Return seconds since the epoch, for lines of metrics."""
    return round(time.time(), 3)


def _emit_line(emit: Emit, unit: TrainingUnit, agent: str, metrics: Mapping[str, Any]) -> None:
    emit({"time": timestamp(), "case": unit.case, "seed": unit.seed, "agent": agent, **metrics})
