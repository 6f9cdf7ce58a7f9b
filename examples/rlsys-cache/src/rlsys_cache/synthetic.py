"""Synthetic block traces, so that there is something to learn from without real data.

They are not recordings. Like published block traces, they mix:

* **hot blocks**: Zipf popularity over a working set that is scattered over the disk;
* **drift**: from time to time cold blocks replace some of the hot ones;
* **scans**: a file is read from end to end, once;
* **loops**: a file is read from end to end several times.

Files are read in pieces of a few blocks, with requests for hot blocks in between. Scans harm LRU,
drift harms LFU, and a loop longer than the cache harms both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from rlsys_cache.trace import lis_line

DISK = 1 << 24
"""Blocks of the disk: 8 GiB in blocks of 512 bytes."""

Length = Annotated[int, Field(ge=1, le=1_000_000)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class SyntheticConfig(BaseModel):
    """Composition of a synthetic trace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hot_blocks: Length = 150
    """Blocks of the working set."""
    skew: float = Field(default=0.9, ge=0.0, le=3.0)
    """Exponent s of Zipf's law: the block of rank r is requested in proportion to r ** -s."""
    drift_every: Length = 200
    """Requests between two changes of the working set."""
    drift_share: Share = 0.2
    """Fraction of the working set that is replaced each time."""
    file_share: Share = 0.5
    """Fraction of all requests that read files."""
    loop_share: Share = 0.5
    """Fraction of the files that are read in a loop; the others are read once."""
    file_blocks: tuple[Length, Length] = (10, 60)
    """Shortest and longest file, in blocks."""
    loop_rounds: Annotated[int, Field(ge=2, le=1000)] = 4
    """Times that a loop reads its file."""
    piece: Length = 4
    """Maximum number of blocks of a file that are read at a time."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.file_blocks[0] > self.file_blocks[1]:
            raise ValueError(
                f"file_blocks must be [shortest, longest], got {list(self.file_blocks)}"
            )
        return self


def synthetic_runs(
    config: SyntheticConfig, requests: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Return runs (first block, number of blocks) with `requests` requests in total."""
    hot = rng.integers(DISK, size=config.hot_blocks)
    files = _pieces(config, rng)
    popularity = np.arange(1, config.hot_blocks + 1, dtype=np.float64) ** -config.skew
    popularity /= popularity.sum()
    # A piece is several requests; this gives files their share of requests, not of draws.
    mean_piece = (1 + config.piece) / 2
    reading = config.file_share / (config.file_share + (1 - config.file_share) * mean_piece)
    runs: list[tuple[int, int]] = []
    done, next_drift = 0, config.drift_every
    while done < requests:
        if done >= next_drift:
            next_drift += config.drift_every
            replaced = rng.random(config.hot_blocks) < config.drift_share
            hot[replaced] = rng.integers(DISK, size=int(replaced.sum()))
        if rng.random() < reading:
            start, count = next(files)
        else:
            start, count = int(rng.choice(hot, p=popularity)), 1
        count = min(count, requests - done)
        runs.append((start, count))
        done += count
    return runs


def _pieces(config: SyntheticConfig, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Yield the pieces of one file after another."""
    shortest, longest = config.file_blocks
    while True:
        start, length = int(rng.integers(DISK)), int(rng.integers(shortest, longest + 1))
        looped = rng.random() < config.loop_share
        for _ in range(config.loop_rounds if looped else 1):
            read = 0
            while read < length:
                count = min(int(rng.integers(1, config.piece + 1)), length - read)
                yield start + read, count
                read += count


def lis_text(requests: int, seed: int) -> str:
    """Return a trace with the default settings as the text of a ``.lis`` file."""
    runs = synthetic_runs(SyntheticConfig(), requests, np.random.default_rng(seed))
    return "".join(lis_line(start, count, number) for number, (start, count) in enumerate(runs))
