"""The names of the built-in commands, which no plugin may use."""

from __future__ import annotations

BUILT_IN = {
    "run": "Train, evaluate against baselines and optimum, draw, report, export.",
    "train": "Only train; `evaluate` and `export` take the run directory.",
    "evaluate": "Evaluate the policies of a run on held-out episodes.",
    "compare": "Compare runs, baselines and the optimum on the same held-out episodes.",
    "export": "Write the policies of a run in another format.",
    "watch": "Show episodes of a policy in a window or as text, or record them.",
    "tune": "Search for the best settings of an agent with Optuna.",
    "plugins": "List plugins, what they provide, and what is wrong with them.",
    "doctor": "Check every plugin and external tool; print how to fix what is wrong.",
}
