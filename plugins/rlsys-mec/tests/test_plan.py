"""The tentative plan, compared with the rules of a slot and with brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rlsys.rollout import play
from rlsys_mec import plan
from rlsys_mec.baselines import factories
from rlsys_mec.baselines.rules import ranked
from rlsys_mec.config import MecConfig
from rlsys_mec.slot import execute, local_delay, transmit, value
from rlsys_mec.vector_env import MecVectorEnv

TIGHT = {"data_mbit": (16.0, 120.0), "deadline_s": (0.5, 1.5), "weight_energy": 0.05}


def lines(copies=6, seed=0, **changes):
    env = MecVectorEnv(MecConfig(**{**TIGHT, **changes}), copies)
    env.reset(seed=seed)
    if changes.get("slot_s") is not None:
        for _ in range(2):  # a backlog
            for role in env.roles:
                env.step(np.ones((copies, role.agents, *role.action_space.shape)))
    if env.config.n_clusters is not None:
        shares = np.linspace(-1.0, 1.0, env.config.n_clusters)
        env.step(np.broadcast_to(shares, (copies, 1, env.config.n_clusters)))
    return env, plan.Line(env.config, env.situation, env.cpu)


def played(env, line, offload):
    """Return the reward of a plan by the rules of a slot."""
    chosen = line.to_users(offload.astype(float)) > 0.0
    sent = transmit(env.config, env.situation, chosen, line.to_users(line.requests(offload)))
    order = ranked(env.situation, plan.turns(env.situation, line.demand.airtime))
    return value(env.config, execute(env.config, env.situation, sent, env.cpu, order))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    users=st.integers(1, 12),
    clusters=st.sampled_from([None, 1, 3]),
    slot=st.sampled_from([None, 0.4]),
    floor=st.sampled_from([0.0, 0.05]),
)
def test_what_a_plan_is_worth_is_what_it_earns(seed, users, clusters, slot, floor):
    clusters = None if clusters is None else min(clusters, users)
    env, line = lines(
        4, seed, n_users=users, n_clusters=clusters, slot_s=slot, spectrum_floor=floor
    )
    drawn = np.random.default_rng(seed).random((4, users)) < 0.5
    offload = line.in_line(drawn) & line.present
    np.testing.assert_array_equal(line.to_users(offload.astype(float)) > 0, drawn)
    np.testing.assert_allclose(line.worth(offload), played(env, line, offload), atol=1e-9)


def test_flips_end_where_no_flip_helps_and_begin_with_all_that_need_the_server():
    env, line = lines(60)
    chosen = plan.tentative(line)
    reached = line.worth(chosen)
    for place in range(5):
        other = chosen.copy()
        other[:, 0, place] ^= True
        assert (line.worth(other) <= reached + 1e-12).all()
    best = np.max(
        [
            line.worth(np.broadcast_to(np.array(one), chosen.shape))
            for one in product((False, True), repeat=5)
        ],
        axis=0,
    )
    assert (reached <= best + 1e-12).all()
    assert reached.mean() > 0.995 * best.mean()
    needs = local_delay(env.situation) > env.situation.deadline
    assert not (line.to_users(chosen.astype(float)).astype(bool) & ~needs).all(axis=1).any()


def test_many_are_admitted_by_claim_where_the_reward_rises():
    _, line = lines(3, n_users=20, n_clusters=4)
    chosen = plan.tentative(line)
    need, claim = plan.needing(line), line.in_line(line.demand.claim)
    for copy in range(3):
        one = line.take(np.array([copy]))
        expected = np.zeros((1, *need.shape[1:]), bool)
        best = one.worth(expected)[0]
        for place in sorted(np.argwhere(need[copy]).tolist(), key=lambda p: -claim[(copy, *p)]):
            trial = expected.copy()
            trial[(0, *place)] = True
            if one.worth(trial)[0] > best:
                expected, best = trial, one.worth(trial)[0]
        np.testing.assert_array_equal(chosen[copy], expected[0])
        assert expected.any()


def test_what_a_user_sees():
    config = MecConfig(**TIGHT, view="global", tentative_plan=True)
    env = MecVectorEnv(config, 40)
    seen, _ = env.reset(seed=5)
    shown = dict(zip(plan.PLAN, np.moveaxis(seen[:, :, -len(plan.PLAN) :], 2, 0), strict=True))
    line = plan.Line(config, env.situation, env.cpu)
    offload = line.to_users(plan.tentative(line).astype(float)) > 0
    np.testing.assert_array_equal(shown["planned"] > 0, offload)
    controller = factories.just_in_time(config, 0)
    env.step(np.stack([np.where(offload, 1.0, -1.0), shown["request"] - 5.0], axis=2))
    np.testing.assert_allclose(shown["share"][offload], env.sent.share[offload], rtol=1e-5)
    reached = np.minimum(env.sent.arrival / env.situation.deadline, plan.LATE)
    np.testing.assert_allclose(shown["arrival"][offload], reached[offload], rtol=1e-4)
    situation, airtime = env.situation, line.demand.airtime
    env.step(controller.act(env, env.observations()))
    ends = np.minimum(env.outcome.delay / situation.deadline, plan.LATE)
    np.testing.assert_allclose(shown["end"][offload], ends[offload], rtol=1e-4)
    for copy in range(40):
        key = situation.deadline[copy] + airtime[copy]
        work = np.where(offload[copy], situation.cycles[copy] / config.server_ghz, 0.0)
        longest = config.deadline_s[1]
        for user in range(5):
            ahead = work[key < key[user]].sum() / longest
            assert shown["before"][copy, user] == pytest.approx(ahead, abs=1e-5)
        assert shown["queue_service"][copy, 0] == pytest.approx(work.sum() / longest, abs=1e-5)
        sending = airtime[copy][offload[copy]].sum() / longest
        assert shown["all_airtime"][copy, 0] == pytest.approx(sending, abs=1e-5)


@pytest.mark.parametrize("clusters", [None, 4])
def test_the_baselines_play_the_plan_and_search_finds_no_less(clusters):
    config = MecConfig(**TIGHT, n_users=12, n_clusters=clusters, slots=3)
    rewards = [
        play(lambda n: MecVectorEnv(config, n), factories.just_in_time(config, restarts), range(8))
        for restarts in (None, 0, 3)
    ]
    greedy, ascent, restarted = (one["reward"] for one in rewards)
    assert greedy.mean() < ascent.mean() <= restarted.mean() + 1e-9
    if clusters is None:
        assert (ascent >= greedy - 1e-9).all()
        equal = play(lambda n: MecVectorEnv(config, n), factories.rule(config), range(8))
        assert greedy.mean() > equal["reward"].mean()


def test_a_plan_belongs_to_the_global_view():
    with pytest.raises(ValidationError, match="set view to 'global'"):
        MecConfig(tentative_plan=True)
