"""The Python front door is documented with every keyword, and what the pages show is run."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys

import pytest
from pages import DOCS, ROOT, blocks, read, section, table
from program import environment

import rlsys

FUNCTIONS = ("run", "train", "evaluate", "compare", "load")
PAGE = read("python.md")


def test_every_function_and_keyword_is_described():
    functions = table(PAGE, "function")
    assert {re.match(r"`rlsys\.(\w+)", cell)[1] for cell in functions} == set(FUNCTIONS)
    text = PAGE[PAGE.index("| keyword |") : PAGE.index("In `set`, the")]
    said = {}
    for line in [line for line in text.splitlines() if line.startswith("| `")]:
        names, of, *_ = (cell.strip() for cell in line.strip("|").split("|"))
        owners = re.findall(r"`(\w+)`", of)
        if of.startswith("all"):
            owners = [one for one in FUNCTIONS if one not in owners]
        for owner in owners:
            said.setdefault(owner, set()).update(re.findall(r"`(\w+)`", names))
    for name in FUNCTIONS:
        parameters = inspect.signature(getattr(rlsys, name)).parameters.values()
        keywords = {one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}
        assert said[name] == keywords, name


def test_every_attribute_of_a_run_is_described():
    rows = " ".join(
        f"{k} {row['what it is']}" for k, row in table(PAGE, "attribute of a `Run`").items()
    )
    public = {name for name in dir(rlsys.Run) if not name.startswith("_")}
    assert {name for name in public if not re.search(rf"`{name}[`(]", rows)} == set()
    assert "`points`" in section(PAGE, "## Results")


def run_python(code: str, folder) -> str:
    for module in ("rlsys_rtos", "sb3_contrib", "matplotlib"):
        pytest.importorskip(module, reason="pip install 'rlsys[rtos]'")
    (folder / "program.py").write_text(code)
    ended = subprocess.run(
        [sys.executable, "program.py"], capture_output=True, text=True, env=environment(),
        cwd=folder, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == "", "quiet without a terminal"
    return ended.stdout


@pytest.mark.slow
def test_the_page_runs_from_top_to_bottom(tmp_path):
    shown = run_python("\n".join(blocks(PAGE, "python")), tmp_path)
    assert re.search(r"^optimum oracle \d", shown, re.MULTILINE)
    assert (tmp_path / "runs/python/earlier/8192/policies/normal/seed-0/network.npz").exists()


def first_py() -> str:
    (code,) = blocks(read("quick-start.md"), "python")
    assert code.startswith("# first.py\n")
    return code


@pytest.mark.slow
def test_the_quick_start_works_in_a_python_file(tmp_path):
    code = first_py()
    shown = dict(line.split() for line in run_python(code, tmp_path).splitlines())
    assert {"optimum", "edf", "maskable-ppo"} <= set(shown)
    (path,) = (tmp_path / "runs").iterdir()
    assert rlsys.load(path).status == "complete"


@pytest.mark.slow
def test_the_quick_start_works_in_a_notebook(tmp_path):
    for module in ("rlsys_rtos", "sb3_contrib", "matplotlib"):
        pytest.importorskip(module, reason="pip install 'rlsys[rtos]'")
    nbformat = pytest.importorskip("nbformat", reason="pip install 'rlsys[dev]'")
    from nbclient import NotebookClient

    cell = nbformat.v4.new_code_cell(f"{first_py()}\nrun")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client = NotebookClient(notebook, timeout=None, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env={**os.environ, "OMP_NUM_THREADS": "1"})
    shown = [o["data"]["text/html"] for o in cell.outputs if "text/html" in o.get("data", {})]
    assert "<progress value=" in shown[0]
    assert "<caption>normal</caption>" in shown[-1]
    assert "data:image/png;base64," in shown[-1]


def test_the_readme_shows_calls_that_exist():
    (code,) = blocks((ROOT / "README.md").read_text(encoding="utf-8"), "python")
    call = re.search(r"rlsys\.run\(\"rtos\", (.*)\)$", code, re.MULTILINE)
    keywords = set(re.findall(r"(\w+)=", call[1]))
    assert keywords <= set(inspect.signature(rlsys.run).parameters)
    assert "run.policy(" in code
    assert f"(../{'examples/schedule_tasks.ipynb'})" in (DOCS / "python.md").read_text()
