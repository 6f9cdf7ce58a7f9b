"""Reads and writes traces of batch jobs in the Standard Workload Format, version 2.2.

Nearly every public log of a parallel machine is in this format. It has one line per job with 18
numbers, -1 for what is unknown, and comments that start with ``;``. The comments at the top are
header fields such as ``; MaxProcs: 128``.

Source: D. Feitelson and others, "The Standard Workload Format", Parallel Workloads Archive,
https://www.cs.huji.ac.il/labs/parallel/workload/swf.html, and S. Chapin and others, "Benchmarks and
standards for the evaluation of parallel job schedulers", JSSPP 1999.

Real logs are dirty. `read` accepts whatever the format allows, and `usable` says which of the jobs
can be simulated, and how many cannot for which reason.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from cluster import Job

UNKNOWN = -1
FAILED, COMPLETED, TO_BE_CONTINUED, LAST_COMPLETED, LAST_FAILED, CANCELLED = range(6)
"""Values of the status. A job that was swapped out has a line for each of its partial executions:
to be continued, or the last one of a job that completed or failed. A line with one of the other
values stands for the whole job."""
PARTIAL = (TO_BE_CONTINUED, LAST_COMPLETED, LAST_FAILED)


class SwfError(ValueError):
    """A trace that cannot be read or written; one line says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a trace: its 18 fields in their order. Times are in seconds, -1 is unknown.

    Attributes:
        job_number: from 1; all lines of one job have the same.
        submit_time: since the start of the log.
        wait_time: from submission to start.
        run_time: from start to end; 0 is a run of less than half a second.
        allocated_processors: that the job got.
        average_cpu_time: used, per processor.
        used_memory: in kilobytes, per processor.
        requested_processors: that the user asked for.
        requested_time: that the user asked for, usually run time, in some logs CPU time.
        requested_memory: in kilobytes, per processor.
        status: 0 failed, 1 completed, 2 to 4 partial execution, 5 cancelled.
        user: number of the user.
        group: number of the group.
        executable: number of the application.
        queue: number of the queue; 0 is suggested for interactive jobs.
        partition: number of the partition.
        preceding_job: number of the job that must end before this one is submitted.
        think_time: from the end of that job to the submission of this one.
    """

    job_number: int = UNKNOWN
    submit_time: float = UNKNOWN
    wait_time: float = UNKNOWN
    run_time: float = UNKNOWN
    allocated_processors: int = UNKNOWN
    average_cpu_time: float = UNKNOWN
    used_memory: float = UNKNOWN
    requested_processors: int = UNKNOWN
    requested_time: float = UNKNOWN
    requested_memory: float = UNKNOWN
    status: int = UNKNOWN
    user: int = UNKNOWN
    group: int = UNKNOWN
    executable: int = UNKNOWN
    queue: int = UNKNOWN
    partition: int = UNKNOWN
    preceding_job: int = UNKNOWN
    think_time: float = UNKNOWN


FIELDS = tuple(Record.__dataclass_fields__)
FRACTIONS = frozenset(name for name in FIELDS if name.endswith(("_time", "_memory")))
"""Fields that need not be whole: the format allows this for times, and averages of memory are."""
HEADER_FIELDS = (
    *("Version", "Computer", "Installation", "Acknowledge", "Information", "Conversion"),
    *("MaxJobs", "MaxRecords", "Preemption", "UnixStartTime", "TimeZone", "TimeZoneString"),
    *("StartTime", "EndTime", "MaxNodes", "MaxProcs", "MaxRuntime", "MaxMemory", "AllowOveruse"),
    *("MaxQueues", "Queues", "Queue", "MaxPartitions", "Partitions", "Partition", "Note"),
)
"""Header fields of the format. Acknowledge, Information, Queue, Partition and Note may repeat."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment line: a header field, or free text, whose key is empty."""

    key: str
    value: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole file.

    Attributes:
        comments: all comment lines; those between jobs are written back at the top.
        records: all other lines, in their order.
        source: name of the file in messages.
    """

    comments: tuple[Comment, ...] = ()
    records: tuple[Record, ...] = ()
    source: str = field(default="trace", compare=False)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return every value of a header field; case does not matter."""
        return tuple(comment.value for comment in self._all(key))

    def number(self, key: str) -> int | None:
        """Return the whole number that a header field starts with, such as 128 in ``128 (64+64)``.

        Returns:
            None where the field is missing.

        Raises:
            SwfError: it does not start with a whole number.
        """
        for comment in self._all(key):
            found = re.match(r"-?[0-9]{1,18}(?![0-9.])", comment.value)
            if not found:
                raise SwfError(
                    f"{self.source}:{comment.line}: header field {key}: {_shown(comment.value)} "
                    "must start with a whole number"
                )
            return int(found[0])
        return None

    def segments(self, key: str) -> dict[int, str]:
        """Return the names from ``Queue`` or ``Partition``, lines of number, name and details."""
        pairs = (text.split(maxsplit=1) for text in self.texts(key))
        return {int(pair[0]): pair[1] for pair in pairs if len(pair) == 2 and _is_digits(pair[0])}

    def _all(self, key: str) -> Iterator[Comment]:
        wanted = key.lower()
        return (comment for comment in self.comments if comment.key.lower() == wanted)


