"""An agent with a plain network trains on flat views, and its policy plays them."""

from __future__ import annotations

import numpy as np
import pytest

import rlsys
from rlsys.errors import UserError
from rlsys.network import Network
from rlsys_jobshop.env.config import JobshopConfig
from rlsys_jobshop.env.vector_env import JobshopVectorEnv
from rlsys_jobshop.playing import play

SHOP = {"random": {"kind": "classic", "jobs": [2, 4], "machines": [2, 3]}}


@pytest.mark.slow
@pytest.mark.parametrize("view", ["full", "hierarchical", "compressed"])
def test_maskable_ppo_trains_and_its_policy_chooses_candidates(view, tmp_path):
    run = rlsys.train(
        "jobshop",
        config={
            "environment": {**SHOP, "view": view, "held_out": {}},
            "agents": {
                "maskable-ppo": {"num_envs": 4, "n_steps": 32, "batch_size": 64, "net_arch": [16]}
            },
        },
        agent="maskable-ppo",
        steps=384,
        seed=0,
        out=tmp_path / "run",
    )
    policy = run.policy()
    env = JobshopVectorEnv(JobshopConfig(**SHOP, view=view), 1)
    observations, _ = env.reset(seed=0)
    for _ in range(30):
        mask = env.action_masks()
        action = policy(observations[0], mask=mask[0])
        assert mask[0, action]
        observations, *_ = env.step(np.array([action]))
    assert isinstance(policy.network, Network)
    with pytest.raises(UserError, match="view 'candidates'"):
        play(env.instance(0), policy.network)
