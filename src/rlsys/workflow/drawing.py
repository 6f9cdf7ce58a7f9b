"""Draws all figures of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlsys.config.plan import Plan
from rlsys.descriptors import MetricSpec, resolve
from rlsys.evaluation.evaluate import REWARD
from rlsys.evaluation.report import cases_of, levels_of, ranked
from rlsys.figures.comparison import comparison_figure
from rlsys.figures.curriculum import curriculum_figure
from rlsys.figures.training import Panel, learning_figure, training_figure
from rlsys.workflow.climb import climbed
from rlsys.workflow.run_directory import RunDirectory
from rlsys.workflow.trained import fresh_controllers, load_policies


def draw(plan: Plan, run: RunDirectory, document: Mapping[str, Any]) -> dict[str, str]:
    """Draw all figures of a run; return their paths by name."""
    directory = run.path / "figures"
    directory.mkdir(exist_ok=True)
    rewards = [row for row in document["results"] if row["metric"] == "reward"]
    panels = [
        _panel(metric, document) for metric in (REWARD, *plan.environment.metrics) if metric.curve
    ]
    paths = {}
    lines = run.metrics()
    if any(panel.metric in line for line in lines for panel in panels):
        training_figure(lines, panels, directory / "training_reward.png")
        paths["training_reward"] = "figures/training_reward.png"
    stages = climbed(plan, run)
    if stages:
        (metric,) = (m for m in (REWARD, *plan.environment.metrics) if m.name == stages[0].metric)
        label = f"validation {_label(metric)}"
        curriculum_figure(lines, stages, label, directory / "curriculum.png")
        paths["curriculum"] = "figures/curriculum.png"
    comparison_figure(rewards, directory / "comparison.png", levels_of(document))
    paths["comparison"] = "figures/comparison.png"
    for learning in plan.environment.learning_figures:
        (metric,) = (m for m in plan.environment.metrics if m.name == learning.metric)
        if learning_figure(lines, metric.name, _label(metric), directory / f"{learning.name}.png"):
            paths[learning.name] = f"figures/{learning.name}.png"
    policies = load_policies(plan, run)
    for figure in plan.environment.figures:
        for case in plan.cases[:1] if figure.first_case_only else plan.cases:
            name = figure.name if figure.first_case_only else f"{figure.name}-{case.name}"
            solved = any(r["case"] == case.name and r["kind"] == "oracle" for r in rewards)
            controllers = fresh_controllers(plan, case, policies, oracle=solved)
            resolve(figure.factory)(case.name, case.config, controllers, directory / f"{name}.png")
            paths[name] = f"figures/{name}.png"
    return paths


def _panel(metric: MetricSpec, document: Mapping[str, Any]) -> Panel:
    """Return the panel of a metric with its reference levels: best baseline, optimum, threshold."""
    levels = levels_of(document) if metric is REWARD else {}
    for case in cases_of(document):
        for kind in ("oracle", "baseline"):
            rows = [row for row in ranked(document, case, metric.name) if row["kind"] == kind]
            if rows:
                levels.setdefault(case, {})[rows[0]["controller"]] = rows[0]["mean"]
    return Panel(metric.name, _label(metric), levels)


def _label(metric: MetricSpec) -> str:
    return metric.name.replace("_", " ") + (f" ({metric.unit})" if metric.unit else "")
