"""Parallel PettingZoo environments as roles: the same steps as in a plain loop over all agents."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pettingzoo", reason="pip install 'rlsys[pettingzoo]'")

from gymnasium import spaces
from joint_envs import STEPS, Market

from rlsys.adapters.existing import rlsys_environments
from rlsys.adapters.existing.random_actions import RandomActions
from rlsys.adapters.existing.settings import GymnasiumSettings
from rlsys.adapters.making import make_env_of, single_env_of
from rlsys.errors import UserError
from rlsys.rollout import play

(SPEC,) = rlsys_environments()


def settings(**kwargs):
    return GymnasiumSettings(id="pettingzoo:joint_envs", kwargs=kwargs)


def batch(count=1, **kwargs):
    return make_env_of(SPEC, settings(**kwargs))(count)


def test_agents_with_equal_spaces_and_names_but_for_the_number_are_a_role():
    buyer, seller = batch().roles
    assert (buyer.name, buyer.agents, buyer.observation_space.shape) == ("buyer", 2, (2,))
    assert buyer.action_space == spaces.Discrete(3, start=5)
    assert (seller.name, seller.agents) == ("seller", 1)
    assert seller.action_space == spaces.MultiDiscrete([2, 2])
    assert (seller.observation_space.low.tolist(), seller.observation_space.high.tolist()) == (
        [0, 0, 0],
        [1, 1, 1],
    )


@pytest.mark.parametrize("processes", [0, 2])
def test_the_same_steps_as_in_a_plain_loop(processes):
    seeds = [5, 2**31 + 1]
    config = GymnasiumSettings(id="pettingzoo:joint_envs", processes=processes)
    env = make_env_of(SPEC, config)(2)
    plain = [Market() for _ in seeds]
    seen = [one.reset(seed=seed)[0] for one, seed in zip(plain, seeds, strict=True)]
    random = np.random.default_rng(1)
    try:
        shown, _ = env.reset(seed=seeds)
        ended = 0
        for _ in range(2 * STEPS + 1):
            assert env.acting == "buyer"
            for copy in range(2):
                np.testing.assert_array_equal(
                    shown[copy], [seen[copy]["buyer_0"], seen[copy]["buyer_1"]]
                )
            buy = random.integers(5, 8, (2, 2))
            shown, rewards, terminated, truncated, infos = env.step(buy)
            # The seller acts at the same time: it sees what was there before the buyers acted.
            assert env.acting == "seller"
            nothing = np.concatenate([rewards, terminated, truncated])
            assert not nothing.any()
            assert infos == {}
            for copy in range(2):
                np.testing.assert_array_equal(shown[copy, 0], np.eye(3)[seen[copy]["seller"] - 1])
            sell = random.integers(0, 2, (2, 1, 2))
            shown, rewards, terminated, truncated, infos = env.step(sell)
            for copy, one in enumerate(plain):
                actions = {
                    "buyer_0": buy[copy, 0],
                    "buyer_1": buy[copy, 1],
                    "seller": sell[copy, 0].astype(np.int8),
                }
                seen[copy], paid, ends, _, _ = one.step(actions)
                assert rewards[copy] == pytest.approx(sum(paid.values()))
                assert terminated[copy] == all(ends.values())
                if terminated[copy]:
                    ended += 1
                    assert infos["final_info"]["length"][copy] == STEPS
                    seen[copy], _ = one.reset()
        assert ended == 4
        assert not truncated.any()
    finally:
        env.close()


def test_an_episode_can_be_cut_off():
    config = GymnasiumSettings(id="pettingzoo:joint_envs", kwargs={"steps": 9}, max_episode_steps=3)
    played = play(make_env_of(SPEC, config), RandomActions(config), [1, 2], ["length"])
    assert played["length"].tolist() == [3.0, 3.0]


def test_random_actions_depend_on_the_episodes_seed_alone():
    make_env = make_env_of(SPEC, settings())
    together = play(make_env, RandomActions(None), [4, 5, 6])["reward"]
    alone = [play(make_env, RandomActions(None), [seed])["reward"][0] for seed in (4, 5, 6)]
    assert together.tolist() == alone
    assert len(set(alone)) == 3


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"leaves": "seller"}, "the agent 'seller' left the episode in step 2 while others go on"),
        ({"masks": True}, "has action masks, but the agents for several roles know none"),
    ],
)
def test_what_roles_cannot_do_is_refused_in_one_line(kwargs, message):
    with pytest.raises(UserError, match=message) as refused:
        play(make_env_of(SPEC, settings(**kwargs)), RandomActions(None), [1])
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("gymnasium: Market: ")


def test_several_roles_are_no_single_environment():
    with pytest.raises(UserError, match="has several roles"):
        single_env_of(SPEC, settings())


def test_a_published_environment_is_played_as_it_is():
    spread = pytest.importorskip("mpe2.simple_spread_v3", reason="pip install mpe2")
    config = GymnasiumSettings(id="pettingzoo:mpe2.simple_spread_v3", kwargs={"max_cycles": 7})
    env, plain = make_env_of(SPEC, config)(1), spread.parallel_env(max_cycles=7)
    shown, _ = env.reset(seed=3)
    seen, _ = plain.reset(seed=3)
    for step in range(7):
        np.testing.assert_array_equal(shown[0], np.stack(list(seen.values())))
        chosen = np.array([[step % 5, 1, 4 - step % 5]])
        shown, rewards, terminated, truncated, _ = env.step(chosen)
        seen, paid, _, cut, _ = plain.step(dict(zip(seen, chosen[0], strict=True)))
        assert rewards[0] == pytest.approx(sum(paid.values()))
        assert (terminated[0], truncated[0]) == (False, all(cut.values()))
    assert truncated[0]
