"""Exports the policies of a run, and collects what exporters need for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlsys.config.plan import Plan, PlannedExport
from rlsys.descriptors import Case, resolve
from rlsys.errors import ConfigError, UserError
from rlsys.evaluation.verdicts import raise_failed_checks
from rlsys.exporters.context import ExportContext
from rlsys.exporters.folder import ChecksFailed, export_network, finished_export
from rlsys.network import Network
from rlsys.plugins.requirements import is_met
from rlsys.plugins.workplace import Workplace
from rlsys.policies import Policy, controller_of, load_policy
from rlsys.roles import RolePolicy, roles_of
from rlsys.rollout import MakeEnv, record
from rlsys.seeds import evaluation_seeds, validation_seeds
from rlsys.storage.hashing import file_hash
from rlsys.training import NETWORK_FILE
from rlsys.workflow.exported import Exported, exported, raise_refusals
from rlsys.workflow.run_directory import RunDirectory
from rlsys.workflow.told import observed
from rlsys.workflow.trained import policy_files


def attempt_exports(
    work: Workplace,
    plan: Plan,
    run: RunDirectory,
    exports: Sequence[PlannedExport],
    *,
    cases: Sequence[str] | None = None,
    seed: int | None = None,
    directory: Path | None = None,
    observations: int = 10_000,
    again: bool = False,
) -> list[Exported]:
    """Export the policies of a run; one that cannot be exported does not keep others from it.

    Args:
        exports: the formats.
        cases: the trained cases; None: all.
        seed: the training seed; None: the first.
        directory: where to write; None: ``exports`` in the run directory.
        observations: number of on-policy observations for the exporters' checks.
        again: whether to export again even if an earlier export is up to date.

    Returns:
        One per policy and format: what was exported, which checks failed, what was refused.

    Raises:
        UserError: a case or seed is unknown, or a training has not finished.
    """
    seed = plan.config.seed if seed is None else seed
    if seed not in plan.config.training_seeds():
        raise UserError(
            f"seed {seed} was not trained; choose one of {plan.config.training_seeds()}"
        )
    trained = [case.name for case in plan.trained_cases]
    for name in cases or ():
        if name not in trained:
            plan.case(name)
            raise ConfigError(f"no policy was trained on case {name!r}; choose one of {trained}")
    policy_files(plan, run)  # raises if a training has not finished
    done = []
    for planned in exports:
        missing = _missing(planned)
        if planned.spec is None or missing:
            done.append(Exported(notes=(f"export {planned.name}: skipped, {missing}",)))
            continue
        for case in cases or trained:
            path = run.policy_directory(case, seed) / NETWORK_FILE
            folder = (directory or run.path / "exports") / planned.name / case
            for role, network in _networks(load_policy(path)):
                of_role = f"{planned.name}-{role}" if role else planned.name
                facts = _Facts(plan.case(case), path, seed, role)
                target = folder / role if role else folder
                try:
                    context = _export_context(plan, run, facts, planned, observations)
                    report = None
                    if not again:
                        report = finished_export(planned.spec, target, context, planned.settings)
                    if report is None:
                        work.progress(f"export {planned.name}: {case}{role and f', {role}'}")
                        report = export_network(
                            network, planned.spec, target, context, planned.settings
                        )
                except ChecksFailed as error:
                    report = error.report
                except UserError as error:
                    note = f"{case}: export {of_role}: refused, {error}"
                    done.append(Exported(notes=[note], refusal=error))
                    continue
                done.append(exported(planned.name, case, of_role, report))
    return done


def export_policies(
    work: Workplace, plan: Plan, run: RunDirectory, exports: Sequence[PlannedExport]
) -> list[Exported]:
    """Export all policies of a run, or raise.

    Raises:
        UserError: an exporter cannot export a policy.
        CheckFailed: an exported policy does not act like the original.
    """
    done = attempt_exports(work, plan, run, exports)
    raise_refusals(done)
    raise_failed_checks(verdict.row() for export in done for verdict in export.verdicts)
    return done


@dataclass(frozen=True)
class _Facts:
    """The network to export; `role` is empty if the policy has no roles."""

    case: Case
    path: Path
    seed: int
    role: str


def _networks(policy: Policy) -> list[tuple[str, Network]]:
    """Return the networks of a policy, with the roles that they belong to."""
    if isinstance(policy, RolePolicy):
        return list(policy.networks.items())
    return [("", policy)]


def _export_context(
    plan: Plan, run: RunDirectory, facts: _Facts, planned: PlannedExport, observations: int
) -> ExportContext:
    make_env = plan.make_env(facts.case.name)
    cannot_be_played = plan.environment.spaces is not None
    seen, masks = None, None
    if cannot_be_played:
        seen, masks = observed(plan, run, facts.case.name, facts.seed, observations)
    elif not plan.environment.costly:
        controller = controller_of(load_policy(facts.path))
        seen, masks = record(
            make_env,
            controller,
            validation_seeds(min(16, make_env.copies)),
            observations,
            facts.role or None,
        )
    low, high, layout = _told_by(make_env, facts.role)
    settings = plan.config.evaluation
    episodes = evaluation_seeds(settings.episodes, settings.first_episode)
    make_application = plan.environment.application
    application = None
    if make_application is not None and not facts.role:
        application = resolve(make_application)(facts.case.config, episodes[0])
    notes = {
        "agent": plan.controller_name,
        "seed": facts.seed,
        "network": file_hash(facts.path),
        **({"role": facts.role} if facts.role else {}),
        **layout,
    }
    return ExportContext(
        observations=seen,
        masks=masks,
        low=low,
        high=high,
        environment=plan.environment.name,
        case=facts.case.name,
        notes=notes,
        # An exporter plays with one network; those of the other roles would be missing.
        make_env=None if facts.role or cannot_be_played else make_env,
        episodes=episodes,
        application=application,
        optional=planned.optional,
    )


def _told_by(make_env: MakeEnv, role: str) -> tuple[Any, Any, dict[str, Any]]:
    """Return the bounds of one agent's observation, None if there are none, and the layouts.

    An existing environment says what the network's inputs and actions mean (``layouts``).
    """
    env = make_env(1)
    try:
        space = getattr(env, "single_observation_space", None)
        for one in roles_of(env):
            space = one.observation_space if one.name == role else space
        layouts = getattr(env, "layouts", {}).get(role, {})
        told = {f"{name}_layout": list(lines) for name, lines in layouts.items()}
        return getattr(space, "low", None), getattr(space, "high", None), told
    finally:
        env.close()


def _missing(planned: PlannedExport) -> str:
    """Return why an optional export is skipped; empty if it is not."""
    if planned.spec is None:
        return f"no installed plugin provides it (pip install 'rlsys[{planned.name}]')"
    if not planned.optional:
        return ""
    missing = [r for r in planned.spec.requires if not is_met(r)]
    return "; ".join(f"{r.name} is missing ({r.fix})" for r in missing)
