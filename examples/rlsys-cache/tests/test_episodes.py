"""Where requests come from: synthetic traces, the past and the future of a file."""

from __future__ import annotations

import os

import numpy as np
import pytest
from click.testing import CliRunner
from playing import written
from pydantic import ValidationError
from rlsys.errors import ConfigError
from rlsys.seeds import evaluation_seeds, training_seeds

from rlsys_cache.cli import cache_trace
from rlsys_cache.config import CacheConfig, cases
from rlsys_cache.synthetic import SyntheticConfig, lis_text, synthetic_runs
from rlsys_cache.trace import read_trace
from rlsys_cache.windows import Episodes, load, window_of


def test_a_window_knows_the_next_request_and_the_neighbour():
    window = window_of(np.array([7, 8, 7, 20, 9, 8]))
    assert window.keys.tolist() == [0, 1, 0, 2, 3, 1]
    assert window.next_use.tolist() == [2, 5, 6, 6, 6, 6]
    #             7 no 6, 8 after 7, no 6, no 19, 9 three after 8, 8 three after 7
    assert window.neighbour.tolist() == [6, 1, 6, 6, 3, 3]


def test_the_past_never_sees_the_future(tmp_path):
    path = written(tmp_path, range(1000))
    settings = {"sizes": (4,), "requests": 50, "trace": str(path), "past": 0.6}
    past = Episodes(CacheConfig(**settings))
    starts = []
    for seed in training_seeds(0, 300):
        blocks = past.requests(seed, 0)
        assert blocks.tolist() == list(range(blocks[0], blocks[0] + 50))
        starts.append(int(blocks[0]))
    assert min(starts) < 25
    assert 500 < max(starts) <= 550
    future = Episodes(CacheConfig(**settings, part="future"))
    pieces = [future.requests(seed, 0).tolist() for seed in evaluation_seeds(8)]
    assert sorted(block for piece in pieces for block in piece) == list(range(600, 1000))
    assert future.requests(evaluation_seeds(9)[8], 0).tolist() == pieces[0]


def test_a_trace_file_that_changes_is_read_again(tmp_path):
    path = written(tmp_path, range(10))
    assert load(str(path)).tolist() == list(range(10))
    written(tmp_path, range(5, 15))
    os.utime(path, ns=(1, 1))
    assert load(str(path)).tolist() == list(range(5, 15))


def test_what_cannot_be_played_is_refused(tmp_path):
    path = written(tmp_path, range(100))
    with pytest.raises(ConfigError, match=r"future of trace .* has 30 requests, fewer than the 50"):
        Episodes(CacheConfig(requests=50, trace=str(path), part="future"))
    with pytest.raises(ConfigError, match="never has to evict within 40 requests"):
        Episodes(CacheConfig(sizes=(64,), requests=40)).draw(0, 0)
    with pytest.raises(ValidationError, match="must differ"):
        CacheConfig(sizes=(8, 8))
    with pytest.raises(ValidationError, match="shortest, longest"):
        SyntheticConfig(file_blocks=(9, 3))


def test_the_cases_train_once_and_judge_everywhere():
    found = cases(CacheConfig(sizes=(32, 16)))
    assert [(c.name, c.policy, c.config.size) for c in found] == [
        ("size-32", None, 32),
        ("size-16", "size-32", 16),
    ]
    found = cases(CacheConfig(sizes=(32, 16), trace="builtin"))
    assert [(c.name, c.policy, c.config.part) for c in found] == [
        ("past-32", None, "past"),
        ("future-32", "past-32", "future"),
        ("future-16", "past-32", "future"),
    ]


def test_a_synthetic_trace_is_what_it_says():
    config = SyntheticConfig()
    runs = synthetic_runs(config, 60_000, np.random.default_rng(0))
    starts, counts = np.array(runs).T
    assert counts.sum() == 60_000
    # Pieces of one block look like hot blocks, so count pieces of two or more: 9 of 10 requests
    # for files, because pieces have 1 to 4 blocks.
    assert counts[counts > 1].sum() / 0.9 == pytest.approx(0.5 * 60_000, rel=0.05)
    hot = starts[counts == 1]
    _, often = np.unique(hot[:150], return_counts=True)
    assert often.max() >= 8, "some blocks are much more popular than others"
    early, late = set(hot[:500].tolist()), set(hot[-500:].tolist())
    assert len(early & late) < 0.1 * len(early), "and different ones later"
    alike = synthetic_runs(config, 60_000, np.random.default_rng(0))
    assert alike == runs


def test_the_trace_in_the_package_is_the_one_that_the_command_writes(tmp_path):
    path = tmp_path / "a.lis"
    path.write_text(lis_text(12_000, 0))
    assert np.array_equal(load("builtin"), read_trace(path))


def test_the_command_writes_a_trace_and_refuses_what_it_cannot(tmp_path):
    def run(*words):
        return CliRunner().invoke(cache_trace, [str(word) for word in words])

    ended = run(tmp_path / "t.lis", "--requests", 500, "--seed", 3)
    assert ended.exit_code == 0, ended.output
    assert len(read_trace(tmp_path / "t.lis")) == 500
    assert "give the file that ending" in str(run(tmp_path / "t.txt").exception)
    assert "cannot be written" in str(run(tmp_path / "no" / "t.lis").exception)
