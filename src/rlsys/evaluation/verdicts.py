"""Statements that were checked: better than a baseline, as good as the optimum, exported correctly.

Programs read the fields of a verdict.  Its name is only for people: nothing parses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rlsys.errors import CheckFailed
from rlsys.evaluation.statistics import ClosedGap, Summary, better

VerdictKind = Literal["better-than", "reaches", "check"]
THRESHOLD = "reward-threshold"
"""The reference of a verdict about the ``reward_threshold`` of a Gymnasium environment."""
EXCESS = 1e-6
"""A reward may exceed the optimum's by this: the difference comes from the order of summation."""
REACHED = 1e-6
"""A smaller mean gap to the optimum counts as none: it comes from another order of summation."""
SHARE = "share-of-gap-closed"
"""Name of a figure of `reaches`; with ``-low`` and ``-high`` its interval."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One statement and whether it holds.

    Attributes:
        case: what was evaluated or exported.
        kind: ``better-than`` and ``reaches`` compare two controllers. A ``check`` is an exporter's,
            or that nothing beats the optimum; one that does not hold is a failure (exit code 3).
        subject: the controller, or the exporter, that the statement is about.
        reference: the controller that `subject` is compared with, or `THRESHOLD`; None for a check.
        name: for people.
        figures: the numbers or texts that it is based on, by name.
    """

    case: str
    kind: VerdictKind
    subject: str
    reference: str | None
    name: str
    holds: bool
    figures: Mapping[str, float | str]

    def row(self) -> dict[str, Any]:
        """Return the verdict as a row of the result document."""
        return {
            "case": self.case,
            "kind": self.kind,
            "subject": self.subject,
            "reference": self.reference,
            "name": self.name,
            "holds": self.holds,
            "figures": dict(self.figures),
        }


def better_than(case: str, subject: str, reference: str, ahead: Summary) -> Verdict:
    """Return the verdict whether `subject` is better than `reference`.

    Args:
        ahead: summary of the paired difference of rewards, subject minus reference.
    """
    return Verdict(
        case=case,
        kind="better-than",
        subject=subject,
        reference=reference,
        name=f"{subject}-better-than-{reference}",
        holds=better(ahead, "higher"),
        figures=ahead.fields(),
    )


def reaches(
    case: str, subject: str, oracle: str, ahead: Summary, closed: ClosedGap | None
) -> Verdict:
    """Return the verdict whether `subject` reaches the optimum.

    Args:
        ahead: summary of the paired difference of rewards, subject minus optimum.
        closed: how much of the gap from the environment's reference to the optimum is closed; None
            if there is no such gap.
    """
    figures = {"gap": -ahead.mean, "gap-low": -ahead.high, "gap-high": -ahead.low}
    if closed is not None:
        figures[SHARE] = closed.share
        if closed.low is not None and closed.high is not None:
            figures |= {f"{SHARE}-low": closed.low, f"{SHARE}-high": closed.high}
    return Verdict(
        case=case,
        kind="reaches",
        subject=subject,
        reference=oracle,
        name=f"{subject}-reaches-{oracle}",
        holds=abs(ahead.mean) <= REACHED,
        figures=figures,
    )


def reaches_threshold(case: str, subject: str, threshold: float, rewards: Summary) -> Verdict:
    """Return the verdict whether the mean reward of `subject` reaches a fixed threshold.

    Args:
        threshold: mean reward from which the environment counts as solved.
        rewards: summary of the rewards of `subject`.
    """
    return Verdict(
        case=case,
        kind="reaches",
        subject=subject,
        reference=THRESHOLD,
        name=f"{subject}-reaches-{THRESHOLD}",
        holds=rewards.mean >= threshold,
        figures={"threshold": threshold, **rewards.fields()},
    )


def beaten(case: str, oracle: str, other: str, excess: float) -> Verdict:
    """Return the failed check that a controller earned more than the optimum in an episode.

    Args:
        excess: by how much.
    """
    return Verdict(
        case=case,
        kind="check",
        subject=oracle,
        reference=None,
        name=f"{oracle}-not-beaten",
        holds=False,
        figures={
            "because": f"{other} earned {excess:.6g} more than {oracle} in one episode; the oracle "
            "or the environment is wrong"
        },
    )


def raise_failed_checks(verdicts: Iterable[Mapping[str, Any]], hint: str = "") -> None:
    """Raise if a check failed.

    Args:
        verdicts: rows of a result document.
        hint: what the message ends with.

    Raises:
        CheckFailed: names every failed check, one per line.
    """
    failed = [
        f"{row['case']}: check {row['name']!r} failed ({figures_text(row)})"
        for row in verdicts
        if row["kind"] == "check" and not row["holds"]
    ]
    if failed:
        raise CheckFailed("\n".join(failed) + hint)


def verdicts_of(
    document: Mapping[str, Any], case: str, kind: VerdictKind, subject: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the verdicts of one kind in a result document, about one subject or all."""
    for verdict in document["verdicts"]:
        about = subject is None or verdict["subject"] == subject
        if verdict["case"] == case and verdict["kind"] == kind and about:
            yield verdict


def figures_text(verdict: Mapping[str, Any]) -> str:
    """Return the figures of a result document's verdict on one line."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value if isinstance(value, str) else format(value, 'z.6g')}"
        for name, value in verdict["figures"].items()
    )
