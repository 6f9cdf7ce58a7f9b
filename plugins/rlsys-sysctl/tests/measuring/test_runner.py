"""A benchmark is a stranger: whatever it does, there is a number or one clear line, and it ends."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from patience import HANG, eventually

from rlsys.errors import UserError
from rlsys_sysctl.measuring import runner
from rlsys_sysctl.measuring.runner import BenchmarkFailed, Command, check_command

FAST = [sys.executable, "-I", "-S", "-c"]


def run(code: str, *, timeout: float = HANG, **options: object) -> float:
    return Command([*FAST, code], "speed", timeout, **options).run()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("speed: 12.5", 12.5),
        ("speed: 1e3 Mbit/s", 1000.0),
        ("  Speed = -3", -3.0),
        ("speed: .5", 0.5),
    ],
)
def test_the_metric_is_read_in_the_usual_spellings(line, value):
    assert run(f"print({line!r})") == value


def test_the_last_line_counts_and_others_do_not_confuse():
    assert run("print('speed: 1'); print('top speed: 7'); print('speed: 2'); print('done')") == 2


def test_a_last_line_without_a_line_feed_counts():
    assert run("print('speed: 4', end='')") == 4


def test_placeholders_are_filled_in():
    command = Command(
        [*FAST, "import sys; print('speed:', sys.argv[1])", "{seconds}"], "speed", HANG
    )
    assert command.run({"{seconds}": "2.5"}) == 2.5


def test_without_a_shell_nothing_is_expanded_and_with_one_it_is(tmp_path):
    marker = tmp_path / "marker"
    text = f"echo speed: 1; touch {marker}"
    with pytest.raises(BenchmarkFailed):
        Command(["echo", text], "speed", HANG).run()
    assert not marker.exists()
    assert Command([text], "speed", HANG, shell=True).run() == 1
    assert marker.exists()


def test_without_the_metric_the_last_lines_are_shown():
    with pytest.raises(BenchmarkFailed) as caught:
        run("[print('line', i) for i in range(100)]")
    said = str(caught.value)
    assert "\n" not in said
    assert "speed: NUMBER" in said
    assert "line 95 | line 96 | line 97 | line 98 | line 99" in said
    assert "line 94" not in said


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "NaN"])
def test_a_metric_that_is_no_finite_number_is_refused(value):
    with pytest.raises(BenchmarkFailed, match="must be a finite number"):
        run(f"print('speed: {value}')")


def test_a_failing_benchmark_says_how_it_ended():
    with pytest.raises(BenchmarkFailed, match=r"exit code 3.*last lines: .*oh dear"):
        run("import sys; print('speed: 1'); sys.stderr.write('oh dear'); sys.exit(3)")
    with pytest.raises(BenchmarkFailed, match="SIGABRT"):
        run("import os; os.abort()")


def test_a_hanging_benchmark_is_ended_in_time_even_if_it_ignores_signals(monkeypatch):
    """By a clock on which the time is up as soon as the benchmark has been heard."""
    heard = []
    read = runner._Output.read
    monkeypatch.setattr(runner._Output, "read", lambda *given: heard.append(1) or read(*given))
    clock = SimpleNamespace(monotonic=lambda: 1.0 * len(heard))
    monkeypatch.setattr(runner, "time", clock)
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('still here', flush=True); time.sleep(1000)"
    )
    with pytest.raises(BenchmarkFailed, match=r"not done after 0.5 s.*still here"):
        run(code, timeout=0.5)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_children_that_it_leaves_behind_are_ended_and_not_waited_for(tmp_path):
    note = tmp_path / "pid"
    code = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        f"    open({str(note)!r}, 'w').write(str(os.getpid()))\n"
        f"    time.sleep({2 * HANG})\n"  # holds the output open, for longer than a run may take
        f"while not os.path.exists({str(note)!r}) or not open({str(note)!r}).read():\n"
        "    time.sleep(0.01)\n"
        "print('speed: 9')\n"
    )
    assert run(code) == 9
    assert eventually(lambda: not alive(int(note.read_text())))


def test_endless_garbage_ends_with_the_time_limit_and_is_not_kept():
    code = "import os\nwhile True: os.write(1, os.urandom(65536))"
    with pytest.raises(BenchmarkFailed) as caught:
        run(code, timeout=1.0)
    assert "not done after 1 s" in str(caught.value)
    assert len(str(caught.value)) < 2500
    assert str(caught.value).isprintable()


def test_one_endless_line_does_not_hide_the_metric_after_it():
    assert run("print('x' * 10_000_000); print('speed: 6')") == 6


def test_the_group_is_announced_while_it_lives():
    heard = []

    class Guard:
        def __init__(self, group: int) -> None:
            self.group = group

        def __enter__(self) -> None:
            heard.append(("begun", self.group, os.getpgid(self.group)))

        def __exit__(self, *_: object) -> None:
            heard.append(("over", self.group, alive(self.group)))

    run("print('speed: 1')", guard=Guard)
    (_, group, announced), (_, same, _) = heard
    assert group == same == announced


def test_what_cannot_be_started_says_so():
    with pytest.raises(BenchmarkFailed, match=r"cannot be started.*benchmark_command"):
        Command(["/does/not/exist"], "speed", 1).run()
    with pytest.raises(UserError, match="there is no program 'nonesuch-program'"):
        check_command(["nonesuch-program"], shell=False, run_as=None)
    with pytest.raises(UserError, match="there is no user 'nonesuch-user'"):
        check_command(["true"], shell=False, run_as="nonesuch-user")


def test_it_runs_as_another_user_where_that_is_allowed():
    code = "import os; print('speed:', os.getuid())"
    if os.geteuid() != 0:
        with pytest.raises(UserError, match="only root can run the benchmark as 'nobody'"):
            run(code, run_as="nobody")
        return
    # The interpreter of these tests may lie where nobody else may go.
    command = Command(["/bin/sh", "-c", "echo speed: $(id -u)"], "speed", HANG, run_as="nobody")
    assert command.run() == pwd.getpwnam("nobody").pw_uid
