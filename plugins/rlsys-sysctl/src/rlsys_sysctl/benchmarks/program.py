"""The command line that all benchmarks have, and how they end when something is wrong."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping

from rlsys.errors import UserError


def parser_for(doc: str | None, *, seconds: float, fixture: bool = True) -> argparse.ArgumentParser:
    """Options that every benchmark has; `doc` is its module's docstring."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument(
        "--seconds", type=_seconds, default=seconds, help=f"length of the run (default {seconds:g})"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the run's random numbers")
    if fixture:
        parser.add_argument(
            "--fixture",
            action="store_true",
            help="set up what runs share, say ready:, and take it down when stdin closes",
        )
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not (seconds > 0 and math.isfinite(seconds)):
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return seconds


def print_metrics(metrics: Mapping[str, float]) -> None:
    """`name: value` lines, as the tuner reads them."""
    for name, value in metrics.items():
        print(f"{name}: {value:.6g}")


def ending_with_errors(main: Callable[[], None]) -> None:
    """Runs `main`; what the surroundings cause becomes one line on stderr and exit code 1."""
    try:
        main()
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
