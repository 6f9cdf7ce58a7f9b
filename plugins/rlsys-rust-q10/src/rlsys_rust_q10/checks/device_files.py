"""The files that the program `rlsys-check` writes: answers to golden vectors, and a trace."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rlsys.errors import CheckFailed
from rlsys_rust_q10.arithmetic.fixed_point import Ints
from rlsys_rust_q10.checks.golden import Batch

ANSWERS = "logits.bin"
TRACE = "trace.csv"
_COLUMNS = (
    "policy",
    "tick",
    "action",
    "misses",
    "completions",
    "switches",
    "observe_ticks",
    "decide_ticks",
    "observation",
    "logits",
)


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers to the vectors of one batch.

    Attributes:
        logits: (N, outputs).
        actions: (N, decisions).
        ticks: (N,), ticks of SysTick that one inference took.
    """

    logits: Ints
    actions: Ints
    ticks: Ints


@dataclass(frozen=True)
class Tick:
    """One tick of the workload under one policy.

    Attributes:
        action: the task that ran, -1 for none.
        misses, completions, switches: running totals after the tick, over all tasks.
        observe_ticks, decide_ticks: ticks of SysTick to build the observation and to choose.
        observation, logits: those of the network; empty for other policies.
    """

    action: int
    misses: int
    completions: int
    switches: int
    observe_ticks: int
    decide_ticks: int
    observation: tuple[int, ...]
    logits: tuple[int, ...]


def read_answers(directory: Path, batches: Sequence[Batch]) -> list[Answers]:
    """Read the answers to `batches`, the vectors in file order.

    Raises:
        CheckFailed: the file is missing or has the wrong length.
    """
    path = directory / ANSWERS
    try:
        words = np.frombuffer(path.read_bytes(), dtype="<i4").astype(np.int64)
    except (OSError, ValueError) as error:
        raise CheckFailed(f"the image left no readable {ANSWERS} ({error})") from error
    widths = [(b.logits.shape[1], b.actions.shape[1], 1) for b in batches]
    wanted = sum(len(b) * sum(width) for b, width in zip(batches, widths, strict=True))
    if len(words) != wanted:
        raise CheckFailed(
            f"{ANSWERS} holds {len(words)} integers, not {wanted}: the image did not answer every "
            "golden vector"
        )
    answers = []
    begin = 0
    for batch, width in zip(batches, widths, strict=True):
        end = begin + len(batch) * sum(width)
        table = words[begin:end].reshape(len(batch), -1)
        logits, actions, ticks = np.split(table, np.cumsum(width)[:-1], axis=1)
        answers.append(Answers(logits, actions, ticks[:, 0]))
        begin = end
    return answers


def read_trace(directory: Path) -> dict[str, list[Tick]]:
    """Read the trace of each policy.

    Raises:
        CheckFailed: the file is missing or malformed, or its ticks are not 0, 1, 2, ...
    """
    path = directory / TRACE
    found: dict[str, list[Tick]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != _COLUMNS:
                raise ValueError(f"its columns are {rows.fieldnames}")
            for row in rows:
                ticks = found.setdefault(row["policy"], [])
                if int(row["tick"]) != len(ticks):
                    raise ValueError(f"tick {row['tick']} of {row['policy']} follows {len(ticks)}")
                ticks.append(_tick(row))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckFailed(f"the image left no readable {TRACE} ({error})") from error
    return found


def _tick(row: dict[str, str]) -> Tick:
    action, misses, completions, switches, observe, decide = (
        int(row[name]) for name in _COLUMNS[2:8]
    )
    return Tick(
        action,
        misses,
        completions,
        switches,
        observe,
        decide,
        _vector(row["observation"]),
        _vector(row["logits"]),
    )


def _vector(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split())
