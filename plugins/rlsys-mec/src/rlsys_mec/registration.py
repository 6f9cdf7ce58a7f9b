"""Make the environment available without the command line of rlsys.

`gymnasium.make("rlsys_mec:rlsys/Mec-v0", role="ue", n_users=4)` lets you play one role; a baseline
plays the others. Once `rlsys_mec` is imported, the prefix is not needed. Keyword arguments are
`role`, `others` and the keys of `MecConfig`. `parallel_env(...)` returns all roles as a PettingZoo
`ParallelEnv`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gymnasium

    from rlsys.adapters.parallel import RoleParallelEnv

ENV_ID = "rlsys/Mec-v0"


def make_env(
    role: str = "ue", others: str = "greedy-edf", **config: Any
) -> gymnasium.Env[Any, Any]:
    """Return an environment for playing one role.

    Args:
        role: name of the role; observations and actions are those of all its agents, stacked.
        others: the baseline that plays the other roles.
        config: keys of `MecConfig`.

    Raises:
        UserError: no such role or baseline.
    """
    from rlsys.config import validate
    from rlsys.descriptors import Case
    from rlsys.errors import UserError, did_you_mean
    from rlsys.evaluation import make_baseline
    from rlsys_mec.config import MecConfig
    from rlsys_mec.single_role import SingleRoleEnv
    from rlsys_mec.vector_env import MecVectorEnv
    from rlsys_mec_plugin import rlsys_environments

    settings = validate(MecConfig, config)
    baselines = {baseline.name: baseline for baseline in rlsys_environments()[0].baselines}
    if others not in baselines:
        raise UserError(f"unknown baseline {others!r}{did_you_mean(others, baselines)}")
    controller = make_baseline(baselines[others], Case(name="one", config=settings))
    return SingleRoleEnv(MecVectorEnv(settings, 1), role, controller)


def parallel_env(**config: Any) -> RoleParallelEnv:
    """Return all roles as a PettingZoo `ParallelEnv`; keyword arguments are keys of `MecConfig`."""
    from rlsys.adapters.parallel import RoleParallelEnv
    from rlsys.config import validate
    from rlsys_mec.config import MecConfig
    from rlsys_mec.vector_env import MecVectorEnv

    return RoleParallelEnv(MecVectorEnv(validate(MecConfig, config), 1))


def register() -> None:
    """Register the environment with Gymnasium; importing `rlsys_mec` does it."""
    from gymnasium.envs.registration import register as add

    add(id=ENV_ID, entry_point="rlsys_mec.registration:make_env")
