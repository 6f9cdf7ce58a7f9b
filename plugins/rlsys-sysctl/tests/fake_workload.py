"""A workload on a fake /proc/sys, with `fake_benchmark.py` as its benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fake_tree import FakeTree
from patience import HANG

from rlsys_sysctl.config import SysctlConfig

BENCHMARK = Path(__file__).parent / "fake_benchmark.py"


def fake_workload(tree: FakeTree, fault: str = "", **changed: Any) -> dict[str, Any]:
    """Return what a workload file would hold; keyword arguments replace its keys."""
    arguments = [str(tree.root), "{seconds}", "{seed}", fault]
    return {
        "workload_name": "fake",
        "reward_metric": "speed",
        "benchmark_command": ["{python}", "-I", "-S", str(BENCHMARK), *arguments],
        "action_space": [
            {"param": "vm.swappiness", "type": "int", "min": 0, "max": 200},
            {"param": "vm.page-cluster", "type": "int", "min": 0, "max": 8},
        ],
        "training_config": {"benchmark_timeout": HANG},
        **changed,
    }


def fake_settings(tree: FakeTree, fault: str = "", **changed: Any) -> dict[str, Any]:
    """Return settings of the environment for it."""
    return {
        "workload": fake_workload(tree, fault, **changed),
        "proc_sys": str(tree.root),
        "seconds": 1.0,
        "repeats": 2,
    }


def fake_config(tree: FakeTree, fault: str = "", **changed: Any) -> SysctlConfig:
    """Return the validated settings."""
    return SysctlConfig.model_validate(fake_settings(tree, fault, **changed))
