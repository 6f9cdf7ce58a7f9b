"""Play a cache on the keys of a test."""

from __future__ import annotations

from rlsys.rollout import play

from rlsys_cache.config import CacheConfig
from rlsys_cache.vector_env import CacheVectorEnv


def written(folder, keys):
    """Write a trace of `keys` and return its path."""
    path = folder / "trace.csv"
    path.write_text("".join(f"{time},{key},512\n" for time, key in enumerate(keys)))
    return path


def config_of(folder, keys, places):
    """Return the configuration of an episode that plays exactly `keys`.

    They are written twice: the future of the trace, which has one piece, is the second copy.
    """
    return CacheConfig(
        sizes=(places,),
        requests=len(keys),
        trace=str(written(folder, [*keys, *keys])),
        past=0.5,
        part="future",
    )


def hits(config, controller, seeds=(0,)):
    played = play(lambda n: CacheVectorEnv(config, n), controller, list(seeds), ["misses"])
    return [config.requests - int(misses) for misses in played["misses"]]
