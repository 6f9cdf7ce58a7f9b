"""Actions are drawn as often as the outputs say, and the log probability is that of the draw."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy import stats

from rlsys.network import Decoding
from rlsys_distributed.client.choosing import choose_of, uniform_of
from rlsys_distributed.wire.errors import WireError
from rlsys_distributed.wire.model import epsilon_greedy, gaussian, softmax
from rlsys_distributed.wire.spaces import Box, Discrete, MultiDiscrete

DRAWS = 20_000
LOGITS = np.array([0.3, -1.0, 2.0, 0.0], np.float32)


def chooser(space, exploration, log_std=None, *, explore=True, decoding=None, seed=0):
    return choose_of(
        space, decoding or Decoding(), exploration, log_std, random.Random(seed), explore=explore
    )


def share(logits):
    weights = np.exp(logits.astype(np.float64))
    return weights / weights.sum()


def fits(counts, probabilities):
    """Whether counts are as likely as one in a million under the probabilities."""
    expected = np.asarray(probabilities) * np.sum(counts)
    return stats.chisquare(counts, expected).pvalue > 1e-6


def test_softmax_draws_as_the_logits_say():
    choose = chooser(Discrete(4), softmax())
    draws = [choose(LOGITS, None) for _ in range(DRAWS)]
    assert fits(np.bincount([act for act, _, _ in draws], minlength=4), share(LOGITS))
    for act, raw, log_probability in draws[:100]:
        assert raw == act
        assert log_probability == pytest.approx(math.log(share(LOGITS)[act]), abs=1e-5)


def test_masked_actions_are_never_drawn_and_the_rest_is_scaled():
    mask = np.array([True, False, False, True])
    choose = chooser(Discrete(4, start=10), softmax())
    draws = [choose(LOGITS, mask) for _ in range(DRAWS)]
    wanted = share(LOGITS[[0, 3]])
    counts = np.bincount([act - 10 for act, _, _ in draws], minlength=4)
    assert counts[1] == counts[2] == 0
    assert fits(counts[[0, 3]], wanted)
    assert draws[0][2] == pytest.approx(math.log(wanted[[0, 3].index(draws[0][0] - 10)]), abs=1e-5)


def test_huge_logits_do_not_overflow():
    choose = chooser(Discrete(3), softmax())
    act, _, log_probability = choose(np.array([1e4, -1e4, 0.0], np.float32), None)
    assert (act, log_probability) == (0, 0.0)


class LastOne(random.Random):
    """Draws the largest number below 1, where rounding leaves a little over."""

    def random(self):
        return math.nextafter(1.0, 0.0)


def test_the_largest_draw_never_chooses_what_is_masked():
    choose = choose_of(Discrete(3), Decoding(), softmax(), None, LastOne(), explore=True)
    logits = np.array([0.1, 0.2, 0.3], np.float32)
    for mask in ([True, True, False], [True, False, False], [False, True, False]):
        act, _, log_probability = choose(logits, np.array(mask))
        assert mask[act]
        assert math.isfinite(log_probability)


def test_groups_are_drawn_on_their_own():
    space = MultiDiscrete((2, 3))
    logits = np.array([0.0, 1.0, -1.0, 0.0, 1.0], np.float32)
    choose = chooser(space, softmax())
    draws = [choose(logits, None) for _ in range(DRAWS)]
    actions = np.stack([act for act, _, _ in draws])
    first, second = share(logits[:2]), share(logits[2:])
    assert fits(np.bincount(actions[:, 0]), first)
    assert fits(np.bincount(actions[:, 1]), second)
    wanted = math.log(first[actions[0, 0]] * second[actions[0, 1]])
    assert draws[0][2] == pytest.approx(wanted, abs=1e-5)


def test_normal_noise_has_the_density_that_is_told():
    space = Box((2,), (-1.0,), (1.0,))
    log_std = np.array([-0.7, 0.4], np.float32)
    outputs = np.array([0.5, -2.0], np.float32)
    choose = chooser(space, gaussian(), log_std)
    draws = [choose(outputs, None) for _ in range(DRAWS)]
    raw = np.stack([one for _, one, _ in draws])
    for dimension in range(2):
        normal = stats.norm(outputs[dimension], math.exp(log_std[dimension]))
        assert stats.kstest(raw[:, dimension], normal.cdf).pvalue > 1e-6
    for act, one, log_probability in draws[:50]:
        wanted = stats.norm(outputs, np.exp(log_std)).logpdf(one).sum()
        assert log_probability == pytest.approx(wanted, abs=1e-4)
        assert act.tolist() == np.clip(one, -1, 1).tolist()


def test_epsilon_greedy():
    choose = chooser(Discrete(4), epsilon_greedy(0.4))
    counts = np.bincount([choose(LOGITS, None)[0] for _ in range(DRAWS)], minlength=4)
    assert fits(counts, [0.1, 0.1, 0.7, 0.1])
    mask = np.array([True, True, False, False])
    counts = np.bincount([choose(LOGITS, mask)[0] for _ in range(DRAWS)], minlength=4)
    assert fits(counts[:2], [0.8, 0.2])
    assert counts[2:].sum() == 0
    assert choose(LOGITS, mask)[2] is None


@pytest.mark.parametrize(
    ("space", "mask", "wanted"),
    [
        (Discrete(4, start=1), None, [0.25] * 4),
        (Discrete(4, start=1), np.array([True, False, True, False]), [0.5, 0.0, 0.5, 0.0]),
    ],
)
def test_before_the_first_model_all_allowed_actions_are_equally_likely(space, mask, wanted):
    choose = uniform_of(space, random.Random(1))
    assert choose(np.zeros(0), mask)[2] == pytest.approx(math.log(max(wanted)))
    counts = np.bincount([choose(np.zeros(0), mask)[0] - 1 for _ in range(DRAWS)], minlength=4)
    allowed = np.array(wanted) > 0
    assert fits(counts[allowed], np.array(wanted)[allowed])
    assert counts[~allowed].sum() == 0


def test_before_the_first_model_boxes_and_vectors_are_drawn_from_all_of_their_range():
    drawn = random.Random(2)
    vector = uniform_of(MultiDiscrete((2, 5)), drawn)
    assert vector(np.zeros(0), None)[2] == pytest.approx(-math.log(2 * 5))
    values = np.stack([vector(np.zeros(0), None)[0] for _ in range(500)])
    assert values.min(axis=0).tolist() == [0, 0]
    assert values.max(axis=0).tolist() == [1, 4]
    box = uniform_of(Box((2,), (0.0, -math.inf), (10.0, math.inf)), drawn)
    assert box(np.zeros(0), None)[2] == pytest.approx(-math.log(10 * 2))
    values = np.stack([box(np.zeros(0), None)[0] for _ in range(500)])
    assert values.min(axis=0)[0] < 0.5
    assert values.max(axis=0)[0] > 9.5
    assert np.abs(values[:, 1]).max() <= 1.0


def test_without_exploring_the_networks_own_decision_is_taken():
    choose = chooser(Discrete(4, start=1), softmax(), explore=False, decoding=Decoding(start=1))
    assert choose(LOGITS, None)[0] == 3
    assert choose(LOGITS, np.array([True, True, False, True]))[0] == 1
    clip = Decoding("clip", low=np.full(2, -1.0), high=np.full(2, 1.0))
    box = chooser(Box((2,), (-1.0,), (1.0,)), gaussian(), np.zeros(2), explore=False, decoding=clip)
    assert box(np.array([0.5, 7.0], np.float32), None)[0].tolist() == [0.5, 1.0]


def test_an_exploration_that_does_not_fit_is_refused():
    for space, exploration in (
        (Box((2,)), softmax()),
        (Discrete(2), gaussian()),
        (MultiDiscrete((2, 2)), epsilon_greedy(0.1)),
        (Box((2,)), gaussian()),
    ):
        with pytest.raises(WireError, match="does not fit"):
            chooser(space, exploration)
