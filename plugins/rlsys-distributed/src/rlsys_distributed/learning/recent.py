"""The newest observations of the programs, for the checks of exporters."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys_distributed.learning.pieces import Piece

MOST_STEPS = 10_000
MOST_BYTES = 64 << 20


class RecentSteps:
    """As many pieces as make up the newest steps.

    Attributes:
        steps: how many there are.
    """

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self.steps = 0
        self._bytes = 0

    def add(self, piece: Piece) -> None:
        """Take a piece, and forget the oldest ones that are too many."""
        self._pieces.append(piece)
        self.steps += len(piece)
        self._bytes += piece.observations.nbytes
        while len(self._pieces) > 1 and (
            self.steps - len(self._pieces[0]) >= MOST_STEPS or self._bytes > MOST_BYTES
        ):
            oldest = self._pieces.popleft()
            self.steps -= len(oldest)
            self._bytes -= oldest.observations.nbytes

    def arrays(self, returns: Iterable[float]) -> dict[str, NDArray[Any]]:
        """Return what `rlsys.training.Session.keep_told` keeps.

        Args:
            returns: of the last whole episodes.
        """
        found: dict[str, NDArray[Any]] = {"returns": np.array(list(returns), np.float64)}
        pieces = self._pieces
        if pieces:
            found["observations"] = np.concatenate([piece.observations for piece in pieces])
            masks = [piece.masks for piece in pieces if piece.masks is not None]
            if len(masks) == len(pieces):
                found["masks"] = np.concatenate(masks)
        return found
