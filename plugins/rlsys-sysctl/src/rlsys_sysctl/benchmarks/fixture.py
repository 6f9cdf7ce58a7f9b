"""The agreement between a fixture, the tuner that starts it and a benchmark.

A fixture prints one line `ready: {"namespaces": {...}}` and lives until its standard input closes
or it is told to stop.  A benchmark finds the same document in `RLSYS_SYSCTL_NAMESPACES`; run by
hand, without a tuner, it starts its own fixture.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rlsys.errors import UserError

VARIABLE = "RLSYS_SYSCTL_NAMESPACES"


@contextlib.contextmanager
def asked_to_end() -> Iterator[Sequence[int]]:
    """File descriptors; when it is time to end, one of them can be read.

    They are standard input (closed, or written to) and a pipe that SIGTERM, SIGINT and SIGHUP write
    to.  So everything is taken down in one place, not by a handler in the middle of something.
    """
    read, write = os.pipe()
    os.set_blocking(write, False)
    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    handlers = [signal.signal(number, lambda *_: None) for number in signals]
    before = signal.set_wakeup_fd(write)
    try:
        yield (sys.stdin.fileno(), read)
    finally:
        signal.set_wakeup_fd(before)
        for number, handler in zip(signals, handlers, strict=True):
            signal.signal(number, handler)
        os.close(read)
        os.close(write)


def say_ready(namespaces: Mapping[str, int], **more: str) -> None:
    """Prints the line that says that everything is set up.

    `more` is for the benchmark: where to find what was made.
    """
    print(f"ready: {json.dumps({'namespaces': dict(namespaces), **more})}", flush=True)


def wait_for_end(until: Sequence[int]) -> None:
    """Returns when one of the descriptors of `asked_to_end` can be read."""
    select.select(until, [], [])


@contextlib.contextmanager
def fixture_of(module: str) -> Iterator[dict[str, Any]]:
    """What the tuner's fixture said when it was ready; without a tuner, our own fixture.

    Raises UserError if that cannot be set up; it has then said why on standard error.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        yield _document(given, VARIABLE)
        return
    command = [sys.executable, "-m", module, "--fixture"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None  # both are pipes
        assert process.stdout is not None
        try:
            key, _, document = process.stdout.readline().decode().partition(":")
            if key != "ready":
                process.wait()
                raise UserError(f"the fixture of {module} could not be set up; see above")
            yield _document(document, "the fixture's answer")
        finally:
            process.stdin.close()


def _document(text: str, source: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
        for pid in document["namespaces"].values():
            int(pid)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f'{source} must be a document like {{"namespaces": {{"client": 123}}}}, not {text!r}'
        ) from None
    return dict(document)


def entry(document: Mapping[str, Any], *keys: str) -> Any:
    """The value at document[key][key]...; raises UserError if the fixture did not give it.

    That happens when the fixture of another benchmark was started.
    """
    for key in keys:
        if not isinstance(document, Mapping) or key not in document:
            raise UserError(
                f"the fixture did not say {'.'.join(keys)}: it is not the one of this benchmark; "
                "check fixture_command of the workload"
            )
        document = document[key]
    return document
