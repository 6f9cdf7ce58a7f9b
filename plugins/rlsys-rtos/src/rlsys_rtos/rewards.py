"""What is earned and paid, in hundredths, so that sums are exact: the oracle compares them."""

from __future__ import annotations

COMPLETION, MISS, TICK, SWITCH = 100, -200, -1, -5
