"""The batch with roles against a plain loop over one copy."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from hypothesis import given
from hypothesis import strategies as st

from rlsys.batched import BatchedRolesEnv, Outcome
from rlsys.roles import Role
from rlsys.storage.states import load_state, save_state

ROLES = (
    Role("pair", 2, Box(0.0, 1.0, (1,), np.float32), Discrete(4)),
    Role("one", 1, Box(0.0, 8.0, (2,), np.float32), Box(-1.0, 1.0, (3,), np.float32)),
)


class Turns(BatchedRolesEnv):
    """A pair names numbers, one agent sees them; the episode ends after a drawn number of slots."""

    saved = ("shown", "named", "slot", "length", "total")

    def __init__(self, num_envs):
        super().__init__(num_envs, ROLES)
        self.shown, self.named = np.zeros((num_envs, 2)), np.zeros((num_envs, 2), int)
        self.slot, self.length = np.zeros(num_envs, int), np.zeros(num_envs, int)
        self.total = np.zeros(num_envs)

    def begin(self, copies):
        for copy in copies:
            self.length[copy] = self.generators[copy].integers(1, 4)
            self.shown[copy] = self.generators[copy].random(2)
        self.slot[copies] = self.total[copies] = 0

    def advance(self, actions):
        if self.acting == "pair":
            self.named = actions
            return None
        rewards = self.named.sum(axis=1) * self.shown[:, 0] + actions[:, 0].sum(axis=1)
        self.shown = np.stack([generator.random(2) for generator in self.generators])
        self.total += rewards
        self.slot += 1
        return Outcome(rewards, terminated=self.slot >= self.length)

    def observations(self):
        return self.shown[:, :, None] if self.acting == "pair" else self.named[:, None]

    def metrics(self):
        return {"total": self.total}


def play_one(seed, actions):
    """Play one copy with a plain loop; yields what every half-step returns."""
    rng = np.random.default_rng(seed)
    length, shown, slot, total = rng.integers(1, 4), rng.random(2), 0, 0.0
    yield np.float32(shown)[:, None]
    for named, told in actions:
        yield np.float32(named)[None], 0.0, False, None
        reward = named.sum() * shown[0] + told[0].sum()
        shown, slot, total = rng.random(2), slot + 1, total + reward
        over, final = slot >= length, total
        if over:
            length, shown, slot, total = rng.integers(1, 4), rng.random(2), 0, 0.0
        yield np.float32(shown)[:, None], reward, over, final


def drawn(rng, count):
    return rng.integers(4, size=(count, 2)), rng.uniform(-1, 1, (count, 1, 3)).astype(np.float32)


@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=4), st.integers(0, 2**31))
def test_it_is_a_plain_loop_over_every_copy(seeds, luck):
    env, rng = Turns(len(seeds)), np.random.default_rng(luck)
    slots = [drawn(rng, len(seeds)) for _ in range(12)]
    loops = [
        play_one(seed, [(named[i], told[i]) for named, told in slots])
        for i, seed in enumerate(seeds)
    ]
    seen, _ = env.reset(seed=seeds)
    np.testing.assert_array_equal(seen, np.stack([next(loop) for loop in loops]))
    for slot in slots:
        for role, actions in zip(ROLES, slot, strict=True):
            assert env.acting == role.name
            seen, rewards, terminated, truncated, infos = env.step(actions)
            assert not truncated.any()
            assert seen.dtype == np.float32
            for index, loop in enumerate(loops):
                own, reward, over, final = next(loop)
                np.testing.assert_array_equal(seen[index], own)
                assert (rewards[index], terminated[index]) == (pytest.approx(reward), over)
                if over:
                    assert infos["_final_info"][index]
                    assert infos["final_info"]["total"][index] == pytest.approx(final)
            assert bool(infos) == terminated.any()
            assert "final_obs" not in infos


@given(st.integers(0, 15), st.integers(0, 2**31))
def test_a_saved_state_continues_in_the_middle_of_a_slot(tmp_path_factory, played, seed):
    env, rng = Turns(2), np.random.default_rng(seed)
    env.reset(seed=seed)
    for _ in range(played):
        env.step(drawn(rng, 2)[env.turn])
    path = tmp_path_factory.mktemp("state") / "state.npz"
    save_state(path, {"environment": env.get_state()})
    fresh = Turns(2)
    fresh.set_state(load_state(path)["environment"])
    assert fresh.acting == env.acting
    for _ in range(12):
        actions = drawn(rng, 2)[env.turn]
        for one, two in zip(env.step(actions)[:4], fresh.step(actions)[:4], strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_reset_in_the_middle_of_a_slot_begins_with_the_first_role():
    env = Turns(2)
    first, _ = env.reset(seed=3)
    env.step(np.zeros((2, 2), int))
    assert env.acting == "one"
    again, _ = env.reset(seed=3)
    assert env.acting == "pair"
    np.testing.assert_array_equal(first, again)


def test_actions_of_another_role_are_refused():
    env = Turns(2)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"actions of pair must have shape \(2, 2\)"):
        env.step(np.zeros((2, 1, 3)))


def test_an_outcome_belongs_to_the_last_role():
    class Early(Turns):
        def advance(self, actions):
            del actions
            return Outcome(0.0)

    env = Early(1)
    env.reset(seed=0)
    with pytest.raises(TypeError, match="an Outcome after one, and None after the others"):
        env.step(np.zeros((1, 2), int))

    class Never(Turns):
        def advance(self, actions):
            """Forget to return anything."""
            del actions

    env = Never(1)
    env.reset(seed=0)
    env.step(np.zeros((1, 2), int))
    with pytest.raises(TypeError, match="returned None after one"):
        env.step(np.zeros((1, 1, 3)))
