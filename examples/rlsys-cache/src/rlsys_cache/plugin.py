"""What this plugin provides to rlsys; imports nothing heavy."""

from __future__ import annotations

from rlsys.descriptors import (
    CommandSpec,
    ControllerSpec,
    EnvironmentSpec,
    MetricSpec,
    OracleSpec,
)
from rlsys.hookspecs import hookimpl

RLSYS_API_VERSION = 1

_RULES = "rlsys_cache.baselines"


@hookimpl
def rlsys_environments() -> list[EnvironmentSpec]:
    """Describe the cache."""
    return [
        EnvironmentSpec(
            name="cache",
            summary="which block a full cache evicts when it misses",
            config="rlsys_cache.config:CacheConfig",
            vector_env="rlsys_cache.vector_env:CacheVectorEnv",
            cases="rlsys_cache.config:cases",
            presets={name: f"rlsys_cache:presets/{name}.yaml" for name in ("default", "trace")},
            agent="imitation",
            metrics=(
                MetricSpec(
                    name="hit_ratio",
                    summary="hits as a share of all requests",
                    better="higher",
                    curve=True,
                ),
                MetricSpec(
                    name="misses",
                    summary="requests that had to fetch their block",
                    unit="requests",
                    better="lower",
                ),
            ),
            baselines=(
                ControllerSpec(
                    name="random",
                    summary="a random cached block",
                    factory=f"{_RULES}:RandomEviction",
                    options={"seed": 0},
                ),
                ControllerSpec(
                    name="fifo", summary="the block admitted first", factory=f"{_RULES}:fifo"
                ),
                ControllerSpec(
                    name="lru",
                    summary="the block requested least recently",
                    factory=f"{_RULES}:lru",
                ),
                ControllerSpec(
                    name="lfu",
                    summary="the block requested least often since it was admitted",
                    factory=f"{_RULES}:lfu",
                ),
                ControllerSpec(
                    name="perfect-lfu",
                    summary="the block requested least often since the episode began",
                    factory=f"{_RULES}:perfect_lfu",
                ),
                ControllerSpec(
                    name="sieve",
                    summary="FIFO with a hand that spares blocks hit since it last passed",
                    factory="rlsys_cache.sieve:Sieve",
                ),
            ),
            oracle=OracleSpec(
                name="belady",
                summary="evicts the block whose next request is furthest away: the optimum",
                factory="rlsys_cache.oracle:Belady",
            ),
            reference="lru",
        )
    ]


@hookimpl
def rlsys_commands() -> list[CommandSpec]:
    """Describe ``rlsys cache-trace``."""
    return [
        CommandSpec(
            name="cache-trace",
            summary="Write a synthetic block trace to try the cache on.",
            command="rlsys_cache.cli:cache_trace",
        )
    ]
