"""The core knows no plugin, plugins do not know one another, and imports run downwards."""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src" / "rlsys"
PLUGINS = sorted(path for path in (ROOT / "plugins").glob("*/src/*") if path.is_dir())

# What only a plugin talks about, in code, docstrings, schemas and templates.
DOMAIN = re.compile(
    r"""rtos|taskset|\btask_?set|schedulers?\b|scheduling|wcet|hyperperiod|laxity|preempt|\bedf\b
    |\bllf\b|lbesa|rate.monotonic|gantt|deadline|job.?shop|makespan|\bmec\b|offload|sysctl
    |stm32|qemu|mariadb|\bray\b|rust.?q10|\bcargo\b""",
    re.IGNORECASE | re.VERBOSE,
)

# Lowest first: a module imports only from its own layer or one below.  The built-in plugins
# (agents, exporters, executors) stand where third-party ones do.
LAYERS = [
    {"errors", "__init__"},
    {"descriptors", "archive", "folders", "config", "seeds", "hookspecs", "statistics", "workers"},
    {"network", "states", "plugins", "requirements", "waiting"},
    {"registry", "controllers", "events", "figures", "runs"},
    {"importing"},
    {"application", "roles"},
    {"exporting", "policies"},
    {"rollout", "runconfig", "tensorboard"},
    {"training", "evaluation"},
    {"report", "units", "trials", "execution"},
    {"sweep"},
    {"adapters", "agents", "exporters", "executors"},
    {"workflow", "tuning", "searchspace"},
    {"policy_exports"},
    {"cli", "testing"},
]


def imported(file: Path, package: str) -> set[str]:
    """Return the full names of the modules of `package` that `file` imports, also lazily."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        elif isinstance(node, ast.ImportFrom):
            raise AssertionError(f"{file}: relative import in line {node.lineno}")
    return {name for name in found if name.partition(".")[0].startswith(package)}


def module_graph() -> dict[str, set[str]]:
    files = {
        ".".join(("rlsys", *file.relative_to(CORE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): file
        for file in CORE.rglob("*.py")
        if "templates" not in file.parts
    }
    return {
        name: {n for n in imported(file, "rlsys") if n in files} - {name}
        for name, file in files.items()
    }


TEXTS = sorted(f for f in CORE.rglob("*") if f.is_file() and f.suffix != ".pyc")


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: str(file.relative_to(CORE)))
def test_the_core_holds_no_word_of_any_plugin(file):
    words = {match.group() for match in DOMAIN.finditer(file.read_text(encoding="utf-8"))}
    assert not words
    if file.suffix == ".py":
        assert not imported(file, "rlsys_")


def test_the_words_looked_for_are_those_of_a_plugin():
    """The search finds what it should in the plugin that has these words."""
    text = (ROOT / "plugins/rlsys-rtos/src/rlsys_rtos/plugin.py").read_text(encoding="utf-8")
    assert {"rtos", "deadline", "gantt"} <= {m.group().lower() for m in DOMAIN.finditer(text)}


def test_no_test_asserts_what_a_clock_says():
    """How fast a machine is decides no test; the two helpers' limits end only what hangs."""
    clock = re.compile(r"\bassert .*(monotonic|perf_counter|time\.time)\(|settings\(.*deadline=\d")
    files = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("*/*/tests/**/*.py")]
    found = [f for f in files if clock.search(f.read_text(encoding="utf-8"))]
    assert {f.name for f in found} == {"patience.py"}


def test_imports_inside_the_core_have_no_circles():
    # `rlsys/__init__.py` hands out names of other modules on first use only.
    graph = {name: needs - {"rlsys"} for name, needs in module_graph().items() if name != "rlsys"}
    assert list(graphlib.TopologicalSorter(graph).static_order())


def test_imports_inside_the_core_run_downwards():
    rank = {name: index for index, layer in enumerate(LAYERS) for name in layer}
    upwards = []
    for name, needs in module_graph().items():
        part = name.split(".")[1] if "." in name else "__init__"
        assert part in rank, f"rlsys.{part} belongs into LAYERS"
        for other in needs if part != "__init__" else ():
            below = other.split(".")[1] if "." in other else "__init__"
            assert below in rank, f"rlsys.{below} belongs into LAYERS"
            if rank[below] > rank[part]:
                upwards.append((name, other))
    assert not upwards


@pytest.mark.parametrize("package", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_imports_the_core_and_itself_but_no_other_plugin(package):
    for file in package.rglob("*.py"):
        others = {name.partition(".")[0] for name in imported(file, "rlsys")}
        assert others <= {"rlsys", package.name}, file
