"""A batch is what the same single environments are, one by one: Gymnasium's own batch says so."""

from __future__ import annotations

import copy
import subprocess
import sys

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given
from hypothesis import strategies as st
from plain_walks import ACTIONS, OBSERVED, PlainWalk, Walks

from rlsys.adapters.single import SingleEnv
from rlsys.batched import BatchedEnv, Outcome, copy_seeds, final_infos
from rlsys.storage.states import load_state, save_state

SEEDS = st.one_of(st.integers(0, 2**31), st.lists(st.integers(0, 2**31), min_size=1, max_size=5))


def plain(num_envs: int) -> SyncVectorEnv:
    return SyncVectorEnv([PlainWalk] * num_envs, autoreset_mode=AutoresetMode.SAME_STEP)


def require_equal(ours, theirs):
    """Compare two infos or arrays of a step, dtypes included."""
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for name in ours:
            require_equal(ours[name], theirs[name])
    else:
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def require_same_step(ours, theirs):
    for one, two in zip(ours[:4], theirs[:4], strict=True):
        require_equal(one, two)
    infos, expected = dict(ours[4]), dict(theirs[4])
    if expected:  # Gymnasium collects the final observations as objects
        last, theirs_last = infos.pop("final_obs"), expected.pop("final_obs")
        for index in np.flatnonzero(infos["_final_obs"]):
            require_equal(last[index], theirs_last[index])
    require_equal(infos, expected)


@given(st.integers(1, 5), SEEDS, st.integers(0, 2**31), st.integers(0, 12))
def test_it_is_gymnasiums_own_batch_of_plain_environments(copies, seed, luck, again):
    """Any seeds and lengths of episodes; `again`: a reset in between, without a seed."""
    copies = len(seed) if isinstance(seed, list) else copies
    ours, theirs, rng = Walks(copies), plain(copies), np.random.default_rng(luck)
    require_equal(ours.reset(seed=seed)[0], theirs.reset(seed=seed)[0])
    for step in range(25):
        actions = rng.integers(3, size=copies)
        require_same_step(ours.step(actions), theirs.step(actions))
        if step == again:
            require_equal(ours.reset()[0], theirs.reset()[0])


@given(st.lists(st.integers(0, 2**31), min_size=2, max_size=5), st.data())
def test_a_mask_restarts_some_copies_and_a_list_seeds_some(seeds, data):
    count = len(seeds)
    ours, theirs = Walks(count), plain(count)
    ours.reset(seed=seeds), theirs.reset(seed=seeds)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    mask[data.draw(st.integers(0, count - 1))] = True  # Gymnasium wants at least one
    some = [data.draw(st.none() | st.integers(0, 99)) for _ in seeds]
    options = {"reset_mask": mask}
    require_equal(
        ours.reset(seed=some, options=options)[0], theirs.reset(seed=some, options=options)[0]
    )
    for _ in range(10):
        actions = np.ones(count, int)
        require_same_step(ours.step(actions), theirs.step(actions))


@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=4), st.integers(0, 2**31))
def test_a_copy_is_the_same_alone_and_in_a_batch(seeds, luck):
    batch, rng = Walks(len(seeds)), np.random.default_rng(luck)
    alone = [SingleEnv(Walks(1)) for _ in seeds]
    seen, _ = batch.reset(seed=seeds)
    for own, env, seed in zip(seen, alone, seeds, strict=True):
        np.testing.assert_array_equal(own, env.reset(seed=seed)[0])
    for _ in range(20):
        actions = rng.integers(3, size=len(seeds))
        seen, rewards, terminated, truncated, infos = batch.step(actions)
        for index, env in enumerate(alone):
            own, *told, info = env.step(actions[index])
            assert told == [rewards[index], terminated[index], truncated[index]]
            if terminated[index] or truncated[index]:
                np.testing.assert_array_equal(own, infos["final_obs"][index])
                assert info["steps"] == infos["final_info"]["steps"][index]
                own, _ = env.reset()
            np.testing.assert_array_equal(own, seen[index])


@given(st.integers(0, 30), st.integers(0, 2**31))
def test_a_saved_state_continues_exactly(tmp_path_factory, played, seed):
    env, rng = Walks(3), np.random.default_rng(seed)
    env.reset(seed=seed)
    for _ in range(played):
        env.step(rng.integers(3, size=3))
    path = tmp_path_factory.mktemp("state") / "state.npz"
    save_state(path, {"environment": env.get_state()})
    fresh = Walks(3)
    fresh.set_state(load_state(path)["environment"])
    for step in range(20):
        actions = rng.integers(3, size=3)
        require_same_step(copy.deepcopy(env.step(actions)), fresh.step(actions))
        if step == 10:
            require_equal(env.reset()[0], fresh.reset()[0])


def test_a_saved_state_is_a_copy():
    env = Walks(2)
    env.reset(seed=1)
    state = env.get_state()
    before = copy.deepcopy(state)
    env.step(np.zeros(2, int))
    np.testing.assert_equal(state, before)
    env.set_state(state)
    env.step(np.zeros(2, int))
    np.testing.assert_equal(state, before)