def read(path: str | Path) -> Trace:
    """Read a file, compressed with gzip or not.

    Raises:
        SwfError: it cannot be read, or ``file:line: field: what is wrong``.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "damaged gzip file"
        raise SwfError(f"{path}: cannot be read: {reason}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # names in old headers
    return parse(text, str(path))


def parse(text: str, source: str = "trace") -> Trace:
    """Read the text of a file.

    Args:
        text: with any line ends; blank lines are ignored.
        source: name of the file in messages.

    Raises:
        SwfError: ``source:line: field: what is wrong``.
    """
    comments: list[Comment] = []
    records: list[Record] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        stripped = line.strip(" \t")
        if stripped.startswith(";"):
            comments.append(_comment(stripped, number))
        elif stripped:
            records.append(_record(stripped, f"{source}:{number}"))
    return Trace(tuple(comments), tuple(records), source)


def text_of(trace: Trace) -> str:
    """Return a trace as the text of a file.

    Raises:
        SwfError: a comment has more than one line.
    """
    lines = []
    for comment in trace.comments:
        if re.search(r"[\r\n]", comment.key + comment.value):
            raise SwfError(f"{trace.source}: comment {_shown(comment.value)} must be one line")
        start = f"; {comment.key}:" if comment.key else ";"
        lines.append(f"{start} {comment.value}".rstrip())
    lines += [" ".join(map(_digits, astuple(record))) for record in trace.records]
    return "".join(line + "\n" for line in lines)


def write(trace: Trace, path: str | Path) -> None:
    """Write a file, compressed if its name ends in ``.gz``; equal traces give equal files.

    Raises:
        SwfError: it cannot be written.
    """
    path = Path(path)
    data = text_of(trace).encode()
    try:
        path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    except OSError as error:
        raise SwfError(f"{path}: cannot be written: {error.strerror}") from error


_KNOWN = frozenset(name.lower() for name in HEADER_FIELDS)
_KEY = re.compile(r"([A-Za-z]\w*)\s*:(\s*)(.*)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_MOST = 10**15
"""Larger values are mistakes; up to here, whole numbers are exact in a float."""


def _comment(line: str, number: int) -> Comment:
    text = line.lstrip(";").strip()
    found = _KEY.fullmatch(text)
    # http://... is no header field
    if found and (found[2] or not found[3] or found[1].lower() in _KNOWN):
        return Comment(found[1], found[3], number)
    return Comment("", text, number)


def _record(line: str, place: str) -> Record:
    words = line.split()
    if len(words) != len(FIELDS):
        raise SwfError(
            f"{place}: {len(words)} fields, must be {len(FIELDS)}; a comment starts with ';': "
            f"{_shown(line)}"
        )
    return Record(*[_value(name, word, place) for name, word in zip(FIELDS, words, strict=True)])


def _value(name: str, word: str, place: str) -> Any:  # int or float, as the field says
    if word == "-1":
        return UNKNOWN
    value = float(word) if _NUMBER.fullmatch(word) else float("nan")
    whole = name not in FRACTIONS
    least, most = (1 if name == "job_number" else 0), (5 if name == "status" else _MOST)
    if value == UNKNOWN or (least <= value <= most and not (whole and value % 1)):
        return int(value) if whole else value
    column = FIELDS.index(name) + 1
    kind = "whole number" if whole else "number"
    raise SwfError(
        f"{place}: field {column} ({name}): {_shown(word)} must be a {kind} in {least}..{most}, "
        "or -1 if it is unknown"
    )


def _digits(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _is_digits(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


NO_SUBMIT = "no submit time"
NO_RUN = "no run time"
NO_PROCESSORS = "no processors"
TOO_LARGE = "larger than the machine"
NEVER_STARTED = "cancelled before the start"
DUPLICATE = "job number seen before"
PART = "partial execution, counted in its job"
FROM_REQUEST = "processors taken from the request"
FROM_RUN = "requested time taken from the run time"
OVERRUN = "run time above the requested time"
NO_DURATION = "run time of zero"
LATE = "line not in the order of the submit times"
MERGED = "put together from partial executions"
DEPENDENT = "waits for an earlier job in the log, not in the simulation"


@dataclass(frozen=True, slots=True)
class Counts:
    """What `usable` did, by reason.

    Attributes:
        left_out: lines that are no job of the simulation.
        noted: jobs that are simulated, but with a peculiarity.
    """

    left_out: Mapping[str, int]
    noted: Mapping[str, int]


def machine_size(trace: Trace) -> int:
    """Return the processors of the machine: MaxProcs, else MaxNodes, else the largest job.

    Raises:
        SwfError: neither is known.
    """
    for key in ("MaxProcs", "MaxNodes"):
        size = trace.number(key)
        if size is not None and size > 0:
            return size
    size = max((_processors(record) for record in trace.records), default=0)
    if size <= 0:
        raise SwfError(f"{trace.source}: has neither MaxProcs nor a job with processors")
    return size


def usable(trace: Trace, processors: int | None = None) -> tuple[tuple[Job, ...], Counts]:
    """Return the jobs that can be simulated, sorted by submit time, and what was left out.

    Every line is either a job or counted in `Counts.left_out`.

    * Partial executions are left out where a line for the whole job exists. Otherwise they are put
      together: the sum of their run times, from the first submission.
    * A job takes its allocated processors; if they are unknown or 0, the requested ones.
    * A job without a requested time (unknown or 0) requests its run time.
    * A job that was cancelled before it started is left out; one that was cancelled later is kept.
    * Jobs that failed are kept: they used the machine.
    * A run time of 0 is kept. So is a run time above the requested one; the cluster decides
      whether it stops such a job.
    * Of several whole jobs with one number, the first usable one is kept.
    * Dependencies on earlier jobs are ignored: every job is submitted when the log says so.

    Args:
        trace: as read.
        processors: of the machine; None: as `machine_size` says.

    Raises:
        SwfError: the size of the machine is not known.
    """
    most = machine_size(trace) if processors is None else processors
    left_out: Counter[str] = Counter()
    noted: Counter[str] = Counter()
    jobs: list[Job] = []
    seen: set[int] = set()
    for record in _whole_jobs(trace.records, left_out, noted):
        reason = _unusable(record, most)
        if reason is None and record.job_number in seen:
            reason = DUPLICATE
        if reason is not None:
            left_out[reason] += 1
            continue
        if record.job_number != UNKNOWN:
            seen.add(record.job_number)
        requested = record.requested_time if record.requested_time > 0 else record.run_time
        noted.update(_peculiarities(record))
        if jobs and record.submit_time < jobs[-1].submit:
            noted[LATE] += 1
        jobs.append(
            Job(
                record.job_number,
                record.submit_time,
                record.run_time,
                requested,
                _processors(record),
            )
        )
    jobs.sort(key=lambda job: job.submit)
    return tuple(jobs), Counts(dict(left_out), dict(noted))


def _whole_jobs(
    records: Iterable[Record], left_out: Counter[str], noted: Counter[str]
) -> Iterator[Record]:
    """Yield one record per job: its own line, or its partial executions put together."""
    records = tuple(records)
    whole = {record.job_number for record in records if record.status not in PARTIAL}
    parts: dict[int, list[Record]] = {}
    for record in records:
        if record.status in PARTIAL and record.job_number != UNKNOWN:
            parts.setdefault(record.job_number, []).append(record)
    for record in records:
        if record.status not in PARTIAL or record.job_number == UNKNOWN:
            yield record
        elif record.job_number in whole:
            left_out[PART] += 1
        elif parts[record.job_number][0] is record:
            bursts = parts[record.job_number]
            noted[MERGED] += len(bursts) > 1
            yield _merged(bursts)
        else:
            left_out[PART] += 1


def _merged(bursts: list[Record]) -> Record:
    runs = [burst.run_time for burst in bursts if burst.run_time >= 0]
    return replace(
        bursts[0],
        run_time=sum(runs) if runs else UNKNOWN,
        allocated_processors=max(burst.allocated_processors for burst in bursts),
    )


def _unusable(record: Record, most: int) -> str | None:
    if record.status == CANCELLED and (record.run_time <= 0 or _processors(record) <= 0):
        return NEVER_STARTED
    if record.submit_time < 0:
        return NO_SUBMIT
    if record.run_time < 0:
        return NO_RUN
    if _processors(record) <= 0:
        return NO_PROCESSORS
    return TOO_LARGE if _processors(record) > most else None


def _peculiarities(record: Record) -> list[str]:
    facts = {
        FROM_REQUEST: record.allocated_processors <= 0,
        FROM_RUN: record.requested_time <= 0,
        OVERRUN: 0 < record.requested_time < record.run_time,
        NO_DURATION: record.run_time == 0,
        DEPENDENT: record.preceding_job > 0,
    }
    return [name for name, holds in facts.items() if holds]


def _processors(record: Record) -> int:
    """Return what the job got, or if that is not known, what it asked for."""
    got = record.allocated_processors
    return got if got > 0 else record.requested_processors
