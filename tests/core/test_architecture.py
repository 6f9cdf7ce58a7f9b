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

# Words that only plugins may use, in code, docstrings, schemas and templates.
DOMAIN = re.compile(
    r"""rtos|taskset|\btask_?set|schedulers?\b|scheduling|wcet|hyperperiod|laxity|preempt|\bedf\b
    |\bllf\b|lbesa|rate.monotonic|gantt|deadline|job.?shop|makespan|\bmec\b|offload|sysctl
    |stm32|qemu|mariadb|\bray\b|rust.?q10|\bcargo\b""",
    re.IGNORECASE | re.VERBOSE,
)

# Rooms, lowest first: a room imports from those below it, never from one beside it.  The modules
# at the top of the package are the vocabulary; with `batched` and `storage` they are the ground
# floor.
VOCABULARY = "the vocabulary"
FLOORS = [
    {VOCABULARY, "batched", "storage"},
    {"plugins", "adapters"},
    {"config"},
    {"agents", "exporters", "evaluation", "executors", "figures"},
    {"tuning"},
    {"workflow"},
    {"api"},
    {"cli", "testing"},
]
ROOMS = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MOST_FILES = 13


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
    text = (ROOT / "plugins/rlsys-rtos/src/rlsys_rtos_plugin.py").read_text(encoding="utf-8")
    assert {"rtos", "deadline", "gantt"} <= {m.group().lower() for m in DOMAIN.finditer(text)}


CLOCK = re.compile(r"\bassert .*(monotonic|perf_counter|time\.time)\(|settings\(.*deadline=\d")


def test_no_test_asserts_what_a_clock_says():
    """How fast a machine is decides no test: they wait for events, with limits that end hangs."""
    files = {*ROOT.glob("tests/**/*.py"), *ROOT.glob("*/*/tests/**/*.py")} - {Path(__file__)}
    assert [f for f in files if CLOCK.search(f.read_text(encoding="utf-8"))] == []
    for planted in ("assert time.monotonic() - begin < 4", "@settings(deadline=200)"):
        assert CLOCK.search(planted)


def test_imports_inside_the_core_have_no_circles():
    # `rlsys/__init__.py` hands out names of other modules on first use only.
    graph = {name: needs - {"rlsys"} for name, needs in module_graph().items() if name != "rlsys"}
    assert list(graphlib.TopologicalSorter(graph).static_order())


def room_of(module: str) -> str:
    """Return the room of a module of the core: the folder right below the package."""
    parts = module.split(".")
    is_room = len(parts) > 1 and (CORE / parts[1]).is_dir()
    return parts[1] if is_room else VOCABULARY


def test_every_room_of_the_core_has_its_floor():
    there = {path.name for path in CORE.iterdir() if (path / "__init__.py").is_file()}
    assert there == ROOMS.keys() - {VOCABULARY}


def test_imports_between_rooms_run_downwards():
    wrong = []
    for name, needs in module_graph().items():
        if name == "rlsys":
            continue
        here = room_of(name)
        for other in needs - {"rlsys"}:
            there = room_of(other)
            ground = ROOMS[here] == ROOMS[there] == 0
            if here != there and not ground and ROOMS[there] >= ROOMS[here]:
                wrong.append((name, other))
    assert not wrong


def doors() -> list[Path]:
    """Return the ``__init__.py`` of every room of the core and of the plugins."""
    packages = [CORE, *PLUGINS]
    return sorted(f for package in packages for f in package.rglob("__init__.py"))


@pytest.mark.parametrize("door", doors(), ids=lambda f: str(f.parent.relative_to(ROOT)))
def test_a_room_says_what_it_is_for_and_is_not_overfull(door):
    if door.parent.name in ("presets", "workloads") or "templates" in door.parts:
        return
    assert ast.get_docstring(ast.parse(door.read_text(encoding="utf-8")))
    modules = [f for f in door.parent.glob("*.py") if f.name != "__init__.py"]
    top = door.parent in (CORE, *PLUGINS)
    assert top or len(modules) <= MOST_FILES


@pytest.mark.parametrize("package", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_imports_the_core_and_itself_but_no_other_plugin(package):
    # The entry module of a package that registers with Gymnasium lies beside it.
    entry = package.with_name(f"{package.name}_plugin.py")
    for file in [*package.rglob("*.py"), *([entry] if entry.exists() else [])]:
        others = {name.partition(".")[0] for name in imported(file, "rlsys")}
        assert others <= {"rlsys", package.name, entry.stem}, file
