"""What this plugin provides to rlsys; imports nothing heavy."""

from __future__ import annotations

from rlsys.descriptors import AgentSpec, ExecutorOption, ExecutorSpec, Requirement, SearchRange
from rlsys.hookspecs import hookimpl

_FIX = (
    "make an environment for it: python3 -m venv ray-env && ray-env/bin/pip install 'rlsys[ray]' "
    "gymnasium==1.2.2"
)
_RAY = Requirement(name="ray", fix=_FIX)
_RLLIB = Requirement(
    name="RLlib with the exact version of gymnasium that it requires",
    kind="check",
    check="rlsys_ray.installed:rllib_fits",
    fix=_FIX,
)
_TORCH = Requirement(name="torch", fix=_FIX)


@hookimpl
def rlsys_executors() -> list[ExecutorSpec]:
    """Describe the executor."""
    return [
        ExecutorSpec(
            name="ray",
            summary="tasks on a Ray cluster, or on a temporary one started here",
            factory="rlsys_ray.factories:make_executor",
            options=(
                ExecutorOption(
                    name="ray-address",
                    summary="Running Ray cluster for --executor ray and for RLlib: HOST:PORT, or "
                    "auto for the one on this machine.  [default: a new local cluster]",
                    variable="RAY_ADDRESS",
                    metavar="ADDRESS",
                ),
            ),
            requires=(_RAY,),
        )
    ]


@hookimpl
def rlsys_agents() -> list[AgentSpec]:
    """Describe the agent."""
    return [
        AgentSpec(
            name="rllib-ppo",
            summary="proximal policy optimisation (Ray RLlib), one shared policy per role",
            config="rlsys_ray.settings:RllibPpoSettings",
            factory="rlsys_ray.factories:make_rllib_ppo",
            actions=("discrete", "multi-discrete", "continuous"),
            roles="both",
            search=(
                SearchRange(key="learning_rate", low=1e-5, high=1e-2, log=True),
                SearchRange(key="gamma", low=0.9, high=1.0),
                SearchRange(key="gae_lambda", low=0.8, high=1.0),
                SearchRange(key="ent_coef", low=0.0, high=0.3),
                SearchRange(key="clip_range", low=0.1, high=0.4),
                SearchRange(key="n_epochs", low=3, high=20),
                SearchRange(key="batch_size", choices=(64, 128, 256, 512, 1024)),
            ),
            requires=(_RAY, _TORCH, _RLLIB),
        )
    ]
