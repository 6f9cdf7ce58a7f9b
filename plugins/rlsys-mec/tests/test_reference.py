"""The reference is never beaten, and it is as good as independent solvers on the same slots."""

from __future__ import annotations

import math
from itertools import permutations, product

import numpy as np
import pytest
from scipy.optimize import differential_evolution

from rlsys.errors import UserError
from rlsys.rollout import play
from rlsys_mec.baselines import factories
from rlsys_mec.config import MecConfig
from rlsys_mec.reference.bounds import all_orders, upper_bounds
from rlsys_mec.reference.exhaustive import TOLERANCE, optimum
from rlsys_mec.reference.gradient import Plan, _slopes, improve, softmax, worth
from rlsys_mec.reference.oracle import MecOracle
from rlsys_mec.reference.search import best_found
from rlsys_mec.slot import execute, transmit
from rlsys_mec.vector_env import MecVectorEnv

CONTENDED = {
    "data_mbit": (16.0, 120.0), "cycles_g": (1.0, 2.5), "deadline_s": (0.5, 1.5),
    "local_ghz": (0.3, 1.0), "weight_energy": 0.05,
}  # fmt: skip


def slots(count, seed=0, **settings):
    config = MecConfig(**settings)
    env = MecVectorEnv(config, count)
    env.reset(seed=seed)
    return config, env.situation


def plain_value(config, s, copy, order, share):
    """Return the reward of a slot for the offloading users in `order` with shares, by hand."""
    now, total = 0.0, 0.0
    for user, b in zip(order, share, strict=True):
        rate = config.bandwidth_mhz * b * math.log2(1.0 + s.snr[copy, user] / b)
        arrival = s.data[copy, user] / rate
        service = s.cycles[copy, user] / config.server_ghz
        now = max(arrival, now) + service
        qos = min(1.0, max(0.0, 2.0 - now / s.deadline[copy, user]))
        energy = config.transmit_w * arrival + config.server_w * service
        total += config.weight_qos * qos - config.weight_energy * energy
    for user in set(range(config.n_users)) - set(order):
        delay = s.cycles[copy, user] / s.local_ghz[copy, user]
        qos = min(1.0, max(0.0, 2.0 - delay / s.deadline[copy, user]))
        energy = config.kappa * (s.local_ghz[copy, user] * 1e9) ** 2 * s.cycles[copy, user] * 1e9
        total += config.weight_qos * qos - config.weight_energy * energy
    return total


@pytest.mark.parametrize("settings", [CONTENDED, {"weight_energy": 0.3}, {}])
def test_two_users_against_a_fine_grid(settings):
    config, situation = slots(12, n_users=2, **settings)
    _, reached = optimum(config, situation)
    grid = np.linspace(5e-4, 1 - 5e-4, 1999)
    for copy in range(12):
        best = max(
            plain_value(config, situation, copy, order, [1.0] * len(order))
            for order in [(), (0,), (1,)]
        )
        for order in [(0, 1), (1, 0)]:
            values = [plain_value(config, situation, copy, order, (b, 1 - b)) for b in grid]
            best = max(best, *values)
        assert reached[copy] >= best - TOLERANCE
        assert reached[copy] <= best + 5e-3  # what a finer grid could add


@pytest.mark.parametrize("seed", range(3))
def test_three_users_against_differential_evolution(seed):
    config, situation = slots(2, seed=seed, n_users=3, **CONTENDED)
    _, reached = optimum(config, situation)
    for copy in range(2):
        best = -math.inf
        for size in range(4):
            for order in permutations(range(3), size):

                def loss(z, order=order, copy=copy):
                    weight = np.exp(z)
                    return -plain_value(config, situation, copy, order, weight / weight.sum())

                if size < 2:
                    best = max(best, -loss(np.zeros(size)))
                    continue
                found = differential_evolution(
                    loss, [(-5, 5)] * size, seed=0, tol=1e-10, maxiter=150, popsize=12
                )
                best = max(best, -found.fun)
        assert reached[copy] == pytest.approx(best, abs=TOLERANCE)


def test_all_decisions_with_long_ascents_find_nothing_better():
    config, situation = slots(4, seed=5, n_users=4, **CONTENDED)
    plan, reached = optimum(config, situation)
    np.testing.assert_allclose(worth(config, situation, plan), reached)
    random = np.random.default_rng(0)
    for ranks in all_orders(4):
        offload = np.repeat((ranks >= 0)[None], 4, axis=0)
        priority = np.repeat(-ranks[None, None].astype(float), 4, axis=0)
        for _ in range(2):
            begin = Plan(offload, random.uniform(-1, 1, (4, 4)), np.zeros((4, 1)), priority)
            _, found = improve(config, situation, begin, 250)
            assert (found <= reached + TOLERANCE).all()


@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_the_bounds_are_bounds_and_close(floor):
    config, situation = slots(8, n_users=4, spectrum_floor=floor, **CONTENDED)
    ranks = all_orders(4)
    assert len(ranks) == 65 == len({tuple(row) for row in ranks})
    bounds = upper_bounds(config, situation, ranks)
    random = np.random.default_rng(1)
    for column, row in enumerate(ranks):
        offload = np.repeat((row >= 0)[None], 8, axis=0)
        priority = np.repeat(-row[None, None].astype(float), 8, axis=0)
        for request in random.uniform(-5, 5, (20, 8, 4)):
            plan = Plan(offload, request, np.zeros((8, 1)), priority)
            assert (worth(config, situation, plan) <= bounds[:, column] + 1e-9).all()
    _, reached = optimum(config, situation)
    # Most decisions are excluded; otherwise the search would take forever.
    assert (bounds > reached[:, None]).mean() < 0.5


