"""A message names the environment as the user did, not a class that rlsys wrapped around it."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")
pytest.importorskip("sb3_contrib")

from faulty_envs import Config
from recipes import Recipe

from rlsys.adapters.existing import rlsys_environments
from rlsys.adapters.existing.settings import GymnasiumSettings
from rlsys.adapters.making import make_env_of
from rlsys.adapters.parallel import RoleParallelEnv
from rlsys.descriptors import EnvironmentSpec
from rlsys.errors import UserError

(GYMNASIUM,) = rlsys_environments()
FEW = {"rounds": 1, "episodes": 64, "keep": 8}


def existing(id):
    return make_env_of(GYMNASIUM, GymnasiumSettings(id=id))


def described(config, **factory):
    spec = EnvironmentSpec(
        name="heating", summary="", config="faulty_envs:Config", agent="ppo", **factory
    )
    return make_env_of(spec, config)


def refused(agent, make_env, tmp_path, **settings):
    with pytest.raises(UserError) as caught:
        Recipe(agent, make_env, settings).train(tmp_path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("agent", "id", "settings", "message"),
    [
        ("maskable-ppo", "CartPole-v1", {}, "but CartPole-v1 has no such method"),
        ("mappo", "CartPole-v1", {}, "but CartPole-v1 has none; choose another"),
        ("sb3-shared", "single_envs:Recording", {}, "but single_envs:Recording has none"),
        ("self-labelling", "faulty_envs:Noisy", FEW, "faulty_envs:Noisy is not repeatable"),
        (
            "self-labelling", "single_envs:Recording", {**FEW, "instances": 0},
            "single_envs:Recording differs between seeds",
        ),
        (
            "sb3-shared", "joint_envs:Market", {"credit": "difference", "gamma": 0.0},
            "but joint_envs:Market has none; use credit 'team'",
        ),
    ],
)  # fmt: skip
def test_an_existing_environment_goes_by_its_id(agent, id, settings, message, tmp_path):
    assert message in refused(agent, existing(id), tmp_path, **settings)


def test_the_environment_of_a_plugin_goes_by_its_name(tmp_path):
    single = described(Config(), env="faulty_envs:of_plugin")
    batch = described(Config(), vector_env="toy_envs:unmasked_batch")
    for number, make_env in enumerate((single, batch)):
        message = refused("maskable-ppo", make_env, tmp_path / str(number))
        assert "but heating has no such method" in message


def test_the_name_that_pettingzoo_sees_is_that_of_the_user():
    env = RoleParallelEnv(existing("joint_envs:Market")(1))
    assert env.metadata["name"] == "joint_envs:Market"
    with pytest.raises(UserError, match=r"^CartPole-v1 has no roles; "):
        RoleParallelEnv(existing("CartPole-v1")(1))
