"""A person who waits for the compiler reads why, once."""

from __future__ import annotations

import pytest

pytest.importorskip("numba", reason="pip install 'rlsys[rtos]'")

from numba import njit
from numba.core import event

from rlsys.batched.announcement import Announcer

LINE = "rlsys: compiling for this machine, which happens once and may take a minute\n"


@pytest.mark.parametrize(
    ("moments", "lines"),
    [([0.0], 0), ([0.0, 1.9], 0), ([5.0, 7.0], 1), ([0.0, 3.0, 4.0, 90.0], 1)],
)
def test_one_line_is_said_once_it_has_taken_a_while(moments, lines, capsys):
    clock = iter(moments)
    announcer = Announcer(patience=2.0, clock=lambda: next(clock))
    for _ in moments:
        announcer.on_start(None)
        announcer.on_end(None)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", LINE * lines)


def test_numba_tells_it_of_every_compilation(capsys):
    announcer = Announcer(patience=0.0)
    function = njit(lambda number: number + 1)
    with event.install_listener("numba:compile", announcer):
        assert function(1) == 2
        assert function(2) == 3
    assert capsys.readouterr().err == LINE
