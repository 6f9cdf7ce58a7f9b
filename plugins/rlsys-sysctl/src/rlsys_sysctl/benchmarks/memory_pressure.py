"""A server whose heap and files together are larger than its memory: what should be swapped?

`operations_per_second` counts requests by the program's own clock, which stops while the program is
ready to run but others have the processor.  A request reads a random block of a file, or walks over
a few neighbouring pages of the heap, most of which is hardly ever used.  Heap and file cache
compete for the limit of a memory cgroup: vm.swappiness decides which of the two gives way, and
vm.page-cluster how many pages come back from swap at once.  Swap is a compressed RAM disk if the
machine has zram, else the machine's own swap.

The heap is shared with a second process, as in a pre-forking server, because the kernel does not
read ahead from zram for a page with a single owner, whatever vm.page-cluster says.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from rlsys_sysctl.benchmarks import memory_cgroup, swap
from rlsys_sysctl.benchmarks.fixture import (
    asked_to_end,
    entry,
    fixture_of,
    say_ready,
    wait_for_end,
)
from rlsys_sysctl.benchmarks.guard import guarded
from rlsys_sysctl.benchmarks.program import ending_with_errors, parser_for, print_metrics

MODULE = "rlsys_sysctl.benchmarks.memory_pressure"
MB = 1 << 20
LIMIT = 160 * MB
HEAP = 192 * MB
FILE = 128 * MB
SWAP = 512 * MB
BLOCK = 16 << 10
HEAP_PAGES_AT_A_TIME = 16
HOT_SHARE = 0.97
"""Share of the walks over the heap that stay in its first eighth; the others go anywhere."""
FILE_SHARE = 0.5
"""Share of the requests that read the file."""
WARM_UP_SECONDS = 2.5
_PAGE = mmap.PAGESIZE
_SCHEDSTAT = Path("/proc/thread-self/schedstat")
_SWAPPINESS = Path("/proc/sys/vm/swappiness")


def work(file: int, seconds: float, seed: int) -> float:
    """Requests per second, once the heap has been filled and has settled."""
    draw = random.Random(seed)
    heap = mmap.mmap(-1, HEAP, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # One page of a heap compresses to about a third; the pages must differ.
    filling = draw.randbytes(_PAGE // 3)
    for page in range(HEAP // _PAGE):
        start = page * _PAGE
        heap[start : start + 8] = page.to_bytes(8, "little")
        heap[start + 8 : start + 8 + len(filling)] = filling
    with _second_process():
        _requests(file, heap, WARM_UP_SECONDS, draw)
        return _requests(file, heap, seconds, draw)


def _requests(file: int, heap: mmap.mmap, seconds: float, draw: random.Random) -> float:
    blocks = FILE // BLOCK
    records = HEAP // _PAGE // HEAP_PAGES_AT_A_TIME
    record = HEAP_PAGES_AT_A_TIME * _PAGE
    count, begin = 0, _own_clock()
    while (now := _own_clock()) < begin + seconds:
        for _ in range(64):
            if draw.random() < FILE_SHARE:
                os.pread(file, BLOCK, draw.randrange(blocks) * BLOCK)
            else:
                hot = draw.random() < HOT_SHARE
                start = draw.randrange(records // 8 if hot else records) * record
                heap[start : start + record : _PAGE]
            count += 1
    return count / (now - begin)


def _own_clock() -> float:
    """Seconds of work and of waiting for swap and disk, not of waiting for a processor.

    Waiting for a processor is the second figure of schedstat, in nanoseconds
    (Documentation/scheduler/sched-stats.rst); on kernels without it, this is the plain clock.
    """
    try:
        waited = int(_SCHEDSTAT.read_bytes().split()[1])
    except FileNotFoundError:
        waited = 0
    return time.monotonic() - waited * 1e-9


@contextlib.contextmanager
def _second_process() -> Iterator[None]:
    """A process that shares the heap: pages in swap then have two owners, as in such servers."""
    waiting, alive = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(alive)
        os.read(waiting, 1)
        os._exit(0)
    os.close(waiting)
    try:
        yield
    finally:
        os.close(alive)
        os.waitpid(pid, 0)


def measure(cgroup: Path, path: str, seconds: float, seed: int) -> dict[str, float]:
    """The metrics of `seconds` of requests by this process in the cgroup, on the file at `path`."""
    memory_cgroup.join(cgroup, _SWAPPINESS.read_text())
    with open(path, "rb", buffering=0) as file:
        # What an earlier run left in the cache is not charged to this one.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        return {"operations_per_second": work(file.fileno(), seconds, seed)}


def _take_down(line: str) -> None:
    kind, _, name = line.partition(" ")
    if kind == "cgroup":
        memory_cgroup.remove(Path(name))
    elif kind == "zram":
        swap.remove_zram(int(name))
    else:
        Path(name).unlink(missing_ok=True)


def serve(folder: str) -> None:
    """Sets up swap, a cgroup and the file, until it is time to end."""
    root = memory_cgroup.memory_hierarchy()
    made: dict[str, str] = {}
    with asked_to_end() as until, guarded(_take_down) as note:
        # The last is taken down first: swapping can end once nothing of the cgroup is swapped.
        if swap.CONTROL.exists() or not swap.is_there_swap():
            number = swap.add_zram()
            note(f"zram {number}")
            made["swap"] = str(swap.begin_swapping(number, SWAP))
        cgroup = root / f"rlsys-memory-pressure-{os.getpid()}"
        note(f"cgroup {cgroup}")
        made["cgroup"] = str(memory_cgroup.make(cgroup.name, LIMIT, root))
        path = Path(folder) / f"rlsys-memory-pressure-{os.getpid()}"
        made["file"] = str(path)
        note(f"file {path}")
        with path.open("xb") as file:
            for _ in range(FILE // MB):
                file.write(os.urandom(MB))
            os.fsync(file.fileno())
        say_ready({}, **made)
        wait_for_end(until)


def main() -> None:
    parser = parser_for(__doc__, seconds=8)
    parser.add_argument("--folder", default="/var/tmp", help="with --fixture: where its file lies")
    options = parser.parse_args()
    if options.fixture:
        serve(options.folder)
        return
    with fixture_of(MODULE) as made:
        cgroup, path = Path(entry(made, "cgroup")), entry(made, "file")
        print_metrics(measure(cgroup, path, options.seconds, options.seed))


if __name__ == "__main__":
    ending_with_errors(main)
