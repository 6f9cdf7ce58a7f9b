"""RLlib's PPO on its new API stack, set up for one of our environments."""

from __future__ import annotations

import importlib.machinery
import logging
import shutil
import sys
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray.cloudpickle
from gymnasium import spaces
from ray.rllib.algorithms.algorithm import Algorithm
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.core.rl_module.multi_rl_module import MultiRLModuleSpec
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.tune.registry import register_env

from rlsys.training import Problem
from rlsys_ray.episodes import EpisodeMetrics
from rlsys_ray.roles_env import RllibRolesEnv, role_of
from rlsys_ray.settings import RllibPpoSettings
from rlsys_ray.single_env import RllibSingleEnv
from rlsys_ray.spaces import flat_observation_space, policy_action_space

Spaces = tuple[spaces.Space[Any], spaces.Space[Any]]


def spaces_of(env: Any) -> dict[str, Spaces]:
    """Return the spaces of each policy, that is, of each role or of the only agent."""
    roles = getattr(env, "roles", ())
    if not roles:
        return {DEFAULT_MODULE_ID: (env.single_observation_space, env.single_action_space)}
    return {role.name: (role.observation_space, role.action_space) for role in roles}


@contextmanager
def built(
    settings: RllibPpoSettings, problem: Problem, policies: dict[str, Spaces], seed: int
) -> Iterator[Algorithm]:
    """Yield the algorithm and stop it afterwards; use it while connected.

    Args:
        settings: settings of the agent.
        problem: the problem to learn.
        policies: from `spaces_of`.
        seed: seed of weights, actions and episodes.
    """
    logging.getLogger("ray.rllib").setLevel(logging.ERROR)
    several = DEFAULT_MODULE_ID not in policies
    config = (
        PPOConfig()  # type: ignore[no-untyped-call]
        .api_stack(enable_rl_module_and_learner=True, enable_env_runner_and_connector_v2=True)
        .framework("torch")
        .environment(
            _register(problem, settings, several=several),
            disable_env_checking=True,
            # As in rlsys's other agents: the environment's adapter scales actions, not RLlib.
            normalize_actions=False,
            clip_actions=True,
        )
        .env_runners(
            num_env_runners=settings.num_env_runners,
            num_envs_per_env_runner=settings.num_envs,
        )
        .learners(num_learners=0)
        .training(
            lr=settings.learning_rate,
            gamma=settings.gamma,
            lambda_=settings.gae_lambda,
            clip_param=settings.clip_range,
            entropy_coeff=settings.ent_coef,
            vf_loss_coeff=settings.vf_coef,
            # No penalty on the divergence and no bound on the value loss: PPO as elsewhere.
            use_kl_loss=False,
            vf_clip_param=float("inf"),
            grad_clip=settings.max_grad_norm,
            grad_clip_by="global_norm",
            train_batch_size=settings.train_batch_size,
            minibatch_size=settings.batch_size,
            num_epochs=settings.n_epochs,
        )
        .rl_module(rl_module_spec=_modules(settings, policies))
        .callbacks(EpisodeMetrics)
        .debugging(seed=seed, log_level="ERROR")
    )
    if several:
        config = config.multi_agent(
            policies=set(policies),
            policy_mapping_fn=lambda agent, _episode, **_: role_of(agent),
        )
    with warnings.catch_warnings():
        # RLlib registers every environment under one name, and Gymnasium warns about the second.
        warnings.filterwarnings("ignore", message=".*Overriding environment")
        algorithm: Algorithm = config.build_algo()
    try:
        yield algorithm
    finally:
        algorithm.stop()  # type: ignore[no-untyped-call]
        # An empty folder below ~/ray_results, which RLlib always makes.
        shutil.rmtree(algorithm.logdir, ignore_errors=True)


def _modules(settings: RllibPpoSettings, policies: dict[str, Spaces]) -> Any:
    specs = {
        name: RLModuleSpec(
            observation_space=flat_observation_space(observation),
            action_space=policy_action_space(action, settings.scale_actions),
            model_config=DefaultModelConfig(
                fcnet_hiddens=list(settings.net_arch),
                fcnet_activation=settings.activation,
                vf_share_layers=False,
                free_log_std=isinstance(action, spaces.Box),
            ),
        )
        for name, (observation, action) in policies.items()
    }
    if DEFAULT_MODULE_ID in specs:
        return specs[DEFAULT_MODULE_ID]
    return MultiRLModuleSpec(rl_module_specs=specs)


def _register(problem: Problem, settings: RllibPpoSettings, *, several: bool) -> str:
    """Return the name under which RLlib finds the environment."""
    make_env, metrics = problem.make_env, problem.metrics
    adapter: Any = RllibRolesEnv if several else RllibSingleEnv
    scaled = settings.scale_actions
    if settings.num_env_runners > 0:
        _pickle_by_value(make_env(1))
    name = f"rlsys-{uuid.uuid4().hex}"
    register_env(name, lambda _context: adapter(make_env(1), metrics, scaled=scaled))
    return name


def _pickle_by_value(env: Any) -> None:
    """Send the code of a plugin that is a single file: other processes cannot import it."""
    name = env.__class__.__module__.partition(".")[0]
    env.close()
    if importlib.machinery.PathFinder.find_spec(name) is None:
        ray.cloudpickle.register_pickle_by_value(  # type: ignore[no-untyped-call]
            sys.modules[name]
        )
