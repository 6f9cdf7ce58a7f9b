"""The connection to a cluster: a running one, or one that is started here and ended again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rlsys.errors import UserError

ADDRESS_VARIABLE = "RAY_ADDRESS"
_SECONDS_TO_ANSWER = 5.0
_SECONDS_TO_END = 30.0
_OBJECT_STORE_BYTES = 256 * 2**20
_LONGEST_FOLDER = 40
"""Ray puts sockets about 65 characters below its folder, and a socket's path has at most 107."""


def cpus_here() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def connected(cpus: int | None = None) -> Iterator[None]:
    """Be connected to Ray: to the cluster that `RAY_ADDRESS` names, else to one started here.

    What is connected already, as in a Ray task, stays so. A cluster that was started here is ended
    and its files are removed.

    Args:
        cpus: processors of a cluster started here; None: those of this machine.

    Raises:
        UserError: the cluster cannot be reached, or is of another version.
    """
    import ray

    if ray.is_initialized():
        yield
        return
    address = os.environ.get(ADDRESS_VARIABLE, "").strip() or "local"
    folder: Path | None = None
    options: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    if address == "local":
        folder = _short_folder()
        options |= {
            "num_cpus": cpus or cpus_here(),
            "include_dashboard": False,
            "object_store_memory": _OBJECT_STORE_BYTES,
            "_temp_dir": str(folder),
        }
    try:
        if folder is None:
            _require_answer(address)
        with _own_signals(), _temporary_files_in(folder):
            try:
                ray.init(address=address, **options)
            except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError) as error:
                where = "on this machine" if folder else f"at {address}"
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise UserError(
                    f"no connection to a Ray cluster {where}: {reason}; see `ray status`, and "
                    "that its versions of Python and Ray are the ones here"
                ) from error
        yield
    finally:
        with _own_signals():
            ray.shutdown()
        if folder is not None:
            remove(folder)


def _require_answer(address: str) -> None:
    """Refuse an address where nothing answers; Ray itself would try for a minute."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if address == "auto":
        return
    if not host or not port.isdigit():
        raise UserError(
            f"--ray-address {address!r} has not the form HOST:PORT (such as 10.0.0.5:6379) and is "
            "not 'auto'"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise UserError(
            f"no Ray cluster answers at {address}: {error}; start one there with "
            "`ray start --head`, or leave --ray-address out"
        ) from error


@contextmanager
def _temporary_files_in(folder: Path | None) -> Iterator[None]:
    """Have what is started meanwhile keep its temporary files in `folder`, with which they go."""
    before = os.environ.get("TMPDIR")
    if folder is not None:
        os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("TMPDIR", None)
        else:
            os.environ["TMPDIR"] = before


def _short_folder() -> Path:
    """Return a new folder whose name is short enough for the sockets below it."""
    home = tempfile.gettempdir()
    if len(home) > _LONGEST_FOLDER - len("/rlsys-12345678"):
        home = "/tmp"
    return Path(tempfile.mkdtemp(prefix="rlsys-", dir=home))


def remove(folder: Path) -> None:
    """Remove a folder that processes which are about to end may still write to."""
    end = time.monotonic() + _SECONDS_TO_END
    while folder.exists() and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handlers of this process, which Ray replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
