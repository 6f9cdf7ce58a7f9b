"""Traces are read as their formats say, and an error names a bad line in one line."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from rlsys.errors import ConfigError

from rlsys_cache.trace import read_trace


def read(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_trace(path).tolist()


def test_a_lis_line_is_as_many_requests_as_it_has_blocks(tmp_path):
    assert read(tmp_path, "a.lis", "110765 3 0 0\n7 1 0 1\n") == [110765, 110766, 110767, 7]


def test_an_spc_request_covers_the_blocks_of_its_bytes(tmp_path):
    # Two requests as in the published traces, and one byte more than a block.
    text = "0,20941264,8192,W,0.551706\n0, 303567, 513, r, 0.6, extra\n1,303567,512,w,0.7\n"
    blocks = read(tmp_path, "a.spc", text)
    assert blocks[:16] == list(range(20941264, 20941280))
    assert blocks[16:18] == [303567, 303568]
    assert len(blocks) == 19
    assert blocks[18] != 303567, "another unit has its own blocks"


def test_an_spc_request_without_bytes_is_ignored(tmp_path):
    assert read(tmp_path, "a.spc", "0,5,0,R,0\n0,6,512,R,0\n") == [6]


@pytest.mark.parametrize("header", ["", "time,key,size\n"])
def test_a_csv_has_keys_of_any_kind(tmp_path, header):
    text = header + "0,17,100\n1.5,/index.html,2000\n\n2,18\n3,/index.html,2000\n4,017,1\n"
    blocks = read(tmp_path, "a.csv", text)
    assert blocks[0] == 17
    assert blocks[2] == 18
    assert blocks[1] == blocks[3]
    assert len(set(blocks)) == 4, "017 is a different text than 17"
    texts = sorted({blocks[1], blocks[4]})
    assert texts[1] < 0, "texts are not numbers"
    assert texts[1] - texts[0] > 1, "and not neighbours"


BAD = {
    "a.lis": {
        "1 2 3": "must be 'first_block blocks ignored request_number'",
        "x 1 0 0": "first block must be a whole number in 0..",
        "-1 1 0 0": "first block must be a whole number in 0..",
        "1 0 0 0": "number of blocks must be a whole number in 1..",
        "1 1 0 z": "request number must be",
    },
    "a.spc": {
        "0,1,512,R": "must be 'ASU,LBA,size,opcode,timestamp'",
        "0,1,512,X,0": "opcode must be R or W, not 'X'",
        "0,1,5.5,R,0": "size in bytes must be a whole number",
        "0,1,512,R,soon": "time must be a number of seconds, not 'soon'",
        "0,1,512,R,nan": "time must be a number of seconds, not 'nan'",
        f"0,{1 << 40},512,R,0": "LBA must be a whole number in 0..1099511627775",
    },
    "a.csv": {
        "1": "must be 'time,key,size'",
        "1,,3": "must be 'time,key,size'",
        "1,2,3,4": "must be 'time,key,size'",
        "soon,2,3": "time must be a number of seconds, not 'soon'",
        "1,2,large": "size must be a whole number",
    },
}
GOOD = {"a.lis": "1 1 0 0", "a.spc": "0,1,512,R,0", "a.csv": "0,1,1"}


@pytest.mark.parametrize(("name", "line"), [(name, line) for name in BAD for line in BAD[name]])
def test_a_bad_line_is_named_with_its_number(name, line, tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, name, f"{GOOD[name]}\n\n{line}\n")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / name}:3: ")
    assert BAD[name][line] in message
    assert "\n" not in message


def test_what_is_not_a_trace_is_an_error(tmp_path):
    for name, content, fault in (
        ("a.txt", b"1 1 0 0\n", "give the file one of .lis, .spc, .csv"),
        ("a.lis", b"\n\n", "has no requests"),
        ("b.lis", gzip.compress(b"1 1 0 0\n"), "not text"),
        ("c.lis", f"0 {10**9} 0 0\n".encode(), "more than 50,000,000 requests"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigError, match=fault):
            read_trace(tmp_path / name)
    with pytest.raises(ConfigError, match="No such file"):
        read_trace(tmp_path / "missing.lis")


def test_a_long_run_is_unrolled_in_order(tmp_path):
    blocks = read(tmp_path, "a.lis", "5 1000 0 0\n5 1 0 1\n")
    assert blocks == [*range(5, 1005), 5]
    assert read_trace(tmp_path / "a.lis").dtype == np.int64
