"""Advantages against RLlib's V-trace, and against sums that are written out."""

from __future__ import annotations

import numpy as np
import pytest

from rlsys_distributed.learning.returns import effective_sample_size, gae, vtrace


def piece(seed: int, steps: int = 12):
    drawn = np.random.default_rng(seed)
    return drawn.normal(size=steps), drawn.normal(size=steps), float(drawn.normal())


def test_gae_is_the_weighted_sum_of_the_errors_to_come():
    rewards, values, last = piece(0)
    gamma, lambda_ = 0.97, 0.9
    after = [*values[1:], last]
    errors = [r + gamma * b - a for r, a, b in zip(rewards, values, after, strict=True)]
    wanted = [
        sum((gamma * lambda_) ** (k - t) * errors[k] for k in range(t, len(errors)))
        for t in range(len(errors))
    ]
    advantages, returns = gae(rewards, values, last, gamma, lambda_)
    assert advantages == pytest.approx(wanted)
    assert returns == pytest.approx(np.array(wanted) + values)


def test_with_lambda_1_the_return_is_the_discounted_sum_of_rewards():
    rewards, values, last = piece(1)
    _, returns = gae(rewards, values, last, 0.9, 1.0)
    wanted = sum(0.9**k * r for k, r in enumerate(rewards)) + 0.9 ** len(rewards) * last
    assert returns[0] == pytest.approx(wanted)


@pytest.mark.parametrize("rho_clip", [1.0, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_v_trace_is_that_of_rllib(seed, rho_clip):
    torch = pytest.importorskip("torch")
    rllib = pytest.importorskip("ray.rllib.algorithms.impala.vtrace_torch")
    rewards, values, last = piece(seed)
    ratios = np.random.default_rng(seed + 100).normal(scale=0.7, size=len(rewards))

    def column(array):
        return torch.as_tensor(np.asarray(array, np.float64))[:, None]

    wanted = rllib.from_importance_weights(
        column(ratios),
        column(np.full(len(rewards), 0.95)),
        column(rewards),
        column(values),
        torch.tensor([last], dtype=torch.float64),
        clip_rho_threshold=rho_clip,
        clip_pg_rho_threshold=rho_clip,
    )
    advantages, targets = vtrace(ratios, rewards, values, last, 0.95, rho_clip=rho_clip)
    # RLlib returns single precision.
    assert targets == pytest.approx(wanted.vs.numpy().ravel(), rel=1e-5, abs=1e-5)
    assert advantages == pytest.approx(wanted.pg_advantages.numpy().ravel(), rel=1e-5, abs=1e-5)


def test_where_nobody_lags_v_trace_has_the_targets_of_gae():
    rewards, values, last = piece(2)
    _, wanted = gae(rewards, values, last, 0.98, 0.95)
    _, targets = vtrace(np.zeros(len(rewards)), rewards, values, last, 0.98, lambda_=0.95)
    assert targets == pytest.approx(wanted)


def test_what_the_policy_would_never_do_teaches_nothing():
    rewards, values, last = piece(3)
    advantages, targets = vtrace(np.full(len(rewards), -60.0), rewards, values, last, 0.98)
    assert advantages == pytest.approx(np.zeros(len(rewards)), abs=1e-12)
    assert targets == pytest.approx(values)


@pytest.mark.parametrize(
    ("weights", "share"),
    [([1.0, 1.0, 1.0, 1.0], 1.0), ([1.0, 0.0, 0.0, 0.0], 0.25), ([2.0, 1.0], 9 / 10)],
)
def test_the_effective_sample_size_is_kishs(weights, share):
    with np.errstate(divide="ignore"):
        assert effective_sample_size(np.log(weights)) == pytest.approx(share)
    assert effective_sample_size(np.log(np.array(weights) + 1e-300) + 800.0) == pytest.approx(share)
