"""Trains an agent and records where it can stop, what it plays and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.adapters.actions import complaint
from rlsys.controllers import action_masks
from rlsys.descriptors import AgentSpec, resolve
from rlsys.network import Network
from rlsys.policies import Policy
from rlsys.roles import RolePolicy, acting_role, roles_of
from rlsys.testing.subject import Subject
from rlsys.training import Problem, Session

SEED = 5


@dataclass
class Training:
    """One training of the agent under test.

    Attributes:
        directory: where its session stores checkpoints.
        stop_after: number of the boundary at which the user asks to stop; None: never.
        start: the network to start from.
        faults: the first few errors in the actions that it played.
        boundaries: number of boundaries so far.
        lines: what it reported.
    """

    subject: Subject
    spec: AgentSpec
    settings: Any
    directory: Path
    stop_after: int | None = None
    resume: bool = False
    start: Policy | None = None
    masked: bool = False
    faults: list[str] = field(default_factory=list)
    boundaries: int = 0
    lines: list[Mapping[str, Any]] = field(default_factory=list)

    def run(self) -> Policy:
        """Train to the end; errors of the agent or the session are passed on."""
        oracle = self.subject.spec.oracle
        config = self.subject.case.config
        problem = Problem(
            make_env=self.subject.make,
            metrics=tuple(m.name for m in self.subject.spec.metrics if not m.vector),
            make_oracle=None if oracle is None else lambda: resolve(oracle.factory)(config),
        )
        session = Session(
            directory=self.directory,
            seed=SEED,
            problem=problem,
            emit=self.lines.append,
            stop_requested=self._asked,
            validation_episodes=2,
            resume=self.resume,
            start=self.start,
        )
        # Watch only what the agent plays, not the validation that the session plays.
        watched = replace(problem, make_env=self._watched)
        policy: Policy = resolve(self.spec.factory)(self.settings).train(watched, session)
        return policy

    def _asked(self) -> bool:
        self.boundaries += 1
        return self.stop_after is not None and self.boundaries >= self.stop_after

    def _watched(self, num_envs: int) -> Any:
        """Return a fresh environment that records actions that are not allowed."""
        env = self.subject.make(num_envs)
        step: Callable[[Any], Any] = env.step
        self.masked |= hasattr(env, "action_masks")

        def watched(actions: NDArray[Any]) -> Any:
            if len(self.faults) < 3:
                self.faults += action_faults(env, actions, self.spec.uses_masks)
            return step(actions)

        env.step = watched
        return env


def action_faults(env: Any, actions: Any, obey: bool) -> list[str]:
    """Return what is wrong with a batch of actions; `obey`: whether masks count."""
    actions = np.asarray(actions)
    roles = {role.name: role for role in roles_of(env)}
    space = roles[acting_role(env)].action_space if roles else env.single_action_space
    masks = action_masks(env) if obey and not roles else None
    rows = actions.reshape(-1, *actions.shape[2:]) if roles else actions
    told = (
        complaint(space, row, None if masks is None else masks[i]) for i, row in enumerate(rows)
    )
    return [fault for fault in told if fault]


def same_policy(one: Policy, two: Policy) -> bool:
    """Return whether all numbers of two policies are the same."""
    ours, theirs = networks_of(one), networks_of(two)
    return ours.keys() == theirs.keys() and all(
        _same_network(network, theirs[name]) for name, network in ours.items()
    )


def networks_of(policy: Policy) -> dict[str, Network]:
    """Return the networks of a policy by role; without roles, the name is ''."""
    if isinstance(policy, RolePolicy):
        return dict(policy.networks)
    return {"": policy}


def _same_network(one: Network, two: Network) -> bool:
    (head, arrays), (other_head, others) = one.parts(), two.parts()
    head, other_head = {**head, "notes": None}, {**other_head, "notes": None}
    return (
        head == other_head
        and arrays.keys() == others.keys()
        and all(np.array_equal(array, others[name]) for name, array in arrays.items())
    )
