"""What an episode earns and reports, which instance it plays, and how it is continued."""

from __future__ import annotations

import copy as copying
import json

import numpy as np
import pytest

from rlsys_jobshop.checking import measure, violations
from rlsys_jobshop.env.config import JobshopConfig, RandomShop
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.instances import best_known, classic

SETTINGS = {
    "classic": {"random": {"jobs": [2, 5], "machines": [1, 4], "durations": [0, 9]}},
    "non-delay": {"random": {"jobs": [3, 5], "machines": [2, 4]}, "candidates": "non-delay"},
    "brandimarte": {"random": {"kind": "brandimarte", "jobs": [3, 5], "machines": [2, 4]}},
    "narrow": {
        "random": {"kind": "vdata", "jobs": [4, 6], "machines": [3, 4]},
        "width": 2,
        "candidates": "all",
    },
    "factory": {"random": {"kind": "factory"}, "objective": "weighted-tardiness"},
    "factory, makespan": {"random": {"kind": "factory"}, "candidates": "all"},
    "ft06": {"instances": "ft06"},
    "in turn": {"instances": ["ft06", "mk01", "la01"]},
}


def env_of(name, num_envs=3):
    return JobshopVectorEnv(JobshopConfig(**SETTINGS[name]), num_envs)


def random_actions(env, generator):
    return np.array([generator.choice(np.flatnonzero(mask)) for mask in env.action_masks()])


