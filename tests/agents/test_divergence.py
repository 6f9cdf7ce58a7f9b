"""NaN is said in one line: as the environment's fault where it is that, else with what to do."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import torch
from recipes import RECIPES, Recipe, make_agent
from toy_envs import Corridor, CorridorOracle, Target

from rlsys.agents.divergence import divergence_said
from rlsys.errors import EnvironmentFault, UserError
from rlsys.training import Problem, Session

ENVIRONMENTS = {
    "ppo": Corridor,
    "maskable-ppo": Corridor,
    "dqn": Corridor,
    "sac": Target,
    "self-labelling": Corridor,
    "imitation": Corridor,
}
LATE = 2  # steps that are sound


def refused(agent, make_env, tmp_path):
    settings = {**RECIPES[agent].settings}
    if "steps" in settings:
        settings["steps"] = 4000
    with pytest.raises(EnvironmentFault) as caught:
        Recipe(agent, make_env, settings, CorridorOracle).train(tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    assert not (tmp_path / "last").exists()
    return message


@pytest.mark.parametrize("agent", ENVIRONMENTS)
def test_an_observation_that_is_nan_is_the_environments_fault(agent, tmp_path):
    class Blind(ENVIRONMENTS[agent]):
        def look(self, copy):
            seen = np.array(super().look(copy))
            seen[0] = np.nan if self.time[copy] >= LATE else seen[0]
            return seen

    message = refused(agent, Blind, tmp_path)
    assert message.startswith("the environment returned nan as an observation")
    assert "learning rate" not in message


@pytest.mark.parametrize("agent", [name for name in ENVIRONMENTS if name != "imitation"])
def test_a_reward_that_is_nan_is_the_environments_fault(agent, tmp_path):
    class Broken(ENVIRONMENTS[agent]):
        def act(self, copy, action):
            reward, end = super().act(copy, action)
            return (np.nan if self.time[copy] >= LATE else reward), end

    message = refused(agent, Broken, tmp_path)
    assert message.startswith("the environment returned nan as a reward")
    assert "learning rate" not in message


@pytest.mark.parametrize("agent", ["ppo", "maskable-ppo"])
def test_weights_that_become_nan_before_the_next_check(agent, tmp_path):
    """Torch refuses them while the next steps are collected."""
    made = make_agent(agent, **{**RECIPES[agent].settings, "steps": 400_000})
    build = made.algorithm

    def poisoned(env, seed, shape):
        model = build(env, seed, shape)
        train = model.train

        def train_and_diverge():
            train()
            for parameter in model.policy.parameters():
                parameter.data.fill_(np.nan)

        model.train = train_and_diverge
        return model

    made.algorithm = poisoned
    assert made.report_every > 512  # so the check between two rollouts is not yet due
    problem = Problem(Corridor)
    with pytest.raises(UserError) as caught:
        made.train(problem, Session(tmp_path, 0, problem))
    message = str(caught.value)
    assert message.startswith(f"agent {agent!r}: training diverged: ")
    assert "lower the learning rate" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "use",
    [
        lambda nan: torch.distributions.Categorical(logits=nan),
        lambda nan: torch.distributions.Normal(nan, 1.0),
        lambda nan: torch.multinomial(nan, 1),
        lambda nan: torch.normal(torch.zeros(3), nan),
    ],
    ids=["categorical", "normal", "multinomial", "deviation"],
)
def test_all_of_torchs_refusals_are_known(use):
    with (
        pytest.raises(UserError, match="agent 'x': training diverged"),
        divergence_said("agent 'x'"),
    ):
        use(torch.full((3,), torch.nan))


def test_other_errors_are_left_as_they_are():
    with pytest.raises(ValueError, match="another matter"), divergence_said("x"):
        raise ValueError("another matter")
