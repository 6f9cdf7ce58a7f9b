"""Starting costs next to nothing, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from program import environment

HEAVY = ("torch", "stable_baselines3", "gymnasium", "matplotlib", "optuna", "numba", "numpy")
LIMIT = 0.3  # seconds of CPU time


def cpu_seconds(arguments) -> float:
    """Return user and system time of the child alone."""
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, env=environment())
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize(
    "arguments",
    [["-m", "rlsys.cli.main", "--help"], ["-c", "import rlsys"]],
    ids=["--help", "import rlsys"],
)
def test_starting_takes_little_cpu_time(arguments):
    best = min(cpu_seconds([sys.executable, *arguments]) for _ in range(3))
    assert best < LIMIT


@pytest.mark.parametrize(
    "code",
    [
        "import rlsys",
        "import rlsys.cli.main as m\ntry: m.main(['--help'])\nexcept SystemExit: pass",
        "import rlsys.cli.main as m\ntry: m.main(['plugins', '--json'])\nexcept SystemExit: pass",
        "import rlsys.cli.main as m\ntry: m.main(['run', '--help'])\nexcept SystemExit: pass",
    ],
    ids=["import", "--help", "plugins", "run --help"],
)
def test_nothing_heavy_is_imported(code):
    show = "\nimport json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code + show],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    loaded = json.loads(result.stdout.splitlines()[-1])
    assert "rlsys" in loaded
    assert not set(loaded) & set(HEAVY)


def test_public_names_are_found_on_first_use_and_unknown_ones_are_not():
    import rlsys
    from rlsys.network import Network

    assert rlsys.Network is Network
    assert {"Network", "hookimpl"} <= set(dir(rlsys))
    with pytest.raises(AttributeError, match="'Networks'"):
        rlsys.Networks  # noqa: B018
