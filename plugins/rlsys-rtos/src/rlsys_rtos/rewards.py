"""Rewards and costs in integer hundredths, so that the sums that the oracle compares are exact."""

from __future__ import annotations

COMPLETION, MISS, TICK, SWITCH = 100, -200, -1, -5
