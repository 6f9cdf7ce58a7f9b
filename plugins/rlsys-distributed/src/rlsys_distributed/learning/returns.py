"""Advantages and value targets of a piece of a trajectory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def gae(
    rewards: Floats, values: Floats, last_value: float, gamma: float, lambda_: float
) -> tuple[Floats, Floats]:
    """Return advantages and returns by generalised advantage estimation (Schulman et al., 2016).

    Args:
        rewards, values: of the steps, (T,).
        last_value: the value of what came after the last step; 0 if the episode terminated.
        gamma: discount per step.
        lambda_: trade-off between bias and variance.
    """
    after = np.append(values[1:], last_value)
    errors = rewards + gamma * after - values
    advantages = np.empty_like(errors)
    running, decay = 0.0, gamma * lambda_
    for step in range(len(errors) - 1, -1, -1):
        running = errors[step] + decay * running
        advantages[step] = running
    return advantages, advantages + values


def vtrace(
    log_ratios: Floats,
    rewards: Floats,
    values: Floats,
    last_value: float,
    gamma: float,
    *,
    rho_clip: float = 1.0,
    lambda_: float = 1.0,
) -> tuple[Floats, Floats]:
    """Return advantages and value targets where another policy has acted (V-trace).

    Espeholt et al., IMPALA, 2018, equations 1 and 2, with the factor lambda of their remark 2.
    Advantages are those of the policy gradient, rho (r + gamma v' - V).

    Args:
        log_ratios: log probability of the actions under the learner's policy, minus that under the
            policy that acted, (T,).
        rewards, values, last_value, gamma: as in `gae`.
        rho_clip: highest weight of a step; the traces are cut at 1.
    """
    ratios = np.exp(log_ratios)
    rho, trace = np.minimum(rho_clip, ratios), lambda_ * np.minimum(1.0, ratios)
    after = np.append(values[1:], last_value)
    errors = rho * (rewards + gamma * after - values)
    targets = np.empty_like(errors)
    beyond = 0.0  # target minus value of the step after
    for step in range(len(errors) - 1, -1, -1):
        beyond = errors[step] + gamma * trace[step] * beyond
        targets[step] = values[step] + beyond
    targets_after = np.append(targets[1:], last_value)
    return rho * (rewards + gamma * targets_after - values), targets


def effective_sample_size(log_ratios: Floats) -> float:
    """Return the share of steps that the weighted ones are worth (Kish, 1965): 1 if nobody lags."""
    weights = np.exp(log_ratios - log_ratios.max(initial=-np.inf))
    return float(weights.sum() ** 2 / (len(weights) * np.square(weights).sum()))
