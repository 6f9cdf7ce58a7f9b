"""The process of a learner: ``python -m rlsys_distributed.learning.process JOB.json``.

It is `rlsys.train` on the run directory of a model. A training that has ended because the server
stopped goes on from its last checkpoint.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

import rlsys
from rlsys.errors import ExitCode, Interrupted, UserError
from rlsys.executors.training_unit import SUMMARY_FILE
from rlsys.training import NETWORK_FILE


def main(job_file: Path) -> int:
    """Train; return the exit code."""
    _end_with_parent()
    job = json.loads(job_file.read_text(encoding="utf-8"))
    out = Path(job["out"])
    resume = (out / "manifest.json").exists()
    if resume:
        _reopen(out)
    try:
        rlsys.train(
            "distributed",
            config=job["config"],
            executor=job["executor"],
            out=out,
            resume=resume,
            progress=False,
            **job["executor_options"],
        )
    except (Interrupted, UserError) as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return ExitCode.OK


def _reopen(out: Path) -> None:
    """Take the end of an earlier training away, so that it goes on; its checkpoints stay."""
    for unit in out.glob("policies/*/seed-*"):
        (unit / NETWORK_FILE).unlink(missing_ok=True)
        for summary in (unit / SUMMARY_FILE, *unit.glob(f"checkpoints/*/{SUMMARY_FILE}")):
            summary.unlink(missing_ok=True)


def _end_with_parent() -> None:
    """End when the server's front is gone, whatever has killed it."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
