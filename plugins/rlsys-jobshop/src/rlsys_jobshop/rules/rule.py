"""Rules by name, and whole schedules made by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rlsys.errors import UserError, did_you_mean
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.rules import priorities
from rlsys_jobshop.rules.priorities import Priorities, Priority
from rlsys_jobshop.simulator import Candidates, Facts, facts, simulator_of

NOISE = 0.1
"""Spread of `noisy-mwkr`: each priority is multiplied by 1 + NOISE times a normal number."""


@dataclass(frozen=True)
class Rule:
    """A dispatching rule.

    Attributes:
        name, summary: for people.
        priority: the lowest goes first; None: candidates are drawn.
        noise: spread of the factor by which every priority is changed at random; 0: none.
        tries: how many schedules are built; the best is taken.
        looks_ahead: whether it needs the fact `rise`.
    """

    name: str
    summary: str
    priority: Priority | None
    noise: float = 0.0
    tries: int = 1
    looks_ahead: bool = False

    def priorities(self, known: Facts, generator: np.random.Generator) -> Priorities:
        """Return the priorities of all candidates, (copies, width), the lowest first."""
        if self.priority is None:
            return generator.random(known.present.shape)
        found = self.priority(known)
        if self.noise:
            found = found * (1.0 + self.noise * generator.standard_normal(found.shape))
        return found


RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("random", "every candidate is equally likely", None),
        Rule("first-fit", "the job that is listed first", priorities.first_fit),
        Rule("importance-due", "important jobs, then by due date", priorities.importance_due),
        Rule("fifo", "what arrived at its machine first", priorities.fifo),
        Rule("spt", "shortest operation", priorities.spt),
        Rule("mwkr", "most work remaining", priorities.mwkr),
        Rule("mopnr", "most operations remaining", priorities.mopnr),
        Rule("atc", "highest apparent tardiness cost", priorities.atc),
        Rule("wmdd", "earliest weighted modified due date", priorities.wmdd),
        Rule("noisy-mwkr", "best of 128 with noise", priorities.mwkr, NOISE, 128),
        Rule(
            "least-rise",
            "what raises the machines' bounds least",
            priorities.least_rise,
            looks_ahead=True,
        ),
    )
}


def rule_named(name: str) -> Rule:
    """Return a rule.

    Raises:
        UserError: there is no rule of that name.
    """
    try:
        return RULES[name]
    except KeyError:
        raise UserError(f"unknown rule {name!r}{did_you_mean(name, RULES)}") from None


def dispatch(
    instance: Instance,
    rule: Rule,
    *,
    seed: int = 0,
    candidates: Candidates = "active",
) -> list[Schedule]:
    """Return the schedules that a rule builds, as many as it tries.

    Args:
        instance: what to schedule.
        rule: chooses among the candidates.
        seed: of what is random in the rule.
        candidates: what it chooses from.

    Raises:
        UserError: a calendar ends before the work.
    """
    generator = np.random.default_rng(seed)
    simulator = simulator_of([instance] * rule.tries, candidates, instance.most_choices)
    while simulator.count.any():
        known = facts(simulator, rise=rule.looks_ahead)
        simulator.step(priorities.chosen(known, rule.priorities(known, generator)))
    return [simulator.schedule(copy) for copy in range(rule.tries)]
