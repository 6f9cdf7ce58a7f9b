"""Where the instances of an environment come from.

An instance is a function of a ticket, a whole number. So an episode can be told from its ticket,
and copies with the same ticket play the same instance.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
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
from rlsys_jobshop.instances.published import exact_name
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

    Held-out ones are looked up too, so that a wrong name or file ends a training before it begins.

    Raises:
        UserError: an instance is neither a published one nor a file, or the file is wrong.
    """
    for case, names in config.held_out.items():
        for found in _found(names, f"held_out.{case}"):
            if isinstance(found, Path):
                read_instance(found)
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
    return [
        read_instance(found) if isinstance(found, Path) else classic(found)
        for found in _found(names, "instances")
    ]


def _found(names: Sequence[str], field: str) -> Iterator[Path | str]:
    """Yield the file, or the listed names of published instances, that each name stands for."""
    for name in names:
        if os.path.isfile(name):  # where `Path.is_file` raises: names too long for the system
            yield Path(name)
        elif name in family_names():
            yield from classic_names(name)
        else:
            try:
                yield exact_name(name)
            except UserError as error:
                reason = str(error).removeprefix("instance: ")
                raise UserError(f"{field}: {reason}; and there is no file {name!r}") from error


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
        fewest, most = shop.alternatives
        alternatives = (min(fewest, machines), min(most, machines))
        return random_flexible(
            jobs, machines, shop.operations, alternatives, shop.spread, generator, low, high
        )
    return random_hurink(shop.kind, jobs, machines, generator)


def _most_jobs(shop: RandomShop) -> int:
    return FACTORY_SIZES[shop.size].jobs if shop.kind == "factory" else shop.jobs[1]
