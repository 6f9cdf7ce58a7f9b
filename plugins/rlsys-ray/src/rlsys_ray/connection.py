"""The connection to a running cluster, or to a local one that is started and stopped again."""

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
_ATTEMPTS = 3
_OBJECT_STORE_BYTES = 256 * 2**20
_LONGEST_FOLDER = 40
"""Ray adds about 65 characters to its folder for sockets, and a socket path has at most 107."""


def cpus_here() -> int:
    """Return how many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def connected(cpus: int | None = None) -> Iterator[None]:
    """Connect to Ray: to the cluster that `RAY_ADDRESS` names, or else to a new local one.

    An existing connection, as in a Ray task, is kept. A cluster that was started here is stopped,
    and its files are removed.

    Args:
        cpus: CPUs of a cluster started here; None: those of this machine.

    Raises:
        UserError: the cluster cannot be reached, or has another version.
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
            _start(address, options)
        yield
    finally:
        with _own_signals():
            ray.shutdown()
        if folder is not None:
            remove(folder)


def _start(address: str, options: dict[str, Any]) -> None:
    """Connect, or start a cluster; that is tried again where Ray did not wait long enough."""
    import ray

    for attempt in range(_ATTEMPTS):
        try:
            ray.init(address=address, **options)
        except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError) as error:
            where = "on this machine" if address == "local" else f"at {address}"
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UserError(
                f"no connection to a Ray cluster {where}: {reason}; see `ray status`, and "
                "check that its versions of Python and Ray are those of this machine; a cluster "
                "that asks for a token (`ray start` sets that up) needs RAY_AUTH_MODE=token here"
            ) from error
        except Exception as error:
            # Ray gives its own processes 30 seconds, and says with a bare Exception that they took
            # longer. On a busy machine the next attempt finds their files in memory.
            if type(error) is not Exception:
                raise
            ray.shutdown()
            if attempt + 1 == _ATTEMPTS:
                raise UserError(
                    f"Ray did not start on this machine in {_ATTEMPTS} attempts: "
                    f"{str(error).splitlines()[0]} Try again when the machine is less busy, or "
                    "train without Ray"
                ) from error
        else:
            return


def _require_answer(address: str) -> None:
    """Reject an address where nothing answers; Ray itself would try for a minute."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if address == "auto":
        return
    if not host or not port.isdigit():
        raise UserError(
            f"--ray-address {address!r} does not have the form HOST:PORT (such as 10.0.0.5:6379) "
            "and is not 'auto'"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise UserError(
            f"no Ray cluster answers at {address}: {error}; start one there with "
            "`ray start --head`, or omit --ray-address"
        ) from error


@contextmanager
def _temporary_files_in(folder: Path | None) -> Iterator[None]:
    """Make processes started meanwhile keep their temporary files in `folder`."""
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
    """Remove a folder that processes may still write to while they are ending."""
    end = time.monotonic() + _SECONDS_TO_END
    while folder.exists() and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the signal handlers of this process, which Ray replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
