"""Masked logits in training: the value that replaces them, and the log-probabilities."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

MASKED_LOGIT = -1e8
"""Replaces a masked logit, as in sb3-contrib: its probability is exactly 0, its gradient finite."""


def masked_log_softmax(logits: Tensor, masks: Any) -> Tensor:
    """Return log-probabilities (N, actions), about -1e8 where masked.

    Args:
        logits: (N, actions).
        masks: tensor or array with as many elements, True or 1 where the action is allowed; None:
            all actions are allowed.
    """
    if masks is not None:
        allowed = torch.as_tensor(masks, dtype=torch.bool).view_as(logits)
        logits = logits.masked_fill(~allowed, MASKED_LOGIT)
    return logits.log_softmax(dim=-1)
