"""A listener that writes a TensorBoard log of every training to the run directory."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rlsys.hookspecs import hookimpl

_LABELS = ("time", "case", "seed", "agent", "step", "total")


class TensorBoardListener:
    """Writes ``tensorboard/CASE/seed-N`` if TensorBoard is installed, else nothing."""

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
            from tensorboard.summary.writer.event_file_writer import (  # type: ignore[import-untyped]
                EventFileWriter,
            )

            path = directory / "tensorboard" / f"{key[0]}" / f"seed-{key[1]}" / key[2]
            self._writers[key] = EventFileWriter(str(path))
        self._writers[key].add_event(_event(metrics))

    @hookimpl
    def rlsys_run_finished(self) -> None:
        """Close the logs."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


def _event(metrics: Mapping[str, Any]) -> Any:
    from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]
    from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]

    values = [
        Summary.Value(tag=name, simple_value=value)
        for name, value in metrics.items()
        if name not in _LABELS and isinstance(value, int | float)
    ]
    return Event(wall_time=metrics["time"], step=metrics["step"], summary=Summary(value=values))
