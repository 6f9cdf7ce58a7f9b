"""Starting costs next to nothing, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from program import environment

HEAVY = ("torch", "stable_baselines3", "gymnasium", "matplotlib", "optuna", "numba", "numpy")
HELP = "import rlsys.cli.main as m\ntry: m.main(['--help'])\nexcept SystemExit: pass"


def loaded_by(code) -> set[str]:
    """Return the modules of a fresh interpreter that has run `code`."""
    show = "\nimport json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code + show],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize(("code", "most"), [("import rlsys", 20), (HELP, 250)])
def test_starting_imports_few_modules(code, most):
    """What starting costs is its imports; how long they take is for a benchmark to say."""
    assert len(loaded_by(code) - loaded_by("")) <= most


@pytest.mark.parametrize(
    "code",
    [
        "import rlsys",
        HELP,
        "import rlsys.cli.main as m\ntry: m.main(['plugins', '--json'])\nexcept SystemExit: pass",
        "import rlsys.cli.main as m\ntry: m.main(['run', '--help'])\nexcept SystemExit: pass",
    ],
    ids=["import", "--help", "plugins", "run --help"],
)
def test_nothing_heavy_is_imported(code):
    loaded = loaded_by(code)
    assert "rlsys" in loaded
    assert not loaded & set(HEAVY)


def test_public_names_are_found_on_first_use_and_unknown_ones_are_not():
    import rlsys
    from rlsys.network import Network

    assert rlsys.Network is Network
    assert {"Network", "hookimpl"} <= set(dir(rlsys))
    with pytest.raises(AttributeError, match="'Networks'"):
        rlsys.Networks  # noqa: B018
