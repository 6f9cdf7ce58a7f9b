"""What is wrong with a stranger's environment is said in one line, which says what to do."""

from __future__ import annotations

import pytest

gymnasium = pytest.importorskip("gymnasium")

from registered import newest  # noqa: E402

from rlsys.adapters.existing import rlsys_environments  # noqa: E402
from rlsys.adapters.existing.batches import agent_for  # noqa: E402
from rlsys.adapters.existing.random_actions import RandomActions  # noqa: E402
from rlsys.adapters.existing.settings import GymnasiumSettings  # noqa: E402
from rlsys.adapters.making import make_env_of, reward_threshold_of, single_env_of  # noqa: E402
from rlsys.descriptors import EnvironmentSpec, MetricSpec  # noqa: E402
from rlsys.errors import UserError  # noqa: E402
from rlsys.rollout import play  # noqa: E402

(SPEC,) = rlsys_environments()


def refused(id, copies=1, processes=0, first=0, **kwargs):
    config = GymnasiumSettings(id=id, kwargs=kwargs, processes=processes)
    with pytest.raises(UserError) as caught:
        play(make_env_of(SPEC, config), RandomActions(config), list(range(first, first + copies)))
    text = str(caught.value)
    assert len(text.splitlines()) == 1, text
    return text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Raises", "cannot be made: RuntimeError: the simulator is not running"),
        ("NotAnEnv", "NotAnEnv: is a NotAnEnv, not a gymnasium.Env; derive its class from it"),
        ("a_batch", "is a batch (a gymnasium.vector.VectorEnv); give a single environment"),
        ("NUMBER", "is a int, not a class or function"),
        ("NoSpaces", "its observation_space is None; set it to a space of gymnasium.spaces"),
        ("OldReset", "reset() returned one value of type ndarray; it must return (observation,"),
        ("RaisesInReset", "its first reset(seed=0) raised ValueError: no map is loaded"),
        ("OldStep", "step() returned a tuple of 4 values; it must return (observation, reward"),
        ("OldStep", "the old 'gym' had one flag `done`"),
        ("RewardOfTwo", "its reward is array([1., 2.]); it must be one number"),
        ("OtherShape", "its observation has the shape (2,), but its space has (3,)"),
        ("BeyondDiscrete", "its observation['room'] is 3, which is not in its space Discrete(3)"),
        ("MissingKey", "its observation has no part ['age'], which its space has"),
        ("MaskOfThree", "its action mask has 3 values, but its action space Discrete(4) needs 4"),
        ("MasksNothing", "its action mask allows no action at all, though the episode goes on"),
        ("MaskOnce", "info['action_mask'] is given in some steps only"),
        ("MaskLate", "info['action_mask'] is given in some steps only"),
        ("MaskedJoints", "has action masks, but continuous actions, which cannot be masked"),
    ],
)
def test_a_mistake_in_the_environment(name, message):
    assert message in refused(f"faulty_envs:{name}")


def test_masks_in_some_episodes_only():
    assert "is given in some steps only" in refused("faulty_envs:MaskInSomeEpisodes")
    text = refused("faulty_envs:MaskInSomeEpisodes", first=1, by_seed=True)
    assert "has action masks in some episodes only" in text


def test_spaces_that_a_network_cannot_take():
    text = refused("single_envs:Saying")
    assert "space Text(1, 5, " in text
    assert "at ['text'] has no fixed number of values" in text
    assert "FilterObservation" in text
    text = refused("single_envs:Mixed")
    assert "mixes discrete and continuous parts" in text


@pytest.mark.parametrize(
    ("wrappers", "message"),
    [
        (["FilterObservations"], "(did you mean 'FilterObservation'"),
        (["FilterObservation"], "raised TypeError: FilterObservation.__init__() missing 1"),
        ([{"FilterObservation": {"filter_keys": ["x"]}}], "wrapper FilterObservation: raised "),
        (["nowhere:W"], "wrapper nowhere:W: there is no module 'nowhere'"),
    ],
)
def test_a_wrapper_that_does_not_fit(wrappers, message):
    config = GymnasiumSettings(id="single_envs:Nested", wrappers=wrappers)
    with pytest.raises(UserError) as caught:
        make_env_of(SPEC, config)(1)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_copies_must_be_alike():
    assert "other spaces than the first" in refused("faulty_envs:Growing", copies=3)


def test_agents_that_act_in_turn_are_pointed_to_the_parallel_environment():
    pytest.importorskip("pettingzoo", reason="pip install 'rlsys[pettingzoo]'")
    assert "act in turn (AECEnv); give its parallel_env" in refused("faulty_envs:TurnBased")
    assert "has no parallel_env" in refused("pettingzoo:faulty_envs")


@pytest.mark.parametrize(
    ("id", "message"),
    [
        ("CartPol-v1", "no environment 'CartPol-v1' is registered (did you mean 'CartPole-v1'"),
        ("ALE/Pong-v5", "--set id=PACKAGE:ALE/Pong-v5"),
        ("Taxi-v2", f"is deprecated. Please use `{newest('Taxi')}` instead."),
        ("singel_envs:Recording", "there is no module 'singel_envs', neither installed nor in"),
        ("single_envs:Recordin", "(did you mean 'Recording'"),
        ("single_envs:Recordin-v0", "has no 'Recordin-v0', and registers no such id"),
        ("numpy:nothing", "the module 'numpy' has no 'nothing', and registers no such id"),
    ],
)
def test_a_name_that_leads_nowhere(id, message):
    assert message in refused(id)


