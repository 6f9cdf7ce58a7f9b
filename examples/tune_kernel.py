"""Tune kernel parameters for your own benchmark, without touching this machine's kernel.

    python examples/tune_kernel.py            about a minute
    python examples/tune_kernel.py --quick    seconds: the dry run, and a short search

Needs `pip install 'rlsys[sysctl]'` and Linux, but no special rights: the parameters are files in a
temporary folder that looks like /proc/sys. On a real machine, omit `proc_sys` and run as root;
everything else stays the same.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from rlsys_sysctl import optimize

PARAMETERS = {"vm.swappiness": "60", "vm.page-cluster": "3"}

# Any program that prints the metric, here with an optimum at swappiness 150 and page-cluster 6.
# Its argument is the folder with the parameters.
BENCHMARK = """
import math, random, sys
root = sys.argv[1]
swappiness = int(open(f"{root}/vm/swappiness").read())
cluster = int(open(f"{root}/vm/page-cluster").read())
far = ((swappiness - 150) / 60) ** 2 + ((cluster - 6) / 3) ** 2
noise = 1 + 0.01 * random.gauss(0, 1)
print("requests_per_s:", (1000 + 1500 * math.exp(-far)) * noise)
"""


def workload(kernel: Path, program: Path) -> dict[str, Any]:
    """Return the content of a workload file."""
    return {
        "workload_name": "my-server",
        "reward_metric": "requests_per_s",
        "benchmark_command": ["{python}", str(program), str(kernel)],
        "action_space": [
            {"param": "vm.swappiness", "type": "int", "min": 0, "max": 200},
            {"param": "vm.page-cluster", "type": "int", "min": 0, "max": 8},
        ],
        "training_config": {"benchmark_timeout": 30.0},
    }


def main(*, quick: bool) -> None:
    """Show what would be written, tune, and show that everything is restored."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The journal that survives a power cut; on a real machine it has a default location.
        os.environ["RLSYS_SYSCTL_STATE"] = str(folder / "state")
        kernel, program = folder / "proc-sys", folder / "benchmark.py"
        (kernel / "vm").mkdir(parents=True)
        for parameter, value in PARAMETERS.items():
            (kernel / parameter.replace(".", "/")).write_text(f"{value}\n")
        program.write_text(BENCHMARK)
        load = workload(kernel, program)
        environment = {"proc_sys": str(kernel), "repeats": 2}

        budget = {"evaluations": 12 if quick else 40, "confirm_pairs": 4 if quick else 8}
        dry = optimize(load, dry_run=True, environment=environment, settings=budget)
        print(f"a dry run: {len(dry.writes)} writes, the first {dry.writes[0]}")
        print("still:", current(kernel))

        tuned = optimize(load, environment=environment, settings=budget, out=folder / "run")
        print("recommended:" if tuned.recommended else "no better than:", tuned.best_configuration)
        interval = f"[{tuned.low:+.1%}, {tuned.high:+.1%}]"
        print(f"improvement, confirmed in new runs: {tuned.improvement:+.1%} {interval}")
        print("still:", current(kernel))


def current(kernel: Path) -> dict[str, str]:
    """Return the current values of the kernel parameters."""
    return {name: (kernel / name.replace(".", "/")).read_text().strip() for name in PARAMETERS}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="seconds instead of a minute")
    main(quick=parser.parse_args().quick)