@pytest.mark.parametrize("endless", [False, True])
def test_slopes_agree_with_finite_differences(endless):
    config, situation = slots(
        40, n_users=12, n_clusters=3, spectrum_floor=0.01, weight_energy=0.02, deadline_s=(20, 40),
        server_ghz=1.5,
    )  # fmt: skip
    random = np.random.default_rng(0)
    plan = Plan(
        random.random((40, 12)) < 0.5,
        random.normal(size=(40, 12)),
        random.normal(size=(40, 3)),
        random.normal(size=(40, 3, config.members)),
    )
    slopes, _ = _slopes(config, situation, plan, endless)
    sent = transmit(config, situation, plan.offload, plan.request)
    delay = execute(config, situation, sent, softmax(plan.cpu), plan.priority).delay
    # The two differ where a task is later than twice its deadline.
    hopeless = (plan.offload & (delay > 2 * situation.deadline)).any(axis=1)
    assert hopeless.any()
    compared = ~hopeless if endless else np.full(40, True)
    late = plan.offload & (delay > situation.deadline)
    assert late[compared].any()
    width = 1e-6
    for field, slope in (("request", slopes[0]), ("cpu", slopes[1])):
        values = getattr(plan, field)
        for column in range(values.shape[1]):
            ends = []
            for sign in (1, -1):
                moved = values.copy()
                moved[:, column] += sign * width
                ends.append(worth(config, situation, plan._replace(**{field: moved})))
            numeric = (ends[0] - ends[1]) / (2 * width)
            np.testing.assert_allclose(slope[compared, column], numeric[compared], atol=1e-6)


def test_improving_never_loses():
    config, situation = slots(20, n_users=9, n_clusters=3, **CONTENDED)
    random = np.random.default_rng(0)
    plan = Plan(
        random.random((20, 9)) < 0.6,
        random.normal(size=(20, 9)),
        random.normal(size=(20, 3)),
        random.normal(size=(20, 3, config.members)),
    )
    before = worth(config, situation, plan)
    better, reached = improve(config, situation, plan, 60)
    np.testing.assert_allclose(worth(config, situation, better), reached)
    assert (reached >= before).all()
    assert reached.mean() > before.mean() + 0.1
    np.testing.assert_allclose(softmax(better.cpu).sum(axis=1), 1.0)


def test_the_search_comes_within_a_hundredth_of_the_optimum_and_never_above():
    config, situation = slots(40, seed=3, n_users=5, **CONTENDED)
    _, best = optimum(config, situation)
    plan, found = best_found(config, situation, 1)
    np.testing.assert_allclose(worth(config, situation, plan), found)
    assert (found <= best + TOLERANCE).all()
    assert found.mean() > 0.99 * best.mean()


@pytest.mark.parametrize("clusters", [None, 3])
def test_played_in_the_environment_it_beats_every_baseline(clusters):
    config = MecConfig(n_users=5, n_clusters=clusters, slots=3, reference_restarts=1, **CONTENDED)
    oracle = MecOracle(config)
    assert oracle.name == ("optimum" if clusters is None else "best-found")
    seeds = list(range(8))
    best = play(lambda n: MecVectorEnv(config, n), oracle, seeds)["reward"]
    for users, order in product(("nobody", "everybody", "greedy"), ("fifo", "edf")):
        other = play(lambda n: MecVectorEnv(config, n), factories.rule(config, users, order), seeds)
        assert (other["reward"] <= best + (oracle.tolerance if clusters is None else 0.1)).all()
        assert other["reward"].mean() < best.mean()
    assert math.isinf(oracle.tolerance) == (clusters is not None)


def test_it_plays_what_it_planned():
    config, situation = slots(5, n_users=4, **CONTENDED)
    _, reached = optimum(config, situation)
    env = MecVectorEnv(config, 5)
    env.reset(seed=0)
    oracle = MecOracle(config)
    oracle.reset(env)
    env.step(oracle.act(env, env.observations()))
    _, rewards, *_ = env.step(oracle.act(env, env.observations()))
    np.testing.assert_allclose(rewards, reached)


def test_it_says_what_it_cannot_do():
    with pytest.raises(UserError, match="slots depend on each other"):
        MecOracle(MecConfig(slot_s=1.0))
    env = MecVectorEnv(MecConfig(), 1)
    oracle = MecOracle(env.config)
    with pytest.raises(UserError, match="no table of action values"):
        oracle.action_values(env)
    env.step(np.zeros((1, 5, 2)))
    with pytest.raises(ValueError, match="must start with a slot"):
        oracle.act(env, None)


@pytest.mark.parametrize(
    ("settings", "users"),
    [
        ({"bandwidth_mhz": 200.0, "server_ghz": 24.0}, "everybody"),
        ({"local_ghz": (3.5, 7.0)}, "nobody"),
    ],
)
def test_with_plenty_of_everything_a_trivial_rule_is_optimal(settings, users):
    config = MecConfig(slots=4, weight_energy=0.0, **settings)
    seeds = list(range(5))
    best = play(lambda n: MecVectorEnv(config, n), MecOracle(config), seeds)["reward"]
    rule = play(lambda n: MecVectorEnv(config, n), factories.rule(config, users), seeds)["reward"]
    np.testing.assert_allclose(rule, best, atol=1e-4)
