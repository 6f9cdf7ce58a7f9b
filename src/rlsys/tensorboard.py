"""A listener that keeps a TensorBoard log of every training, in the run directory."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlsys.hookspecs import hookimpl

_LABELS = ("time", "case", "seed", "agent", "step", "total")


class TensorBoardListener:
    """Writes ``tensorboard/CASE/seed-N`` where TensorBoard is installed, else nothing."""

    def __init__(self) -> None:
        self._available = importlib.util.find_spec("tensorboard") is not None
        self._writers: dict[tuple[str, int, str], Any] = {}

    @hookimpl
    def rlsys_run_metrics(self, directory: Path, metrics: Mapping[str, Any]) -> None:
        """Add one line of metrics to the log of its training."""
        if not self._available:
            return
        key = (metrics["case"], metrics["seed"], metrics["agent"])
        if key not in self._writers:
            from torch.utils.tensorboard.writer import SummaryWriter

            path = directory / "tensorboard" / f"{key[0]}" / f"seed-{key[1]}" / key[2]
            self._writers[key] = SummaryWriter(str(path))
        for name, value in metrics.items():
            if name not in _LABELS and isinstance(value, int | float):
                self._writers[key].add_scalar(name, value, metrics["step"])

    @hookimpl
    def rlsys_run_finished(self) -> None:
        """Close the logs."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
