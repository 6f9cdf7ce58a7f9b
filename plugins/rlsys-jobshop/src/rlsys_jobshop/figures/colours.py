"""One colour per job, the same in every figure."""

from __future__ import annotations

import colorsys

from rlsys.figures import COLOURS

LATE = "#c4161c"
GOLDEN = 0.618034
"""Hues this far apart on the circle stay apart, however many there are."""
LIGHTNESS = (0.52, 0.68, 0.4)


def job_colours(jobs: int) -> list[str]:
    """Return a colour like ``#0072b2`` for each job.

    A few jobs get the colours that colour-blind readers can tell apart. Of hundreds, no two are the
    same, but only their labels tell them apart.
    """
    if jobs <= len(COLOURS) - 1:  # without black, which is for text
        return [colour.lower() for colour in COLOURS[:jobs]]
    return [_colour(job) for job in range(jobs)]


def is_dark(colour: str) -> bool:
    """Return whether text on this colour must be white (relative luminance of ITU-R BT.709)."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    luminance: float = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return luminance < 0.3


def _colour(job: int) -> str:
    lightness = LIGHTNESS[job % len(LIGHTNESS)]
    parts = colorsys.hls_to_rgb((0.58 + job * GOLDEN) % 1.0, lightness, 0.62)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)
