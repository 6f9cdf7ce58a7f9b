"""A binary heap of jobs by time and rank, for compiled code that allocates nothing."""

from __future__ import annotations

from rlsys.batched.compiled import kernel
from rlsys_jobshop.search.arrays import Ints


@kernel
def heapify(time: Ints, rank: Ints, size: int) -> None:
    """Order the first `size` entries of both arrays as a heap."""
    for root in range(size // 2 - 1, -1, -1):
        sift_down(time, rank, size, root)


@kernel
def sift_down(time: Ints, rank: Ints, size: int, root: int) -> None:
    """Let an entry that grew sink to its place."""
    own_time, own_rank = time[root], rank[root]
    while 2 * root + 1 < size:
        child = 2 * root + 1
        other = child + 1
        if other < size and (
            time[other] < time[child] or (time[other] == time[child] and rank[other] < rank[child])
        ):
            child = other
        if time[child] > own_time or (time[child] == own_time and rank[child] > own_rank):
            break
        time[root], rank[root] = time[child], rank[child]
        root = child
    time[root], rank[root] = own_time, own_rank
