"""Progress is shown where somebody is likely to look, and where it is asked for."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest
from program import LAMPS_FILE

import rlsys
from rlsys.api.progress import reporter_for
from rlsys.api.progress.notebook import NotebookReporter
from rlsys.api.progress.trainings import Trainings

FILE = {"plugin_file": LAMPS_FILE}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("progress", "spoken"), [(None, False), (False, False), (True, True)])
def test_without_a_terminal_it_is_quiet_unless_asked(tmp_path, capsys, progress, spoken):
    rlsys.train("lamps", steps=96, out=tmp_path / "run", progress=progress, **FILE)
    seen = capsys.readouterr()
    assert seen.out == ""
    if spoken:
        assert f"rlsys: run directory: {tmp_path / 'run'}" in seen.err
        assert "rlsys: hill-climbing: 96 steps in" in seen.err
    else:
        assert seen.err == ""


@pytest.mark.parametrize(("progress", "spoken"), [(None, True), (False, False), (True, True)])
def test_a_terminal_gets_a_bar(tmp_path, monkeypatch, progress, spoken):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    rlsys.train("lamps", steps=192, out=tmp_path / "run", progress=progress, **FILE)
    shown = screen.getvalue()
    assert ("rlsys: run directory" in shown) is spoken
    assert ("hill-climbing" in shown and "192/192" in shown) is spoken


def test_points_of_a_sweep_report_once_each(tmp_path, capsys):
    """Listeners leave with the training that they belong to."""
    pytest.importorskip("matplotlib", reason="pip install 'rlsys[figures]'")
    rlsys.run("lamps", sweep="noise=0,0.5,1", steps=96, episodes=2, no_oracle=True,
              out=tmp_path / "s", progress=True, **FILE)  # fmt: skip
    assert capsys.readouterr().err.count("rlsys: hill-climbing: 96 steps in") == 3


class Display:
    """What IPython.display does, as far as it is used here."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def __call__(self, content, *, raw, display_id):
        assert raw
        assert display_id
        assert not self.shown, "one output is updated, not many made"
        self.shown.append(content)
        return self

    def update(self, content, *, raw):
        assert raw
        self.shown.append(content)


@pytest.fixture
def shell(monkeypatch):
    """Stand in for IPython; its first cell is executed."""
    module, display = type(sys)("IPython"), type(sys)("IPython.display")
    shell = SimpleNamespace(execution_count=1, display=Display())
    module.get_ipython = lambda: shell
    display.display = lambda *given, **more: shell.display(*given, **more)
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shell


def test_another_cell_gets_an_output_of_its_own(shell):
    reporter, first = NotebookReporter(), shell.display
    line = {"case": "c", "seed": 0, "agent": "a", "total": 1, "step": 1, "time": 1.0}
    with reporter.following(several=False) as listener:
        listener.rlsys_run_metrics(line)
    before = list(first.shown)
    shell.execution_count, shell.display = 2, Display()
    reporter.say("export")
    assert first.shown == before
    assert [one["text/plain"] for one in shell.display.shown] == ["rlsys: export"]


def test_a_notebook_has_one_output_that_is_updated(shell):
    display = shell.display
    reporter = NotebookReporter()
    reporter.say("run directory: <runs>")
    line = {"case": "hall", "seed": 0, "agent": "hill-climbing", "total": 200}
    with reporter.following(several=True) as listener:
        listener.rlsys_run_metrics({**line, "step": 100, "time": 10.0})
        listener.rlsys_run_metrics({**line, "step": 200, "time": 12.0, "reward": -0.001})
    last = display.shown[-1]
    assert "run directory: &lt;runs&gt;" in last["text/html"]
    assert "<progress value='200' max='200'>" in last["text/html"]
    assert "<td>50 steps/s</td>" in last["text/html"]
    assert last["text/plain"].splitlines() == [
        "hall seed 0 hill-climbing: 200 of 200 steps, reward 0.00",
        "rlsys: run directory: <runs>",
    ]


def test_rates_and_names_of_trainings():
    seen = Trainings(several=False)
    line = {"case": "c", "seed": 0, "agent": "a", "total": 100}
    first = seen.update({**line, "step": 20, "time": 5.0})
    assert (first.name, first.rate, first.seconds_left) == ("a", None, None)
    later = seen.update({**line, "step": 60, "time": 7.0, "reward": 1.5})
    assert (later.rate, later.seconds_left, later.reward) == (20.0, 2.0, 1.5)
    assert seen.update({**line, "step": 60, "time": 7.0, "validation_reward": 9}).reward == 1.5


def test_nothing_is_a_notebook_here():
    assert not isinstance(reporter_for(None), NotebookReporter)
