"""Stages of a curriculum: when one ends, and how it ended.

A case whose training starts from the policy of another case is a stage, and so is that other case.
"""

from __future__ import annotations

from dataclasses import dataclass

ALL_STEPS = "all its steps were done"
"""Why a stage ended that no rule ended before."""


@dataclass(frozen=True)
class Promotion:
    """The rule that ends an agent's training in a stage before its last step.

    It judges the best network so far, with which the next stage starts. Which network is the best
    is decided by the validation reward alone.

    Attributes:
        metric: ``reward`` or one of the environment's metrics, averaged over the validation
            episodes.
        lower: whether lower values of it are better.
        threshold: the value from which the stage is done; None: no such rule.
        patience: number of validations in a row without a better network after which the stage is
            done; None: no such rule.
    """

    metric: str = "reward"
    lower: bool = False
    threshold: float | None = None
    patience: int | None = None

    def reason(self, value: float | None, waited: int) -> str | None:
        """Return why the stage is done, or None if it is not.

        Args:
            value: the best network's value of `metric`; None before the first validation.
            waited: validations since that network was found.
        """
        if value is None:
            return None
        if self.threshold is not None:
            reached = value <= self.threshold if self.lower else value >= self.threshold
            if reached:
                return f"validation {self.metric} {value:.6g} reached {self.threshold:.6g}"
        if self.patience is not None and waited >= self.patience:
            return f"no better network in {waited} validations"
        return None


@dataclass(frozen=True)
class Stage:
    """How the training of one stage went, with one seed.

    Attributes:
        case: its name.
        start: the case that it started from; None: it started afresh.
        seed: of the training.
        steps: environment steps of all agents.
        ended: why it ended.
        metric: what `before`, `after` and `threshold` are values of.
        before: mean over the validation episodes with the network that it started from.
        after: the same with the network that it ended with.
        threshold: the value that ends the stage, if there is one.
    """

    case: str
    start: str | None
    seed: int
    steps: int
    ended: str
    metric: str
    before: float | None
    after: float
    threshold: float | None
