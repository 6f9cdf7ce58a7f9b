"""The episodes: their requests, and what is known about every request in advance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rlsys.errors import ConfigError

from rlsys_cache.config import CacheConfig
from rlsys_cache.synthetic import synthetic_runs
from rlsys_cache.trace import Blocks, read_trace, unroll

Times = NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """The requests of one episode of L requests.

    Attributes:
        keys: the requested blocks, numbered 0, 1, ... in the order of their first request, (L,).
        next_use: number of the next request for the same block, L if there is none, (L,).
        neighbour: requests since the block before it on the disk was requested, L if never, (L,).
    """

    keys: Times
    next_use: Times
    neighbour: Times


def window_of(blocks: Blocks) -> Window:
    """Return the window of an episode that requests `blocks`."""
    length = len(blocks)
    numbers: dict[int, int] = {}
    last: dict[int, int] = {}
    keys = np.empty(length, np.int64)
    next_use = np.full(length, length, np.int64)
    neighbour = np.full(length, length, np.int64)
    for time, block in enumerate(blocks.tolist()):
        keys[time] = numbers.setdefault(block, len(numbers))
        if block in last:
            next_use[last[block]] = time
        if block - 1 in last:
            neighbour[time] = time - last[block - 1]
        last[block] = time
    return Window(keys, next_use, neighbour)


class Episodes:
    """Draws the episodes of a configuration.

    Raises:
        ConfigError: the trace cannot be read or is too short.
    """

    def __init__(self, config: CacheConfig) -> None:
        self.config = config
        self._blocks: Blocks | None = None
        if config.trace is not None:
            self._blocks = _part(config, load(config.trace))

    def draw(self, seed: int, number: int) -> Window:
        """Return episode `number` after a reset with `seed`; equal arguments give equal episodes.

        In the past of a trace it starts anywhere. The future is cut into pieces that do not
        overlap, and consecutive seeds give consecutive pieces.

        Raises:
            ConfigError: every block of a whole trace fits into the cache.
        """
        for attempt in range(_ATTEMPTS):
            window = window_of(self.requests(seed, number, attempt))
            if window.keys.max() >= self.config.size:
                return window
        raise ConfigError(
            f"a cache of {self.config.size} blocks never has to evict within "
            f"{self.config.requests} requests; choose smaller `sizes` or more `requests`"
        )

    def requests(self, seed: int, number: int, attempt: int = 0) -> Blocks:
        """Return the blocks that an episode requests; `draw` tries one attempt after another."""
        length = self.config.requests
        if self._blocks is None:
            rng = np.random.default_rng([seed, number, attempt])
            runs = np.array(synthetic_runs(self.config.synthetic, length, rng), np.int64)
            return unroll(runs[:, 0], runs[:, 1])
        if self.config.part == "past":
            rng = np.random.default_rng([seed, number, attempt])
            start = int(rng.integers(len(self._blocks) - length + 1))
        else:
            start = (seed + number + attempt) % (len(self._blocks) // length) * length
        return self._blocks[start : start + length]


_ATTEMPTS = 100


def _part(config: CacheConfig, blocks: Blocks) -> Blocks:
    cut = int(len(blocks) * config.past)
    part = blocks[:cut] if config.part == "past" else blocks[cut:]
    if len(part) < config.requests:
        raise ConfigError(
            f"the {config.part} of trace {config.trace!r} has {len(part):,} requests, fewer than "
            f"the {config.requests:,} of an episode; set `requests` lower or change `past`"
        )
    return part


def load(trace: str) -> Blocks:
    """Return the blocks of a trace file, or of the package's own for ``builtin``.

    Raises:
        ConfigError: it cannot be read.
    """
    if trace == "builtin":
        with as_file(files("rlsys_cache") / "traces" / "synthetic.lis") as path:
            return _load(path, 0, 0)
    path = Path(trace)
    # Evaluation makes many environments, so files are cached; a changed file is read again.
    found = path.stat() if path.exists() else None
    return _load(path, *((found.st_mtime_ns, found.st_size) if found else (0, 0)))


@lru_cache(maxsize=4)
def _load(path: Path, changed: int, size: int) -> Blocks:
    del changed, size
    return read_trace(path)
