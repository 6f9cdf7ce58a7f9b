"""NaN and infinity in a training: whose fault they are, and what to do, in one line.

Torch says "Expected parameter logits ... to satisfy the constraint" for a policy that has diverged
and for an observation that was NaN alike. The two need different fixes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import EnvironmentFault, UserError

_ADVICE = "lower the learning rate, or scale rewards and observations, and train again"

# How torch's distributions, `torch.multinomial` and `torch.normal` refuse such parameters.
_TORCH = ("Expected parameter", "Expected value argument", "probability tensor", "elements of std")


def diverged(whose: str, where: str) -> UserError:
    """Return the error of a training that has diverged.

    Args:
        whose: begins the message, such as the agent or the role.
        where: what contains NaN or infinity.
    """
    return UserError(f"{whose}: training diverged: {where} contain NaN or infinity; {_ADVICE}")


def environment_fault(what: str, values: Any) -> EnvironmentFault | None:
    """Return the error of an environment that returned NaN or infinity; None if it did not.

    Args:
        what: ``an observation`` or ``a reward``.
        values: those that it returned, of any shape.
    """
    values = np.asarray(values)
    if np.isfinite(values).all():
        return None
    found = values[~np.isfinite(values)][0]
    return EnvironmentFault(
        f"the environment returned {found} as {what}, and no agent can learn from that; check its "
        "dynamics"
    )


def require_finite_outputs(outputs: NDArray[Any], observations: Any, whose: str) -> None:
    """Refuse NaN and infinity in a policy's outputs.

    Args:
        outputs: of the policy.
        observations: from which it computed them.
        whose: begins the message, such as the agent or the role.

    Raises:
        EnvironmentFault: the observations contain NaN or infinity.
        UserError: training diverged.
    """
    if not np.isfinite(outputs).all():
        raise environment_fault("an observation", observations) or diverged(
            whose, "the policy's outputs"
        )


@contextmanager
def divergence_said(whose: str) -> Iterator[None]:
    """Turn torch's refusal of NaN or infinity into one line.

    Raises:
        UserError: training diverged.
    """
    try:
        yield
    except (ValueError, RuntimeError) as error:
        if not any(words in str(error) for words in _TORCH):
            raise
        raise diverged(whose, "the policy's outputs") from error
