"""Schedules built by a network: greedily, or as the best of many samples."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rlsys.errors import UserError
from rlsys.network import Network, Scorer
from rlsys_jobshop.problem import Instance, Schedule
from rlsys_jobshop.simulator import Candidates, simulator_of
from rlsys_jobshop.simulator.sights import COLUMNS, Sight

MOST_AT_ONCE = 128
"""Samples that are built side by side."""


def play(
    instance: Instance,
    network: Network,
    *,
    samples: int = 1,
    seed: int = 0,
    candidates: Candidates = "active",
    temperature: float = 1.0,
) -> list[Schedule]:
    """Return `samples` schedules; the first is greedy, the others are drawn from the policy.

    Args:
        instance: what to schedule.
        network: scores candidates by their features.
        samples: at least 1.
        seed: of the draws.
        candidates: what is chosen from; as in training.
        temperature: divides the logits; higher ones deviate more.

    Raises:
        UserError: the network does not score candidates, or a calendar ends before the work.
    """
    sight = require_scorer(network)
    generator = np.random.default_rng(seed)
    schedules: list[Schedule] = []
    while len(schedules) < samples:
        copies = min(MOST_AT_ONCE, samples - len(schedules))
        greedy = not schedules
        simulator = simulator_of(
            [instance] * copies,
            candidates,
            instance.most_choices,
            sight=sight,
        )
        buffer = simulator.features()
        while (width := int(simulator.count.max())) > 0:
            simulator.features(buffer)
            logits = network.logits(buffer[:, :width])
            noise = np.float32(temperature) * generator.gumbel(size=logits.shape)
            if greedy:
                noise[0] = 0.0
            logits = np.where(np.arange(width) < simulator.count[:, None], logits + noise, -np.inf)
            simulator.step(logits.argmax(axis=1))
        schedules += [simulator.schedule(copy) for copy in range(copies)]
    return schedules


def require_scorer(network: Network) -> Sight:
    """Return what a network sees of each candidate.

    Raises:
        UserError: it does not take this plugin's candidates.
    """
    sights: dict[int, Sight] = {len(columns): sight for sight, columns in COLUMNS.items()}
    body = network.body
    if isinstance(body, Scorer) and not body.rest:
        features = int(body.encoder[0].weight.shape[1])
        if features in sights:
            return sights[features]
    widths, views = _or(map(str, sights)), _or(map(repr, COLUMNS))
    raise UserError(
        f"the policy does not score the candidates of a job shop by {widths} features each; "
        f"train one with `rlsys run jobshop` and the view {views}"
    )


def _or(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}"