def first_bound(instance):
    """The longest job or the fullest machine."""
    machine = np.zeros(instance.machines)
    np.add.at(machine, instance.mode_machines, instance.duration)
    return float(
        max(machine.max(), np.add.reduceat(instance.duration, instance.job_first[:-1]).max())
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_an_episode_ends_with_a_valid_schedule_and_reports_its_measures(name):
    env, generator = env_of(name), np.random.default_rng(0)
    env.reset(seed=[5, 6, 7])
    seen = 0
    while seen < 6:
        playing = [env.instance(copy) for copy in range(3)]
        _, _, terminated, truncated, infos = env.step(random_actions(env, generator))
        assert not truncated.any()
        for copy in np.flatnonzero(terminated):
            seen += 1
            schedule = env.final_schedules[copy]
            assert schedule.instance is playing[copy]
            assert violations(schedule.instance, schedule.entries()) == []
            found, told = measure(schedule), infos["final_info"]
            for metric in (
                "makespan",
                "utilisation",
                "utilisation_spread",
                "tardiness",
                "weighted_tardiness",
                "late_jobs",
                "setup_time",
            ):
                assert told[metric][copy] == pytest.approx(getattr(found, metric))
            on_time = 1.0 if found.on_time_share is None else found.on_time_share
            assert told["on_time"][copy] == on_time
            assert told["violations"][copy] == 0


@pytest.mark.parametrize("name", ["classic", "non-delay", "ft06"])
def test_an_episode_earns_minus_the_gap_to_the_first_bound(name):
    env, generator = env_of(name, 1), np.random.default_rng(1)
    env.reset(seed=3)
    for _ in range(5):
        bound, earned, over = first_bound(env.instance(0)), 0.0, False
        while not over:
            _, reward, over, _, infos = env.step(random_actions(env, generator))
            assert reward[0] <= 0
            earned += reward[0]
        makespan = env.final_schedules[0].makespan
        assert earned == pytest.approx(-100 * (makespan - bound) / max(bound, 1))
        if name != "ft06" and bound:
            assert infos["final_info"]["gap"][0] == pytest.approx(-earned)


def test_the_gap_of_a_published_instance_counts_from_the_best_known_makespan():
    env = env_of("in turn")
    env.reset(seed=0)
    generator, told = np.random.default_rng(0), {}
    while len(told) < 3:
        _, _, over, _, infos = env.step(random_actions(env, generator))
        for copy in np.flatnonzero(over):
            instance = env.final_schedules[copy].instance
            told[instance.name] = infos["final_info"]["gap"][copy]
            best = best_known(instance.name).upper
            makespan = env.final_schedules[copy].makespan
            assert told[instance.name] == pytest.approx(100 * (makespan / best - 1))
    assert set(told) == {"ft06", "mk01", "la01"}


def test_a_factory_earns_minus_its_tardiness_in_percent_of_all_work():
    env, generator = env_of("factory", 1), np.random.default_rng(1)
    env.reset(seed=3)
    earned_something = False
    for _ in range(5):
        instance = env.instance(0)
        least = np.minimum.reduceat(instance.duration, instance.mode_first[:-1])
        earned, over = 0.0, False
        bound = env.simulator.tardiness_bounds()[0]
        while not over:
            _, reward, over, _, _ = env.step(random_actions(env, generator))
            earned += reward[0]
        late = measure(env.final_schedules[0]).weighted_tardiness
        assert earned == pytest.approx(-100 * (late - bound) / least.sum())
        earned_something |= earned < 0
    assert earned_something


def test_seeds_choose_the_first_of_the_listed_instances_and_episodes_take_them_in_turn():
    env = env_of("in turn")
    env.reset(seed=[1, 2, 3])
    assert [env.instance(copy).name for copy in range(3)] == ["mk01", "la01", "ft06"]
    generator, played = np.random.default_rng(0), [["mk01"], ["la01"], ["ft06"]]
    while min(map(len, played)) < 4:
        _, _, over, _, _ = env.step(random_actions(env, generator))
        for copy in np.flatnonzero(over):
            played[copy].append(env.instance(copy).name)
    names = ["ft06", "mk01", "la01"]
    for copy, found in enumerate(played):
        assert found == [names[(1 + copy + turn) % 3] for turn in range(len(found))]


def test_a_family_stands_for_its_members_and_a_file_for_itself(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("2 2\n0 3 1 2\n1 4 0 1\n")
    env = JobshopVectorEnv(JobshopConfig(instances=("ft", str(path))), 4)
    env.reset(seed=0)
    assert [env.instance(copy).operations for copy in range(4)] == [36, 100, 100, 4]


def test_random_instances_stay_within_their_ranges_and_reach_both_ends():
    config = JobshopConfig(random=RandomShop(jobs=(2, 4), machines=(1, 2), durations=(3, 4)))
    env = JobshopVectorEnv(config, 60)
    env.reset(seed=0)
    instances = [env.instance(copy) for copy in range(60)]
    assert {instance.jobs for instance in instances} == {2, 3, 4}
    assert {instance.machines for instance in instances} == {1, 2}
    assert {d for instance in instances for d in instance.duration.tolist()} == {3, 4}
    assert env.observation_space.shape[:2] == (60, 4)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("steps", [0, 7, 60])
def test_a_saved_state_continues_bit_by_bit_in_a_fresh_environment(name, steps):
    env, generator = env_of(name), np.random.default_rng(2)
    env.reset(seed=9)
    for _ in range(steps):
        env.step(random_actions(env, generator))
    saved = env.get_state()
    other = env_of(name)
    other.set_state(copying.deepcopy(saved))
    np.testing.assert_array_equal(env.observations(), other.observations())
    for _ in range(80):
        np.testing.assert_array_equal(env.action_masks(), other.action_masks())
        actions = random_actions(env, generator)
        one, two = env.step(actions), other.step(actions)
        for ours, theirs in zip(one[:4], two[:4], strict=True):
            np.testing.assert_array_equal(ours, theirs)
        for copy in np.flatnonzero(one[2]):
            for key, values in one[4]["final_info"].items():
                assert values[copy] == two[4]["final_info"][key][copy]


def test_an_older_state_can_be_restored_after_the_slots_have_grown():
    env, generator = env_of("in turn", 1), np.random.default_rng(4)
    env.reset(seed=0)
    env.step(random_actions(env, generator))
    saved, before = env.get_state(), env.observations().copy()
    for _ in range(60):
        env.step(random_actions(env, generator))
    assert env.instance(0).name == "mk01"
    env.set_state(saved)
    np.testing.assert_array_equal(env.observations(), before)
    assert env.instance(0).name == "ft06"


def test_a_state_is_plain_enough_for_json_but_for_its_arrays():
    env = env_of("classic")
    env.reset(seed=0)
    state = env.get_state()
    assert json.dumps({key: state[key] for key in ("decisions", "generators")})


def test_a_state_of_another_number_of_copies_is_refused():
    env, other = env_of("ft06", 2), env_of("ft06", 3)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="the state has 2 copies, not 3"):
        other.set_state(env.get_state())


def test_a_masked_action_stands_for_the_last_candidate():
    one, other = env_of("ft06", 1), env_of("ft06", 1)
    one.reset(seed=0), other.reset(seed=0)
    over = False
    while not over:
        last = int(np.flatnonzero(one.action_masks()[0])[-1])
        one.step(np.array([last]))
        _, _, over, _, _ = other.step(np.array([other.width - 1]))
    assert one.final_schedules[0].entries() == other.final_schedules[0].entries()


def test_as_many_candidates_as_jobs_but_at_most_64_unless_the_width_says_otherwise():
    def width(**settings):
        return JobshopVectorEnv(JobshopConfig(**settings)).width

    assert width(instances="ft06") == 6
    assert width(instances=["ft06", "ft20"]) == 20
    assert width(instances="ta71") == 64
    assert width(instances="ta71", width=100) == 100
    assert width(random={"kind": "factory", "size": "medium"}) == 40
    assert classic("ta71").jobs == 100
