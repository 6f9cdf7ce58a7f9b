"""Where the instances of an environment come from.

An instance is a function of a ticket, a whole number. So an episode can be told from its ticket,
and copies with the same ticket play the same instance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from rlsys.errors import UserError
from rlsys_jobshop.env.config import JobshopConfig, RandomShop
from rlsys_jobshop.formats import read_instance
from rlsys_jobshop.instances import (
    FACTORY_SIZES,
    classic,
    classic_names,
    factory,
    family_names,
    random_classic,
    random_flexible,
    random_hurink,
)
from rlsys_jobshop.problem import Instance, build

REMEMBERED = 256
"""Random instances that are kept after they were drawn."""


class Source:
    """Instances by ticket.

    Args:
        draw: the instance of a ticket.
        count: how many there are; None: as many as tickets.
        most_jobs: of any of them.
    """

    def __init__(self, draw: Callable[[int], Instance], count: int | None, most_jobs: int) -> None:
        self.instance = lru_cache(REMEMBERED)(draw)
        self.count = count
        self.most_jobs = most_jobs


def source_of(config: JobshopConfig) -> Source:
    """Return the instances that a configuration names.

    Raises:
        UserError: an instance is neither a published one nor a file, or the file is wrong.
    """
    if config.random is not None:
        shop = config.random
        return Source(lambda ticket: _drawn(shop, ticket), None, _most_jobs(shop))
    given = listed(config.instances)
    return Source(
        lambda ticket: given[ticket % len(given)],
        len(given),
        max(instance.jobs for instance in given),
    )


def listed(names: Sequence[str]) -> list[Instance]:
    """Return instances by the name of an instance, of a family, or of a file.

    Raises:
        UserError: see `source_of`.
    """
    found: list[Instance] = []
    for name in names:
        if Path(name).is_file():
            found.append(read_instance(Path(name)))
        elif name in family_names():
            found += [classic(member) for member in classic_names(name)]
        else:
            try:
                found.append(classic(name))
            except UserError as error:
                raise UserError(f"instances: {error}; and there is no file {name!r}") from error
    return found


def _drawn(shop: RandomShop, ticket: int) -> Instance:
    generator = np.random.default_rng(ticket)
    if shop.kind == "factory":
        return build(factory(shop.size, generator))
    jobs = int(generator.integers(*shop.jobs, endpoint=True))
    machines = int(generator.integers(*shop.machines, endpoint=True))
    low, high = shop.durations
    if shop.kind == "classic":
        return random_classic(jobs, machines, generator, low, high)
    if shop.kind == "brandimarte":
        alternatives = (shop.alternatives[0], min(shop.alternatives[1], machines))
        return random_flexible(
            jobs, machines, shop.operations, alternatives, shop.spread, generator, low, high
        )
    return random_hurink(shop.kind, jobs, machines, generator)


def _most_jobs(shop: RandomShop) -> int:
    return FACTORY_SIZES[shop.size].jobs if shop.kind == "factory" else shop.jobs[1]
