"""Work units: one training of one case with one seed, alone in this process or in a worker.

A unit is a picklable description.  It runs here, or in a pool of worker processes; what it
reports travels to the process that owns the run directory, so that the outcome is the same.
"""

from __future__ import annotations

import json
import multiprocessing
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rlsys.config import Document
from rlsys.descriptors import resolve
from rlsys.errors import Interrupted, UserError
from rlsys.plugins import PluginManager, PluginOptions
from rlsys.policies import Policy, load_policy
from rlsys.registry import Registry
from rlsys.roles import roles_of
from rlsys.runconfig import Plan, plan_of
from rlsys.runs import timestamp, write_atomically
from rlsys.training import NETWORK_FILE, Agent, Problem, Session
from rlsys.workers import follow_parent, stop_on_signal, working

Emit = Callable[[Mapping[str, Any]], None]
SUMMARY_FILE = "training.json"


@dataclass(frozen=True)
class TrainingUnit:
    """One training, from nothing to its network.

    Attributes:
        plugins: which plugins to load.
        config: the resolved run configuration, JSON types.
        case: name of the case to train on.
        seed: of this training.
        directory: where its network and checkpoints go.
        resume: whether to go on from what is there.
    """

    plugins: PluginOptions
    config: Mapping[str, Any]
    case: str
    seed: int
    directory: Path
    resume: bool

    def run(self, emit: Emit, stop_requested: Callable[[], bool]) -> None:
        """Train; a unit that is already done is left as it is."""
        if (self.directory / NETWORK_FILE).exists():
            return
        plan = plan_of(Registry(PluginManager(self.plugins)), Document(dict(self.config)))
        train_pipeline(plan, self, emit, stop_requested)


def problem_of(plan: Plan, case: str) -> Problem:
    """Return what an agent needs to know of a case."""
    spec, config = plan.environment, plan.case(case).config
    make_vector_env = resolve(spec.vector_env)
    drawn = {figure.metric for figure in spec.learning_figures}
    return Problem(
        make_env=lambda num_envs: make_vector_env(config, num_envs),
        metrics=tuple(m.name for m in spec.metrics if not m.vector or m.name in drawn),
        make_oracle=partial(resolve(spec.oracle.factory), config) if spec.oracle else None,
    )


def agent_directory(unit: Path, index: int, name: str) -> Path:
    """Return where the checkpoints of the pipeline's agent number `index` are."""
    return unit / "checkpoints" / f"{index}-{name}"


def train_pipeline(
    plan: Plan, unit: TrainingUnit, emit: Emit, stop_requested: Callable[[], bool]
) -> None:
    """Train the agents one after another, each from the best network of the one before."""
    network: Policy | None = None
    summary = []
    _check_roles(plan, unit.case)
    for index, (spec, settings) in enumerate(plan.agents):
        directory = agent_directory(unit.directory, index, spec.name)
        done = directory / SUMMARY_FILE
        if not (unit.resume and done.exists()):
            # Made anew for each agent: one may leave its environment in the middle of an episode.
            session = Session(
                directory=directory,
                seed=unit.seed,
                problem=problem_of(plan, unit.case),
                start=network,
                emit=partial(_emit_line, emit, unit, spec.name),
                stop_requested=stop_requested,
                checkpoint_every=plan.config.training.checkpoint_every,
                keep_periodic=plan.config.training.keep_periodic,
                validation_episodes=plan.config.training.validation_episodes,
                resume=unit.resume,
            )
            agent: Agent = resolve(spec.factory)(settings)
            agent.train(session.problem, session)
            write_atomically(
                done,
                json.dumps({"seconds": session.seconds, "validation_reward": session.best_reward}),
            )
        summary.append({"agent": spec.name, **json.loads(done.read_text(encoding="utf-8"))})
        network = load_policy(directory / "best" / NETWORK_FILE)
    if network is None:
        raise ValueError("a pipeline needs an agent")
    write_atomically(unit.directory / SUMMARY_FILE, json.dumps({"agents": summary}, indent=2))
    network.save(unit.directory / NETWORK_FILE)


def _check_roles(plan: Plan, case: str) -> None:
    """Refuse agents that cannot train an environment with, or without, several roles."""
    env = problem_of(plan, case).make_env(1)
    try:
        roles = [role.name for role in roles_of(env)]
    finally:
        env.close()
    for spec, _ in plan.agents:
        if roles and spec.roles == "none":
            raise UserError(
                f"agent {spec.name!r} trains one policy, and {plan.environment.name} has the roles "
                f"{', '.join(roles)}; choose an agent for several roles with --agent"
            )
        if not roles and spec.roles == "several":
            raise UserError(
                f"agent {spec.name!r} trains environments with several roles, and "
                f"{plan.environment.name} has none; choose another with --agent"
            )


def _emit_line(emit: Emit, unit: TrainingUnit, agent: str, metrics: Mapping[str, Any]) -> None:
    emit({"time": timestamp(), "case": unit.case, "seed": unit.seed, "agent": agent, **metrics})


def run_units(units: Sequence[TrainingUnit], jobs: int, emit: Emit) -> None:
    """Run all units, `jobs` at a time.

    SIGINT and SIGTERM end them at their next boundary with everything saved; a second SIGINT ends
    at once.

    Raises:
        Interrupted: the user asked to stop.
    """
    with stop_on_signal() as stop:
        if jobs <= 1 or len(units) <= 1:
            for unit in units:
                unit.run(emit, stop.is_set)
        else:
            _run_pool(units, jobs, emit, stop)
        if stop.is_set():
            raise Interrupted("stopped; go on with --resume")


_worker: dict[str, Any] = {}


def _start_worker(lines: Any, stop: Any) -> None:
    follow_parent()
    _worker.update(lines=lines, stop=stop)


def _run_in_worker(unit: TrainingUnit) -> None:
    with working():
        unit.run(_worker["lines"].put, _worker["stop"].is_set)


def _run_pool(units: Sequence[TrainingUnit], jobs: int, emit: Emit, stop: threading.Event) -> None:
    context = multiprocessing.get_context("spawn")
    lines, worker_stop = context.Queue(), context.Event()
    failure: BaseException | None = None
    with ProcessPoolExecutor(
        jobs, context, initializer=_start_worker, initargs=(lines, worker_stop)
    ) as pool:
        pending: set[Future[None]] = {pool.submit(_run_in_worker, unit) for unit in units}
        while pending:
            done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            _drain(lines, emit)
            for future in done:
                error = None if future.cancelled() else future.exception()
                if isinstance(error, BrokenProcessPool):
                    error = UserError(
                        "a training process was killed (perhaps for memory: try fewer --jobs); "
                        "go on with --resume"
                    )
                if error is not None and not isinstance(error, Interrupted):
                    failure = failure or error
            if stop.is_set() or failure:
                worker_stop.set()
                for future in pending:
                    future.cancel()
    _drain(lines, emit)
    if failure:
        raise failure


def _drain(lines: Any, emit: Emit) -> None:
    while True:
        try:
            emit(lines.get(timeout=0.01))
        except queue.Empty:
            return
