"""Factories with which the core makes baselines: ``factory(config, **options)``."""

from __future__ import annotations

from rlsys.errors import ConfigError, did_you_mean
from rlsys_mec.baselines.controllers import (
    CoordinateAscent,
    JustInTime,
    LimitedGreedy,
    Random,
    RuleController,
)
from rlsys_mec.baselines.rules import (
    OrderRule,
    UserRule,
    earliest_deadline,
    everybody,
    first_come,
    greedy,
    nobody,
    selfish,
)
from rlsys_mec.config import MecConfig

_USERS: dict[str, UserRule] = {
    "nobody": nobody, "everybody": everybody, "selfish": selfish, "greedy": greedy,
}  # fmt: skip
_ORDERS: dict[str, OrderRule] = {"fifo": first_come, "edf": earliest_deadline}


def rule(config: MecConfig, users: str = "greedy", order: str = "edf") -> RuleController:
    """Return an offloading rule with an order at the server."""
    del config
    if users not in _USERS:
        raise ConfigError(f"unknown offloading rule {users!r}{did_you_mean(users, _USERS)}")
    return RuleController(_USERS[users], _order(order))


def coordinate_ascent(config: MecConfig, restarts: int = 4, order: str = "edf") -> RuleController:
    """Return local search over the offloading users, with an order at the server."""
    del config
    return RuleController(CoordinateAscent(restarts), _order(order))


def limited_greedy(config: MecConfig, limit: float = 0.75, order: str = "fifo") -> RuleController:
    """Return the greedy rule with a limit on the server's work, with an order at the server."""
    del config
    return RuleController(LimitedGreedy(limit), _order(order))


def just_in_time(config: MecConfig, restarts: int | None = None) -> JustInTime:
    """Return the plan of `rlsys_mec.plan`: greedy, or with `restarts` by coordinate ascent."""
    del config
    return JustInTime(restarts)


def random(config: MecConfig) -> Random:
    """Return uniformly drawn actions."""
    del config
    return Random()


def _order(name: str) -> OrderRule:
    if name not in _ORDERS:
        raise ConfigError(f"unknown order {name!r}{did_you_mean(name, _ORDERS)}")
    return _ORDERS[name]