def test_arguments_that_it_does_not_take_are_named_with_those_it_takes():
    text = refused("single_envs:Recording", speed=3)
    assert "unexpected keyword argument 'speed'; it takes steps (--set kwargs.NAME=VALUE)" in text
    text = refused("CartPole-v1", speed=3)
    assert "unexpected keyword argument 'speed'; it takes sutton_barto_reward" in text


def test_a_module_in_the_current_directory_is_found_and_its_faults_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken_module.py").write_text("import gymnasium\ndef f(:\n")
    text = refused("broken_module:Env")
    assert "SyntaxError: " in text
    assert "(broken_module.py, line 2)" in text
    (tmp_path / "needy_module.py").write_text("import not_there_at_all\n")
    assert "needs 'not_there_at_all', which is missing" in refused("needy_module:Env")
    assert "did you mean 'needy_module'" in refused("needy_modul:Env")


def test_an_error_in_another_process_is_the_same_error():
    mine = refused("faulty_envs:OldStep")
    assert refused("faulty_envs:OldStep", copies=2, processes=2) == mine
    config = GymnasiumSettings(id="faulty_envs:RaisesLater", processes=1)
    with pytest.raises(UserError, match="ZeroDivisionError: speed is zero") as caught:
        play(make_env_of(SPEC, config), RandomActions(config), [1])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "faulty_envs.py" in "".join(caught.value.__cause__.__notes__)


def test_a_process_that_is_gone_is_named():
    text = refused("faulty_envs:Dies", copies=2, processes=2)
    assert "a process with copies of the environment ended (exit code 7; " in text


def test_the_recommended_agent_follows_from_the_environment():
    pytest.importorskip("pettingzoo", reason="pip install 'rlsys[pettingzoo]'")
    agents = {
        id: agent_for(GymnasiumSettings(id=id))
        for id in ("CartPole-v1", newest("Taxi"), "single_envs:ByMethod", "pettingzoo:joint_envs")
    }
    assert list(agents.values()) == ["ppo", "maskable-ppo", "maskable-ppo", "sb3-shared"]


def test_the_reward_threshold_is_the_registered_one():
    assert reward_threshold_of(SPEC, GymnasiumSettings(id="CartPole-v1")) == 475.0
    assert reward_threshold_of(SPEC, GymnasiumSettings(id="single_envs:Recording")) is None


def described(**changes):
    from faulty_envs import Config

    fields = {"env": "faulty_envs:of_plugin", **changes}
    spec = EnvironmentSpec(
        name="toy", summary="", config="faulty_envs:Config", agent="ppo", **fields
    )
    return spec, Config


@pytest.mark.parametrize("given", [{"env": None}, {"vector_env": "m:Batch"}])
def test_a_description_gives_either_a_batch_or_a_single_environment(given):
    with pytest.raises(ValueError, match="give either `vector_env`, a batched environment, or"):
        described(**given)


@pytest.mark.parametrize("processes", [0, 1])
def test_a_plugin_gives_a_single_environment_with_its_metrics(processes):
    metric = MetricSpec(name="moved", summary="", better="higher")
    spec, config = described(metrics=(metric,))
    make_env = make_env_of(spec, config(steps=4, processes=processes))
    played = play(make_env, RandomActions(None), [1, 2, 3], ["moved", "length"])
    assert played["moved"].tolist() == played["length"].tolist() == [4.0, 4.0, 4.0]


def test_a_metric_that_no_info_has_is_named():
    spec, config = described(metrics=(MetricSpec(name="speed", summary="", better="higher"),))
    with pytest.raises(UserError, match=r"metric 'speed' is missing .* which has 'moved'"):
        play(make_env_of(spec, config()), RandomActions(None), [1], ["speed"])


@pytest.mark.parametrize("processes", [0, 2])
@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            "successes",
            r"^toy: Successes: the metric 'is_success' is missing in the info of an episode's last "
            r"step, which has 'moved'; put it there in every episode, or remove it",
        ),
        ("unknown", r"^environment 'toy', copy \d+, .*'is_success' is nan; metrics must be finite"),
        (
            "widening",
            r"^environment 'toy', .* shape \(5,\) in one episode and \(4,\) in earlier",
        ),
        (
            "uneven",
            r"^toy: .*'is_success' has the shape \(\d,\) in one episode and \(\d,\)",
        ),
    ],
)
def test_a_metric_that_only_some_episodes_have_is_no_zero(made, message, processes):
    metric = MetricSpec(name="is_success", summary="", better="higher")
    spec, config = described(env=f"faulty_envs:{made}", metrics=(metric,))
    make_env = make_env_of(spec, config(processes=processes))
    with pytest.raises(UserError, match=message) as caught:
        play(make_env, RandomActions(None), list(range(12)), ["is_success"])
    assert len(str(caught.value).splitlines()) == 1


def test_a_factory_that_raises_or_cannot_show_is_the_plugins_fault():
    spec, config = described()
    with pytest.raises(UserError, match=r"^toy: faulty_envs:of_plugin raised KeyError: 'map'"):
        make_env_of(spec, config(fails=True))(1)
    with pytest.raises(UserError, match="takes no render_mode, so it cannot be shown"):
        single_env_of(spec, config(), render_mode="rgb_array")
    spec, config = described(env="faulty_envs:shown")
    env = single_env_of(spec, config(), render_mode="rgb_array")
    assert env.render_mode == "rgb_array"
    env.close()


def test_a_batch_that_takes_no_render_mode_cannot_be_shown():
    spec, config = described(env=None, vector_env="lamps:Lamps")
    with pytest.raises(UserError, match="lamps:Lamps takes no `render_mode`"):
        make_env_of(spec, config(), render_mode="rgb_array")
