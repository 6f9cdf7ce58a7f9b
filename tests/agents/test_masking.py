"""Masked log-probabilities are those of sb3-contrib's own distribution."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="pip install 'rlsys[sb3]'")
distributions = pytest.importorskip("sb3_contrib.common.maskable.distributions")

from rlsys.agents.masking import MASKED_LOGIT, masked_log_softmax  # noqa: E402


@pytest.mark.parametrize("kind", [torch.tensor, np.array])
def test_as_the_distribution_of_sb3_contrib(kind):
    rng = np.random.default_rng(1)
    logits = torch.tensor(rng.normal(size=(50, 7)), dtype=torch.float32)
    masks = rng.random((50, 7)) < 0.5
    masks[:, 3] = True
    theirs = distributions.MaskableCategorical(logits=logits, masks=masks)
    ours = masked_log_softmax(logits, kind(masks.astype(int)))
    allowed = torch.tensor(masks)
    torch.testing.assert_close(ours[allowed], theirs.logits[allowed])
    assert (ours.exp()[~allowed] == 0).all()
    assert (ours[~allowed] < MASKED_LOGIT / 2).all()


def test_without_masks_it_is_the_plain_log_softmax():
    logits = torch.tensor([[0.0, 1.0, -2.0]])
    torch.testing.assert_close(masked_log_softmax(logits, None), logits.log_softmax(dim=-1))


def test_gradients_are_finite_and_zero_where_masked():
    logits = torch.zeros(1, 3, requires_grad=True)
    masked_log_softmax(logits, [[True, False, True]])[0, 0].backward()
    assert logits.grad.tolist() == [[0.5, 0.0, -0.5]]
