"""Every built-in agent reaches the known optimum of a tiny problem."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from recipes import RECIPES, evaluate, optimum

# A continuous action is never exact: mean squared error over four steps and two numbers.
MISSES_BY = {"ppo-continuous": 0.08, "sac": 0.08, "maskable-ppo-items": 0.03}


@pytest.mark.parametrize("name", RECIPES)
def test_reaches_the_optimum(name, tmp_path):
    recipe = RECIPES[name]
    lines = []
    network, _ = recipe.train(tmp_path, emit=lines.append)
    gap = optimum(recipe) - evaluate(recipe, network)
    assert gap.min() > -1e-5
    assert gap.mean() <= MISSES_BY.get(name, 1e-5)
    reported = [line for line in lines if "seconds" in line]
    assert reported[-1]["step"] == reported[-1]["total"]
    steps = [line["step"] for line in reported]
    assert steps == sorted(set(steps))
    assert any("loss" in line or "actor_loss" in line for line in reported)
    assert any("reward" in line for line in reported)
