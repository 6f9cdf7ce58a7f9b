"""Bursts of writes to a file, each ended by fsync: how long does the writer wait?

`burst_mb_per_second` is the size of a burst over the time that its writer spent in write and fsync,
in MB/s; of several bursts, the median.  The writer's pauses do not count.

vm.dirty_background_ratio decides how many dirty pages may gather before the kernel writes in the
background, that is, during the pauses; vm.dirty_ratio decides when the writer itself has to wait.
Both are shares of the available memory.  On a machine with much memory, a burst of bounded size
reaches only the lowest values, so the kernel's defaults are near the best and there is little to
gain.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time

from rlsys.errors import UserError
from rlsys_sysctl.benchmarks.program import ending_with_errors, parser_for, print_metrics

MB = 1 << 20
BURST_MB = 384
GROUP_MB = 32
PAUSE_SECONDS = 0.05


def burst(file: int, content: bytes) -> tuple[float, float]:
    """Writes the file over once; returns the seconds in write and in fsync."""
    writing = 0.0
    os.lseek(file, 0, os.SEEK_SET)
    for number in range(BURST_MB):
        begin = time.monotonic()
        left = memoryview(content)
        while left:
            left = left[os.write(file, left) :]
        writing += time.monotonic() - begin
        if (number + 1) % GROUP_MB == 0:
            time.sleep(PAUSE_SECONDS)
    begin = time.monotonic()
    os.fsync(file)
    return writing, time.monotonic() - begin


def measure(folder: str, seconds: float, seed: int) -> dict[str, float]:
    """The metrics of bursts until `seconds` have passed; the last burst is finished.

    The file has no name, so that it cannot be left behind.
    """
    draw = random.Random(seed)
    bursts: list[tuple[float, float]] = []
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            os.posix_fallocate(file.fileno(), 0, BURST_MB * MB)
            end = time.monotonic() + seconds
            while not bursts or time.monotonic() < end:
                bursts.append(burst(file.fileno(), draw.randbytes(MB)))
    except OSError as error:
        raise UserError(
            f"cannot write {BURST_MB} MB into {folder} ({error.strerror}); name another folder "
            "with --folder"
        ) from None
    return {
        "burst_mb_per_second": statistics.median(BURST_MB / sum(times) for times in bursts),
        "fsync_seconds": statistics.median(syncing for _, syncing in bursts),
    }


def main() -> None:
    parser = parser_for(__doc__, seconds=8, fixture=False)
    parser.add_argument(
        "--folder", default="/var/tmp", help="on the disk in question (default /var/tmp)"
    )
    options = parser.parse_args()
    print_metrics(measure(options.folder, options.seconds, options.seed))


if __name__ == "__main__":
    ending_with_errors(main)
