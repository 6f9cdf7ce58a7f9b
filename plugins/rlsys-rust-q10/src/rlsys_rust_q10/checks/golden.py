"""Golden vectors: inputs with the outputs that every implementation must produce.

``vectors.bin`` holds little-endian 32-bit integers: a header of seven (magic ``RLQG``, version,
number of records, kind, inputs or features, outputs or outputs without an item, actions), then
the records one after another.

* kind 0, stack: the inputs, the mask (`actions` flags, 0 or 1; none if `actions` is 0), the
  logits, the action;
* kind 1, scorer: n, n rows of features, the mask (n + outputs flags, if `actions` is 1), n +
  outputs logits, the action.

An action is one integer, or one per group, or one per output for continuous actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys_rust_q10.arithmetic.fixed_point import Ints
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy

FILE = "vectors.bin"
MAGIC = 0x47514C52
VERSION = 1
_HEADER = 7


@dataclass(frozen=True, eq=False)
class Batch:
    """Vectors of one shape.

    Attributes:
        observations: (N, features) or (N, items, features), fixed point, maybe out of bounds.
        masks: bool (N, actions), or None.
        logits: (N, outputs).
        actions: (N, decisions), see `QuantisedPolicy.decisions`.
    """

    observations: Ints
    masks: NDArray[np.bool_] | None
    logits: Ints
    actions: Ints

    def __len__(self) -> int:
        return len(self.observations)


def solve(policy: QuantisedPolicy, observations: Ints, masks: NDArray[np.bool_] | None) -> Batch:
    """Return vectors with the outputs of the reference."""
    logits = policy.logits(observations)
    actions = policy.decode(logits, masks).reshape(len(logits), -1)
    return Batch(observations, masks, logits, actions)


def write(path: Path, policy: QuantisedPolicy, batches: Sequence[Batch]) -> None:
    """Write the vectors, in order."""
    actions = 0
    if policy.masked:
        actions = 1 if policy.scorer else policy.outputs
    header = [
        MAGIC,
        VERSION,
        sum(len(batch) for batch in batches),
        int(policy.scorer),
        policy.features,
        policy.outputs,
        actions,
    ]
    with path.open("wb") as file:
        file.write(np.asarray(header, dtype="<i4").tobytes())
        for batch in batches:
            file.write(_table(policy.scorer, batch).astype("<i4").tobytes())


def read(path: Path, decisions: int = 1) -> list[Batch]:
    """Read the vectors in file order; neighbours of the same shape form a batch.

    Args:
        decisions: integers in one action.

    Raises:
        UserError: the file is missing, of another kind, or torn.
    """
    try:
        words = np.frombuffer(path.read_bytes(), dtype="<i4").astype(np.int64)
        if len(words) < _HEADER or tuple(words[:2]) != (MAGIC, VERSION):
            raise ValueError("it does not begin like a file of golden vectors")
        return _parse(words, decisions)
    except (OSError, ValueError, IndexError) as error:
        raise UserError(f"{path}: not readable golden vectors: {error}; export again") from error


def equal(one: Sequence[Batch], other: Sequence[Batch]) -> bool:
    """Return whether both hold the same records in the same order."""

    def records(batches: Sequence[Batch]) -> list[Ints]:
        return [row for b in batches for row in _table(b.observations.ndim == 3, b)]

    first, second = records(one), records(other)
    return len(first) == len(second) and all(
        np.array_equal(a, b) for a, b in zip(first, second, strict=True)
    )


def _table(scorer: bool, batch: Batch) -> Ints:
    count = len(batch)
    columns: list[NDArray[np.int64]] = []
    if scorer:
        columns.append(np.full((count, 1), batch.observations.shape[1], dtype=np.int64))
    columns.append(batch.observations.reshape(count, -1))
    if batch.masks is not None:
        columns.append(batch.masks.astype(np.int64))
    return np.concatenate([*columns, batch.logits, batch.actions], axis=1)


class _Form(NamedTuple):
    """How many integers each part of a record has."""

    items: int
    features: int
    size: int
    observation: int
    mask: int
    logits: int
    action: int

    def table(self, rows: Sequence[Ints]) -> Batch:
        """Return records of this form as a batch."""
        table = np.stack(rows)
        _, observations, masks, logits, actions = np.split(table, np.cumsum(self[2:6]), axis=1)
        if self.size:
            observations = observations.reshape(len(table), self.items, self.features)
        return Batch(observations, masks.astype(bool) if self.mask else None, logits, actions)


def _parse(words: Ints, decisions: int) -> list[Batch]:
    _, _, count, kind, features, outputs, actions = (int(word) for word in words[:_HEADER])
    batches: list[Batch] = []
    rows: list[Ints] = []
    form: _Form | None = None
    place = _HEADER
    for _ in range(count):
        if kind:
            items = int(words[place])
            logits = items + outputs
            found = _Form(items, features, 1, items * features, logits * actions, logits, decisions)
        else:
            found = _Form(0, features, 0, features, actions, outputs, decisions)
        end = place + sum(found[2:])
        if end > len(words):
            raise ValueError("it ends within a record")
        if form is not None and form != found:
            batches.append(form.table(rows))
            rows = []
        form = found
        rows.append(words[place:end])
        place = end
    if place != len(words):
        raise ValueError("something follows the last record")
    if form is not None:
        batches.append(form.table(rows))
    return batches
