"""The bare core works where no extra is installed.

The tox environment `core` has no extra at all. Everywhere else the extras are installed, so each
test runs in a Python that refuses to import them.
"""

from __future__ import annotations

import importlib.metadata as metadata
import importlib.util
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from packaging.requirements import Requirement

# The import names of what the extras bring, their heavy dependencies included.
EXTRAS = {
    "gymnasium",
    "matplotlib",
    "moviepy",
    "numba",
    "onnx",
    "onnxruntime",
    "optuna",
    "pandas",
    "sb3_contrib",
    "stable_baselines3",
    "tensorboard",
    "torch",
}


def python(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` in a fresh Python in which importing an extra raises ModuleNotFoundError."""
    refuse = f"""
        import sys

        class NoExtras:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in {sorted(EXTRAS)!r}:
                    raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

        sys.meta_path.insert(0, NoExtras())
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(refuse) + textwrap.dedent(code)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_core_environment_has_no_extra() -> None:
    if os.environ.get("TOX_ENV_NAME") != "core":
        pytest.skip("only the tox environment 'core' is bare")
    assert not [name for name in sorted(EXTRAS) if importlib.util.find_spec(name)]


def test_the_block_works(tmp_path: Path) -> None:
    result = python("import torch", tmp_path)
    assert "ModuleNotFoundError: No module named 'torch'" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["plugins"], ["doctor", "--help"]]
)
def test_the_command_line_needs_no_extra(tmp_path: Path, arguments: list[str]) -> None:
    result = python(
        f"""
        from rlsys.cli.main import main

        sys.argv = ["rlsys", *{arguments!r}]
        sys.exit(main())
        """,
        tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout
    assert "Traceback" not in result.stderr


def test_the_public_names_that_need_no_extra_import_without_one(tmp_path: Path) -> None:
    result = python("import rlsys; print(rlsys.__version__)", tmp_path)
    assert result.stdout.strip() == metadata.version("rlsys"), result.stderr


def test_the_core_asks_for_little() -> None:
    required = [Requirement(text) for text in metadata.requires("rlsys") or []]
    always = {each.name.lower() for each in required if each.marker is None}
    assert always == {"click", "numpy", "platformdirs", "pluggy", "pydantic", "pyyaml", "rich"}
