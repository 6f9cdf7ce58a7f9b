"""The errors that rlsys raises, and the exit code for each.

Everything a user can fix derives from `UserError`. Its message is one line: what was wrong, where,
what is allowed, what to do. Anything else that escapes is a bug in rlsys.
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class ExitCode(enum.IntEnum):
    """Exit codes of the command line; scripts may rely on them."""

    OK = 0
    """Everything that was asked for was done."""
    USER_ERROR = 1
    """Bad input, bad configuration or a missing tool; the message says what to do."""
    USAGE = 2
    """The command line itself was wrong (click's own code)."""
    CHECK_FAILED = 3
    """A check that was asked for failed."""
    BUG = 4
    """An error in rlsys or a plugin that should not have happened."""
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM; everything done so far is saved."""


class RlsysError(Exception):
    """Base of all errors that rlsys raises on purpose."""

    exit_code = ExitCode.USER_ERROR


class UserError(RlsysError):
    """Something the user can fix."""


class ConfigError(UserError):
    """A configuration value, file or key that is not allowed."""


class PluginError(UserError):
    """A plugin that cannot be loaded, or two plugins that claim the same name."""


class EnvironmentFault(UserError):
    """An environment that raised an error of its own, or returned what its spaces do not allow."""


class CheckFailed(RlsysError):
    """A comparison or verification that was asked for failed."""

    exit_code = ExitCode.CHECK_FAILED


class Interrupted(RlsysError):
    """The user or the system asked the program to stop; the work so far is saved."""

    exit_code = ExitCode.INTERRUPTED


def one_line(error: BaseException, most: int = 300) -> str:
    """Return the type and the message of somebody else's error on one line, at most so long."""
    # Gymnasium adds how to call `make` to what an environment's own code said.
    said = str(error).partition(" was raised from the env")[0]
    if isinstance(error, SyntaxError) and error.filename:
        said = f"{error.msg} ({Path(error.filename).name}, line {error.lineno})"
    said = " ".join(said.split())
    said = said if len(said) <= most else said[: most - 3] + "..."
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def name_of(env: Any) -> str:
    """Return how messages name an environment: as the user did, or else by its class."""
    return str(getattr(env, "called", None) or env.__class__.__name__)


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return `` (did you mean 'x'? known: a, b, x)``, or only the known names."""
    names = sorted(allowed)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f" ({hint}known: {', '.join(names) or 'none'})"