def test_a_state_that_does_not_fit_is_refused():
    env = Walks(2)
    env.reset(seed=1)
    with pytest.raises(ValueError, match=r"state\['place'\] must have shape \(3,\), not \(2,\)"):
        Walks(3).set_state(env.get_state())
    with pytest.raises(ValueError, match="must have the keys"):
        env.set_state({"place": np.zeros(2)})


class Careless(BatchedEnv):
    """Returns its own buffers, keeps and changes the actions, and has nothing to save."""

    def __init__(self, num_envs):
        super().__init__(num_envs, Box(0.0, 100.0, (1,), np.float32), Discrete(5))
        self.buffer = np.zeros((num_envs, 1), np.float32)
        self.flags = np.zeros(num_envs, bool)
        self.kept = np.zeros(num_envs, int)

    def begin(self, copies):
        self.buffer[copies] = 0.0

    def advance(self, actions):
        self.buffer += 1.0 + self.kept[:, None]
        self.kept = actions
        actions += 1
        self.flags[:] = self.buffer[:, 0] > 9
        return Outcome(self.buffer[:, 0], terminated=self.flags)

    def observations(self):
        return self.buffer

    def metrics(self):
        return {"buffer": self.buffer[:, 0], "parts": self.buffer}


def test_nobody_sees_the_environments_own_arrays():
    env, shared = Careless(2), np.zeros(2, int)
    returned = [env.reset(seed=0)[0]]
    for _ in range(12):
        result = env.step(shared)
        assert shared.tolist() == [0, 0]
        returned += result[:4]
        for infos in (result[4], result[4].get("final_info", {})):
            returned += [value for value in infos.values() if isinstance(value, np.ndarray)]
        shared[:] = 3  # nor does the environment see what happens to the caller's
        shared[:] = 0
    kept = [array.copy() for array in returned]
    env.step(shared + 1)
    env.step(shared + 1)
    for array, copied in zip(returned, kept, strict=True):
        np.testing.assert_array_equal(array, copied)


def test_without_names_there_is_no_state():
    assert not hasattr(Careless(1), "get_state")
    assert not hasattr(Careless(1), "set_state")


class Together(Careless):
    """One number and one flag for all copies."""

    def advance(self, actions):
        del actions
        return Outcome(0.5, truncated=True)


def test_one_value_stands_for_all_copies():
    env = Together(3)
    env.reset(seed=0)
    _, rewards, terminated, truncated, infos = env.step(np.zeros(3, int))
    assert rewards.tolist() == [0.5] * 3
    assert (terminated.tolist(), truncated.tolist()) == ([False] * 3, [True] * 3)
    assert infos["_final_info"].tolist() == [True] * 3


def test_what_copies_that_play_on_have_so_far_is_not_told():
    infos = final_infos(np.array([True, False]), {"hits": [3, 7], "parts": np.ones((2, 2))})
    assert infos["final_info"]["hits"].tolist() == [3, 0]
    assert infos["final_info"]["parts"].tolist() == [[1, 1], [0, 0]]
    assert infos["final_info"]["_hits"].tolist() == [True, False]
    assert "final_obs" not in infos


def test_unseeded_copies_differ_and_a_first_reset_may_seed_some():
    env = Walks(2)
    seen, _ = env.reset()
    assert seen[0, 0] != seen[1, 0]
    some, _ = Walks(2).reset(seed=[None, 5])
    assert some[1, 0] == Walks(1).reset(seed=5)[0][0, 0]


def test_seeds_of_copies():
    assert copy_seeds(None, 2) == [None, None]
    assert copy_seeds(np.int64(4), 3) == [4, 5, 6]
    assert copy_seeds(np.array([7, 1]), 2) == [7, 1]
    with pytest.raises(ValueError, match="one seed per copy is needed: 3, not 2"):
        copy_seeds([1, 2], 3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Walks(0), "num_envs must be >= 1"),
        (lambda: Walks(2).reset(seed=[1]), "one seed per copy"),
        (lambda: Walks(2).reset(options={"reset_mask": [True]}), r"reset_mask must have shape"),
        (lambda: Walks(2).step(np.zeros(3, int)), r"actions must have shape \(2,\), not \(3,\)"),
    ],
)
def test_what_is_wrong_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(np.zeros((2, 1))), r"Faulty.advance returned the shapes: rewards \(2, 1\), ter"),
        (Outcome(0.0, truncated=np.zeros(3, bool)), r"truncated \(3,\); each must be \(2,\)"),
        (Outcome(0.0, terminated=True), r"the metric 'all' has shape \(\); it needs one entry per"),
    ],
)
def test_what_advance_and_metrics_return_must_fit(outcome, words):
    class Faulty(Careless):
        def advance(self, actions):
            del actions
            return outcome

        def metrics(self):
            return {"all": 1.0}

    env = Faulty(2)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=words):
        env.step(np.zeros(2, int))


def test_what_is_missing_is_named():
    with pytest.raises(NotImplementedError, match=r"BatchedEnv needs begin\(copies\)"):
        BatchedEnv(1, OBSERVED, ACTIONS).reset()


def test_the_functions_need_no_gymnasium():
    code = (
        "import sys; from rlsys.batched import copy_seeds, final_infos, final_metric, Outcome; "
        "print('gymnasium' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
