"""Plain second implementations of the caches that use nothing from the package.

Each plays a list of keys from an empty cache and returns the number of hits.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cache, lru_cache


def lru_hits(keys, places):
    """LRU, using the cache of the standard library."""

    @lru_cache(maxsize=places)
    def fetch(key):
        return key

    for key in keys:
        fetch(key)
    return fetch.cache_info().hits


def fifo_hits(keys, places):
    cache, hits = OrderedDict(), 0
    for key in keys:
        if key in cache:
            hits += 1
            continue
        if len(cache) == places:
            cache.popitem(last=False)
        cache[key] = None
    return hits


def lfu_hits(keys, places, *, forget=True):
    """Evict the block with the fewest requests; among equals the one requested longest ago."""
    cache, counts, hits = {}, {}, 0
    for time, key in enumerate(keys):
        if key in cache:
            hits += 1
        elif len(cache) == places:
            victim = min(cache, key=lambda k: (counts[k], cache[k]))
            del cache[victim]
            if forget:
                del counts[victim]
        counts[key] = counts.get(key, 0) + 1
        cache[key] = time
    return hits


def perfect_lfu_hits(keys, places):
    return lfu_hits(keys, places, forget=False)


class _Node:
    def __init__(self, key):
        self.key, self.visited, self.newer, self.older = key, False, None, None


def sieve_hits(keys, places):
    """SIEVE as its paper shows it: a linked list from head (newest) to tail, and a hand."""
    nodes, head, tail, hand, hits = {}, None, None, None, 0
    for key in keys:
        if key in nodes:
            nodes[key].visited = True
            hits += 1
            continue
        if len(nodes) == places:
            node = hand or tail
            while node.visited:
                node.visited = False
                node = node.newer or tail
            hand = node.newer
            if node.newer:
                node.newer.older = node.older
            else:
                head = node.older
            if node.older:
                node.older.newer = node.newer
            else:
                tail = node.newer
            del nodes[node.key]
        fresh = _Node(key)
        fresh.older = head
        if head:
            head.newer = fresh
        head = fresh
        tail = tail or fresh
        nodes[key] = fresh
    return hits


def best_hits(keys, places, start=0, cached=frozenset()):
    """Return the most hits, by trying every eviction."""

    @cache
    def best(time, held):
        if time == len(keys):
            return 0
        key = keys[time]
        if key in held:
            return 1 + best(time + 1, held)
        if len(held) < places:
            return best(time + 1, held | {key})
        return max(best(time + 1, (held - {out}) | {key}) for out in held)

    return best(start, cached)
