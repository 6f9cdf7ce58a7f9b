"""Traces are read and written as the Standard Workload Format says."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from swf import (
    FIELDS,
    FRACTIONS,
    HEADER_FIELDS,
    Comment,
    Record,
    SwfError,
    Trace,
    parse,
    read,
    text_of,
    write,
)

LINE = "7 100 5 60.5 8 58.25 2048.5 16 3600 4096 1 3 4 5 2 1 6 30"
RECORD = Record(7, 100, 5, 60.5, 8, 58.25, 2048.5, 16, 3600, 4096, 1, 3, 4, 5, 2, 1, 6, 30)
HEADER = """\
; Version: 2.2
;     Computer: IBM SP2
;MaxProcs:128 (64+64)
; MaxNodes: 64
; UnixStartTime: 835000000
; TimeZoneString: Europe/Oslo
; Queue: 1 short (up to 1 hour)
; Queue: 2 long
; Partition: 1 thin
; Note: first
;
; see http://example.org: not a field
; http://example.org
; Note: second: with a colon
; Site: an own field
"""


def test_all_fields_are_read_by_name():
    assert parse(LINE).records == (RECORD,)
    assert len(FIELDS) == 18
    assert FIELDS[0] == "job_number"
    assert FIELDS[17] == "think_time"


def test_header_fields_are_read_by_name():
    trace = parse(HEADER + LINE)
    assert trace.texts("Version") == ("2.2",)
    assert trace.texts("Computer") == ("IBM SP2",)
    assert trace.number("MaxProcs") == 128
    assert trace.number("maxnodes") == 64
    assert trace.number("UnixStartTime") == 835000000
    assert trace.texts("TimeZoneString") == ("Europe/Oslo",)
    assert trace.segments("Queue") == {1: "short (up to 1 hour)", 2: "long"}
    assert trace.segments("Partition") == {1: "thin"}
    assert trace.texts("Note") == ("first", "second: with a colon")
    assert trace.texts("Site") == ("an own field",)
    assert trace.number("MaxJobs") is None
    assert trace.texts("MaxJobs") == ()
    assert Comment("", "http://example.org") in trace.comments
    assert len(HEADER_FIELDS) == len(set(HEADER_FIELDS))


@pytest.mark.parametrize("name", HEADER_FIELDS)
def test_every_header_field_is_known_even_without_a_blank(name):
    assert parse(f";{name}:x").texts(name) == ("x",)


@pytest.mark.parametrize(
    "text",
    [
        LINE,
        f"\n\n{LINE}\n\n",
        f"\ufeff{LINE}\n".removeprefix("\ufeff"),
        "\t" + LINE.replace(" ", " \t ") + "  \r\n",
        f"; x\r{LINE}\r",
    ],
    ids=["no last newline", "blank lines", "plain", "tabs and CRLF", "CR"],
)
def test_white_space_does_not_matter(text):
    assert parse(text).records == (RECORD,)


def test_files_may_be_compressed_whatever_they_are_called(tmp_path):
    for name, data in (
        ("a.swf", LINE.encode()),
        ("b.swf.gz", gzip.compress(LINE.encode())),
        ("c.swf", gzip.compress(LINE.encode())),
        ("d.swf", b"\xef\xbb\xbf" + LINE.encode()),
        ("e.swf", b"; Acknowledge: Andr\xe9\n" + LINE.encode()),
    ):
        (tmp_path / name).write_bytes(data)
        assert read(tmp_path / name).records == (RECORD,)
    assert read(tmp_path / "e.swf").texts("Acknowledge") == ("André",)


def test_whole_numbers_may_be_written_like_others():
    assert parse(LINE.replace("7 100", "7.0 1e2")).records == (RECORD,)


@pytest.mark.parametrize(
    ("column", "word", "fault"),
    [
        (1, "0", "field 1 (job_number): '0' must be a whole number in 1..1000000000000000"),
        (2, "soon", "field 2 (submit_time): 'soon' must be a number in 0..1000000000000000"),
        (3, "-2", "field 3 (wait_time): '-2' must be a number in 0.."),
        (4, "nan", "field 4 (run_time): 'nan' must be a number"),
        (4, "inf", "field 4 (run_time): 'inf' must be a number"),
        (4, "1e99", "field 4 (run_time): '1e99' must be a number"),
        (5, "2.5", "field 5 (allocated_processors): '2.5' must be a whole number"),
        (8, "1_000", "field 8 (requested_processors): '1_000' must be a whole number"),
        (11, "6", "field 11 (status): '6' must be a whole number in 0..5, or -1"),
        (13, "1.5", "field 13 (group): '1.5' must be a whole number"),
        (18, "\u0661", "field 18 (think_time): '\u0661' must be a number"),
    ],
)
def test_a_bad_value_is_named_in_one_line(column, word, fault):
    words = LINE.split()
    words[column - 1] = word
    with pytest.raises(SwfError) as caught:
        parse(f"; Version: 2.2\n{LINE}\n{' '.join(words)}\n", "log.swf")
    message = str(caught.value)
    assert message.startswith(f"log.swf:3: {fault}")
    assert message.endswith(", or -1 if it is unknown")
    assert "\n" not in message


@pytest.mark.parametrize("count", [1, 17, 19])
def test_a_line_has_eighteen_fields(count):
    line = " ".join(["1"] * count)
    with pytest.raises(SwfError, match=f"^log:1: {count} fields, must be 18; a comment starts"):
        parse(line, "log")


def test_a_header_field_that_should_be_a_number_is_named():
    trace = parse("; Version: 2\n; MaxProcs: many\n", "log")
    with pytest.raises(SwfError, match=r"^log:2: header field MaxProcs: 'many' must start with"):
        trace.number("MaxProcs")


def test_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "torn.gz").write_bytes(gzip.compress(LINE.encode() * 99)[:-9])
    (tmp_path / "bad.gz").write_bytes(b"\x1f\x8b\x08\x00" + b"\xff" * 40)
    for name in ("torn.gz", "bad.gz"):
        with pytest.raises(SwfError, match=f"{name}: cannot be read: damaged gzip file"):
            read(tmp_path / name)
    for name, reason in (("missing.swf", "No such file"), (".", "Is a directory")):
        with pytest.raises(SwfError, match=f"cannot be read: {reason}"):
            read(tmp_path / name)
    with pytest.raises(SwfError, match="cannot be written: No such file"):
        write(Trace(), tmp_path / "no" / "a.swf")


def _values(name):
    numbers = st.integers(1 if name == "job_number" else 0, 5 if name == "status" else 10**12)
    if name in FRACTIONS:
        numbers |= st.floats(0, 1e12)
    return st.just(-1) | numbers


WORDS = st.text("abc XYZ09.,+-/", max_size=20).map(str.strip)
KEYS = st.sampled_from([*HEADER_FIELDS, "Own"])
TRACES = st.builds(
    Trace,
    st.lists(st.builds(Comment, KEYS, WORDS) | st.builds(Comment, st.just(""), WORDS)).map(tuple),
    st.lists(st.builds(Record, **{name: _values(name) for name in FIELDS})).map(tuple),
)


@given(TRACES)
def test_what_is_written_is_read_back(trace):
    assert parse(text_of(trace)) == trace


def test_a_written_file_is_read_back_and_always_the_same(tmp_path):
    trace = parse(HEADER + LINE)
    for name in ("a.swf", "a.swf.gz"):
        write(trace, tmp_path / name)
        first = (tmp_path / name).read_bytes()
        assert read(tmp_path / name) == trace
        write(trace, tmp_path / name)
        assert (tmp_path / name).read_bytes() == first
    assert gzip.decompress(first) == text_of(trace).encode()


def test_comments_between_jobs_are_kept_at_the_top():
    trace = parse(f"{LINE}\n; later\n{LINE}\n")
    assert text_of(trace).splitlines() == ["; later", LINE, LINE]


def test_a_comment_of_two_lines_is_not_written():
    with pytest.raises(SwfError, match="must be one line"):
        text_of(Trace((Comment("Note", "a\nb"),)))
