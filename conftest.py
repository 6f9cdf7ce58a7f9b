"""For all tests, those of the plugins included.

Signals do what they do in a terminal: what a shell starts with ``&`` or nohup(1) ignores some of
them, and so would every program that a test interrupts.

No property fails for being slow: how long an example takes depends on what else the machine does.
"""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)
