"""Run the real command line, as a user does, in a separate process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from patience import HANG

LAMPS_FILE = Path(__file__).with_name("lamps.py")
LAMPS = ("--plugin-file", LAMPS_FILE)
HOLDING = ("--plugin-file", Path(__file__).with_name("holding.py"))


def command(*arguments) -> list[str]:
    return [sys.executable, "-m", "rlsys.cli.main", *map(str, arguments)]


def environment(**changes) -> dict[str, str]:
    """Return this process's environment with changes; None deletes a variable."""
    merged = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", **changes}
    return {name: str(value) for name, value in merged.items() if value is not None}


def run(*arguments, cwd=None, env=None, timeout=HANG) -> subprocess.CompletedProcess[str]:
    """Run `rlsys` to its end and capture both streams."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run_here(*arguments) -> subprocess.CompletedProcess[str]:
    """Run `rlsys` in this process: as `run`, without the time that a process takes to start."""
    from rlsys.cli.main import main

    texts = [str(argument) for argument in arguments]
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        try:
            main(texts)
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(texts, code, out.getvalue(), err.getvalue())


def start(*arguments, cwd=None) -> subprocess.Popen[str]:
    """Start `rlsys` and leave it running, in a process group of its own."""
    return subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def refused(*arguments, code=1) -> str:
    """Return the one line that `rlsys` refuses the arguments with."""
    result = run_here(*arguments)
    assert result.returncode == code, (result.returncode, result.stderr)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def dist_info(folder: Path, name: str, entries: dict[str, str], version: str = "1.0") -> None:
    """Make `folder` look as if a distribution with these plugin entry points were installed."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = "".join(f"{key} = {module}\n" for key, module in entries.items())
    (info / "entry_points.txt").write_text(f"[rlsys.plugins]\n{lines}")
