"""The notebook runs from top to bottom and shows what it promises."""

from __future__ import annotations

import base64
import json
import os
import re

import pytest
from example_files import EXAMPLES

NOTEBOOK = EXAMPLES / "schedule_tasks.ipynb"


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Return the executed code cells."""
    for module in ("rlsys_rtos", "sb3_contrib", "matplotlib", "onnxruntime"):
        pytest.importorskip(module, reason="pip install 'rlsys[rtos,figures,onnx]'")
    nbformat = pytest.importorskip("nbformat", reason="pip install 'rlsys[dev]'")
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    folder = tmp_path_factory.mktemp("notebook")
    client = NotebookClient(notebook, timeout=None, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, "OMP_NUM_THREADS": "1", "JUPYTER_PLATFORM_DIRS": "1"})
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def data(cell, kind: str) -> list[str]:
    """Return what a cell shows of a MIME type, in order."""
    return [o["data"][kind] for o in cell.outputs if kind in o.get("data", {})]


def printed(cell) -> str:
    return "".join(output["text"] for output in cell.outputs if output.output_type == "stream")


@pytest.mark.slow
def test_progress_is_one_output_and_the_run_shows_its_table_and_figure(cells):
    progress, run = data(cells[0], "text/html")
    assert "<progress value='8192' max='8192'>" in progress
    assert "rlsys: figures" in progress
    assert "<caption>normal</caption>" in run
    assert "<td>maskable-ppo</td><td>learned</td>" in run
    (picture,) = re.findall(r"data:image/png;base64,([^']+)'", run)
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    assert not [o for o in cells[0].outputs if o.output_type == "stream"], "nothing on stderr"


@pytest.mark.slow
def test_results_and_figures_are_objects(cells):
    assert re.search(
        r"^optimum +oracle +\d+\.\d deadlines missed$", printed(cells[1]), re.MULTILINE
    )
    assert "('edf', " in data(cells[2], "text/plain")[0]
    (png,) = data(cells[3], "image/png")
    assert base64.b64decode(png).startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_policy_earns_what_the_evaluation_measured(cells):
    """Nothing is random in this taskset, so that every episode is the same."""
    row = re.search(r"<td>maskable-ppo</td><td>learned</td><td>([\d.-]+)</td>",
                    data(cells[0], "text/html")[-1])  # fmt: skip
    assert printed(cells[4]) == f"reward {row[1]}\n"


@pytest.mark.slow
def test_the_export_holds_and_the_comparison_shows(cells):
    assert "onnx-same-actions True" in printed(cells[5])
    assert "policy.onnx" in data(cells[5], "text/plain")[-1]
    assert "<td>optimum</td>" in data(cells[6], "text/html")[-1]


def test_it_is_kept_without_outputs_and_listed():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert f"`{NOTEBOOK.name}`" in listed
