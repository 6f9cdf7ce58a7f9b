"""For all tests, those of the plugins included: they run as in a terminal of a new user.

Where helper modules of the tests lie is said in pyproject.toml (``pythonpath``).
"""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

# No property fails for being slow: how long an example takes depends on what else the machine does.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# What a shell starts with ``&`` or nohup(1) ignores some signals, and so would every program that a
# test interrupts.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

# Settings of whoever runs the tests; where the Rust compiler lies is not one of them.
for name in [n for n in os.environ if n.startswith("RLSYS_") or n == "RAY_ADDRESS"]:
    if name != "RLSYS_RUSTC":
        del os.environ[name]
