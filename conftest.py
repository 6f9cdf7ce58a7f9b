"""For all tests, those of the plugins included: signals do what they do in a terminal.

What a shell starts with ``&`` or nohup(1) ignores some of them, and so would every program that a
test interrupts.
"""

from __future__ import annotations

import signal

for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)
