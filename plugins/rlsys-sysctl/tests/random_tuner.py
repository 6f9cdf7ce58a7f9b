"""A real tuner without the search: random values and misbehaving benchmarks, until it is ended.

Started by test_kill as a program: ``random_tuner.py FAKE_ROOT NAMESPACE_PID SEED ENDING``.
It says on stdout what it is about to do, so that the test can choose the moment.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from coupled_kernel import HalfRealKernel

from rlsys.errors import RlsysError
from rlsys_sysctl.machine.machine import Machine

BENCHMARKS = {
    "works": "sleep 0.02; echo 'speed: 1.5'",
    "hangs": "sleep 1000",
    "fails": "exit 3",
    "garbage": "head -c 50000 /dev/urandom",
    "forks": "sleep 1000 & sleep 1000 & (sleep 1000 & sleep 1000) & exit 0",
    "leaves": "setsid sleep 1000 & setsid sh -c 'setsid sleep 1000 & sleep 1000' & sleep 1000",
    "ignores": "trap '' TERM INT HUP; while :; do sleep 1; done",
}
FAKE = ("vm.swappiness", "vm.page-cluster", "vm.dirty_ratio", "vm.dirty_background_ratio")
REAL = (
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_congestion_control",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_slow_start_after_idle",
)


def draw(rng: random.Random, names: tuple[str, ...], default: str) -> dict[str, str]:
    """Return a random value for each of `names`; `default`: a congestion control that works."""
    low = rng.randrange(1024, 30000)
    sizes = sorted(rng.randrange(4096, 2**24) for _ in range(3))
    values = {
        "vm.swappiness": str(rng.randrange(101)),
        "vm.page-cluster": str(rng.randrange(9)),
        "vm.dirty_ratio": str(rng.randrange(1, 90)),
        "vm.dirty_background_ratio": str(rng.randrange(1, 90)),
        "net.ipv4.tcp_rmem": " ".join(map(str, sizes)),
        "net.ipv4.tcp_congestion_control": rng.choice(["reno", default]),
        "net.ipv4.ip_local_port_range": f"{low} {rng.randrange(low + 2, 65536)}",
        "net.ipv4.tcp_slow_start_after_idle": rng.choice("01"),
    }
    return {name: values[name] for name in names}


def run_benchmark(machine: Machine, command: str, say: Callable[[str], None]) -> None:
    """Run one benchmark for at most 50 ms, as the runner does."""
    say("benchmark")
    process = subprocess.Popen(
        ["sh", "-c", command],
        env=os.environ | machine.environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    with machine.guarding(process.pid):
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def fork_late(machine: Machine, say: Callable[[str], None]) -> None:
    """Fork a benchmark that begins only half a second after this program was killed."""
    tuner = os.getpid()
    if os.fork() == 0:
        os.setsid()
        while os.getppid() == tuner:
            time.sleep(0.01)
        time.sleep(0.5)
        say("child begins")
        os.execvpe("sleep", ["sleep", "1000"], os.environ | machine.environment)
    say("forked")
    time.sleep(1000)


def end(ending: str) -> None:
    """End this program in the way that is asked for."""
    match ending:
        case "exception":
            raise RuntimeError("a bug")
        case "sys.exit":
            sys.exit(5)
        case "os._exit":
            os._exit(6)
        case "abort":
            os.abort()
        case "return":
            raise StopIteration


def main(root: str, namespace: str, seed: str, ending: str) -> None:
    """Tune until the program is ended from outside or, after three values, in its own way."""
    rng = random.Random(int(seed))
    kernel = HalfRealKernel(root, None if namespace == "-" else int(namespace))
    names = FAKE if namespace == "-" else FAKE + REAL

    def say(what: str) -> None:
        print(what, flush=True)

    say("starting")
    with Machine(names, kernel=kernel) as machine, contextlib.suppress(StopIteration):
        say("entered")
        for number in range(10**9):
            say("apply")
            default = machine.original.get("net.ipv4.tcp_congestion_control", "")
            machine.apply(draw(rng, names, default))
            machine.verify()
            if ending == "forking":
                fork_late(machine, say)
            run_benchmark(machine, rng.choice(list(BENCHMARKS.values())), say)
            if number >= 2:
                end(ending)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except RlsysError as error:
        sys.exit(f"{type(error).__name__}: {error}")
