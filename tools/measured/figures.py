"""One figure as it stands in a page, named by a few words.

    RESULT CASE CONTROLLER reward interval       74.10 [74.06, 74.14]
    RESULT CASE CONTROLLER METRIC [DECIMALS]     the mean of any metric
    RESULT CASE CONTROLLER gap [DECIMALS]        how far behind the optimum, in reward
    RESULT CASE CONTROLLER share [DECIMALS]      of the gap to the optimum that is closed: 83.3 %
    RESULT CASE CONTROLLER share interval        the same with its interval: 83.3 % [82.2 %, 84.4 %]
    RESULT CASE CONTROLLER of-optimum [DECIMALS] of the optimum's reward: 98.3 %
    RESULT CASE CONTROLLER ahead-of OTHER        the paired difference: 0.84 [0.79, 0.89]

The share of the optimum's reward is that of the two rewards as they are printed, with two decimals:
a reader who divides them gets the same.

RESULT is the name of a folder of docs/measured; for CONTROLLER see `results.find_controller`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from measured.results import Results, TableError, find_controller
from rlsys.evaluation import closed_share, closed_share_text, ranked, values_of, verdicts_of


def figure(results: Results, words: str) -> str:
    """Return the figure that `words` name."""
    match words.split():
        case [name, case, who, quantity, *options]:
            document = results.document(name, case)
            controller = find_controller(document, case, who)
        case _:
            raise TableError(f"{words!r} is not RESULT CASE CONTROLLER QUANTITY [OPTION]")
    match quantity, options:
        case "reward", ["interval"]:
            return interval(_row(document, case, controller))
        case "ahead-of", [other]:
            return interval(_ahead(document, case, controller, other))
        case "share", _:
            share = closed_share(document, case, controller)
            text = closed_share_text(document, case, controller)
            if share is None or text is None:
                raise TableError(f"{name} {case} does not say what {controller} closes of the gap")
            return text if options == ["interval"] else _percent(share, _decimals(options, 1))
        case "of-optimum", _:
            optimum = find_controller(document, case, "optimum")
            if controller == optimum:
                return "100 %"
            mine, best = (round(_row(document, case, c)["mean"], 2) for c in (controller, optimum))
            return _percent(mine / best, _decimals(options, 1))
        case "gap", _:
            optimum = find_controller(document, case, "optimum")
            gap = _row(document, case, optimum)["mean"] - _row(document, case, controller)["mean"]
            return f"{gap:.{_decimals(options, 2)}f}"
    values = values_of(document, case, controller)
    if quantity not in values:
        raise TableError(f"{name} {case} has no quantity {quantity!r}, but {', '.join(values)}")
    return f"{values[quantity]:.{_decimals(options, 2)}f}"


def interval(figures: Mapping[str, float], sign: int = 1) -> str:
    """Return mean and interval; with `sign` -1 as seen from the other side."""
    low, high = sorted((sign * figures["low"], sign * figures["high"]))
    return f"{sign * figures['mean']:.2f} [{low:.2f}, {high:.2f}]"


def _row(document: dict[str, Any], case: str, controller: str) -> dict[str, Any]:
    return next(row for row in ranked(document, case) if row["controller"] == controller)


def _ahead(document: dict[str, Any], case: str, controller: str, other: str) -> dict[str, Any]:
    for verdict in verdicts_of(document, case, "better-than", controller):
        if verdict["reference"] == other:
            return dict(verdict["figures"])
    raise TableError(f"{case}: {controller} is not compared with {other!r}")


def _decimals(options: list[str], default: int) -> int:
    match options:
        case []:
            return default
        case [digit] if digit in ("0", "1", "2", "3"):
            return int(digit)
    raise TableError(f"{' '.join(options)!r} is not a number of decimals, 0 to 3")


def _percent(share: float, decimals: int) -> str:
    return f"{100 * share:.{decimals}f} %"
