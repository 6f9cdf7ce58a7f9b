"""Broken plugins with the real command line: installed, in a separate process.

Each is a distribution with an entry point in a folder on the path. Whatever it does, the command
line says which one it is and what to do, and the rest works.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from importlib.resources import files

import jsonschema
import pytest
from patience import HANG, wait_until
from program import command, dist_info, environment, run, run_here

HEAD = """
import sys
from rlsys import hookimpl
from rlsys.descriptors import ExporterSpec

def exporter(name):
    return ExporterSpec(name=name, summary="x", factory="json:dumps")
"""
GOOD = "@hookimpl\ndef rlsys_exporters(): return [exporter('good')]"
HANGS = "import time\nwhile True: time.sleep(0.1)"


@pytest.fixture
def installed(tmp_path):
    """Return a function that installs distributions of one plugin each, and runs `rlsys`."""
    site = tmp_path / "site"

    def install(**codes):
        site.mkdir(exist_ok=True)
        for name, code in codes.items():
            (site / f"{name}_plugin.py").write_text(HEAD + code, encoding="utf-8")
            dist_info(site, f"dist-of-{name}", {name: f"{name}_plugin"})

        def rlsys(*arguments, **variables):
            return run(*arguments, cwd=tmp_path, env={"PYTHONPATH": site, **variables})

        return rlsys

    return install


@pytest.fixture
def timed(installed, tmp_path, monkeypatch):
    """Return a function that times the import of plugins, with a limit of 2 s.

    For one that makes the file `hangs` the time is up there and then, for the others it never is.
    """
    hangs = tmp_path / "hangs"

    class Child(subprocess.Popen):
        def wait(self, timeout=None):
            if timeout is not None:
                wait_until(lambda: self.poll() is not None or hangs.exists())
                if self.poll() is None:
                    hangs.unlink()
                    raise subprocess.TimeoutExpired(self.args, timeout)
            return super().wait()

    def found(**codes):
        installed(**codes)
        monkeypatch.syspath_prepend(tmp_path / "site")
        monkeypatch.setenv("RLSYS_PLUGINS", ",".join(codes))
        monkeypatch.setenv("RLSYS_PLUGIN_TIMEOUT", "2")
        monkeypatch.setattr(subprocess, "Popen", Child)
        return rows(run_here("plugins", "--timing", "--json"))

    return found


def rows(result):
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    schema = json.loads((files("rlsys") / "schemas" / "plugins.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    return {row["name"]: row for row in document["plugins"]}


def one_line(result, code=1):
    """Return the one line on stderr that a command ended with."""
    assert result.returncode == code, (result.returncode, result.stderr)
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    return line


def test_a_blocked_plugin_is_not_imported(installed):
    rlsys = installed(broken="sys.exit('imported')", good=GOOD)
    found = rows(rlsys("--no-plugin", "broken", "plugins", "--json"))
    assert (found["broken"]["status"], found["broken"]["error"]) == ("blocked", None)
    assert found["good"]["status"] == "active"
    found = rows(rlsys("plugins", "--json", RLSYS_PLUGINS="good"))
    assert (found["broken"]["status"], found["good"]["status"]) == ("blocked", "active")
    found = rows(rlsys("plugins", "--json", RLSYS_PLUGINS=""))
    assert {found["broken"]["status"], found["good"]["status"]} == {"blocked"}
    assert found["rlsys.agents"]["status"] == "active"


def test_blocking_what_is_not_there_is_an_error_that_names_the_nearest(installed):
    rlsys = installed(good=GOOD)
    expected = "no installed plugin is called 'goood' (did you mean 'good'?"
    assert expected in one_line(rlsys("--no-plugin", "goood", "plugins"))
    assert expected in one_line(rlsys("doctor", RLSYS_PLUGINS="goood"))


TWO = {
    "one": "@hookimpl\ndef rlsys_exporters(): return [exporter('acme'), exporter('first')]",
    "two": "@hookimpl\ndef rlsys_exporters(): return [exporter('acme'), exporter('second')]",
}


def test_two_distributions_with_one_name_are_both_named(installed):
    rlsys = installed(**TWO)
    found = rows(rlsys("plugins", "--json"))
    message = (
        "exporter 'acme' is provided by both 'one' (dist-of-one) and 'two' (dist-of-two); leave "
        "one out with --no-plugin or rename it"
    )
    assert [found[name]["error"] for name in TWO] == [message, message]
    assert [found[name]["status"] for name in TWO] == ["active", "active"]
    assert message in one_line(rlsys("plugins", RLSYS_STRICT_PLUGINS="1"))
    alone = rows(rlsys("--no-plugin", "two", "plugins", "--json"))
    assert alone["one"]["error"] is None


def test_two_distributions_with_one_entry_point_are_both_shown(installed, tmp_path):
    rlsys = installed(**TWO)
    dist_info(tmp_path / "site", "dist-of-another", {"one": "two_plugin"})
    result = rlsys("--no-plugin", "two", "plugins", "--json")
    assert result.returncode == 0, result.stderr
    found = [row for row in json.loads(result.stdout)["plugins"] if row["name"] == "one"]
    assert {row["distribution"] for row in found} == {"dist-of-one", "dist-of-another"}
    assert all("is provided by both" in row["error"] for row in found)


BROKEN = {
    "raises on import": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "exits on import": ("sys.exit('bye')", "SystemExit: bye"),
    "lacks a module": ("import no_such_module", "No module named 'no_such_module'"),
    "is no Python": ("def (", "SyntaxError"),
    "has an unknown hook": (
        "@hookimpl\ndef rlsys_exporter(): return []",
        "unknown hook 'rlsys_exporter' (did you mean 'rlsys_exporters'?",
    ),
    "was written for a later API": (
        "RLSYS_API_VERSION = 2\n" + GOOD.replace("good", "newer"),
        "it states RLSYS_API_VERSION = 2, but this rlsys has API version 1: "
        "pip install --upgrade rlsys",
    ),
    "was written for an earlier API": (
        "RLSYS_API_VERSION = 0\n" + GOOD.replace("good", "older"),
        "it states RLSYS_API_VERSION = 0, but this rlsys has API version 1: "
        "pip install --upgrade dist-of-broken",
    ),
}


@pytest.mark.parametrize(("code", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_named_with_the_way_out_and_the_rest_works(installed, code, message):
    rlsys = installed(broken=code, good=GOOD)
    found = rows(rlsys("plugins", "--json"))
    assert found["broken"]["status"] == "failed"
    assert message in found["broken"]["error"]
    assert found["broken"]["provides"] == {}
    assert found["good"] == {
        **found["good"], "status": "active", "error": None, "provides": {"exporter": ["good"]},
    }  # fmt: skip
    line = one_line(rlsys("plugins", RLSYS_STRICT_PLUGINS="1"))
    assert "plugin 'broken' of dist-of-broken failed" in line
    assert message in line
    assert "--no-plugin broken leaves it out" in line


def test_a_plugin_that_states_our_api_version_is_welcome(installed):
    rlsys = installed(good="RLSYS_API_VERSION = 1\n" + GOOD)
    assert rows(rlsys("plugins", "--json"))["good"]["status"] == "active"


def test_timing_survives_a_plugin_that_hangs_and_says_how_to_leave_it_out(timed, tmp_path):
    hanging = f"open({str(tmp_path / 'hangs')!r}, 'w').close()\n{HANGS}"
    found = timed(hanging=hanging, good=GOOD, broken="sys.exit('bye')")
    hanging = found["hanging"]
    assert hanging["status"] == "failed"
    assert hanging["seconds"] == 2
    assert "did not finish within 2 s" in hanging["error"]
    assert "--no-plugin hanging leaves it out" in hanging["error"]
    assert "RLSYS_PLUGIN_TIMEOUT" in hanging["error"]
    assert found["broken"]["error"] == "SystemExit: bye"
    assert (found["good"]["status"], found["good"]["error"]) == ("active", None)
    assert found["good"]["provides"] == {"exporter": ["good"]}
    assert found["good"]["seconds"] > 0


def test_the_time_limit_is_kept_and_what_is_left_out_is_not_measured(installed):
    rlsys = installed(hanging=HANGS)
    given = {"RLSYS_PLUGINS": "hanging", "RLSYS_PLUGIN_TIMEOUT": "0.5"}
    found = rows(rlsys("plugins", "--timing", "--json", **given))
    assert "did not finish within 0.5 s" in found["hanging"]["error"]
    left_out = rows(rlsys("--no-plugin", "hanging", "plugins", "--timing", "--json", **given))
    assert (left_out["hanging"]["status"], "seconds" in left_out["hanging"]) == ("blocked", False)


def test_timing_tells_what_a_slow_plugin_brings_in_and_people_see_it(installed, tmp_path):
    rlsys = installed(slow="import ponderous\n" + GOOD)
    (tmp_path / "site" / "ponderous.py").write_text("import time; time.sleep(0.2)")
    given = {"RLSYS_PLUGINS": "slow", "RLSYS_PLUGIN_TIMEOUT": HANG}
    row = rows(rlsys("plugins", "--timing", "--json", **given))["slow"]
    assert row["seconds"] >= 0.2
    assert row["brings_in"]["ponderous"] >= 200
    shown = rlsys("plugins", "--timing", COLUMNS="200", **given)
    assert shown.returncode == 0
    assert re.search(r"ponderous [2-9]\d\d+ ms", shown.stdout)


def test_timing_measures_a_plugin_that_kills_its_process(installed):
    rlsys = installed(deadly="import os; os._exit(7)", good=GOOD)
    given = {"RLSYS_PLUGINS": "deadly,good", "RLSYS_PLUGIN_TIMEOUT": HANG}
    found = rows(rlsys("plugins", "--timing", "--json", **given))
    assert "ended the process (code 7)" in found["deadly"]["error"]
    assert found["good"]["status"] == "active"


@pytest.mark.parametrize("given", ["soon", "0", "-1", "inf"])
def test_a_limit_that_is_none_is_refused(installed, given):
    rlsys = installed(good=GOOD)
    line = one_line(rlsys("plugins", "--timing", RLSYS_PLUGIN_TIMEOUT=given))
    assert f"RLSYS_PLUGIN_TIMEOUT must be a number of seconds above 0, not {given!r}" in line


def test_other_commands_say_whose_import_hangs_and_can_be_interrupted(installed, tmp_path):
    installed(hanging=HANGS, good=GOOD)
    child = subprocess.Popen(
        command("doctor"), cwd=tmp_path, env=environment(PYTHONPATH=tmp_path / "site"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    guard = threading.Timer(HANG, child.kill)
    guard.start()
    try:
        line = child.stderr.readline()
        assert "still importing plugin hanging of dist-of-hanging (5 s)" in line
        assert "Ctrl-C, then --no-plugin hanging leaves it out" in line
        child.send_signal(signal.SIGINT)
        _, rest = child.communicate(timeout=HANG)
        assert child.returncode == 130
        assert "Traceback" not in rest
    finally:
        guard.cancel()
        child.kill()
        child.wait()


def test_a_built_in_command_that_needs_no_plugin_does_not_import_them(installed):
    rlsys = installed(hanging=HANGS)
    assert rlsys("plugins", "--help").returncode == 0


def test_a_hanging_plugin_that_left_a_child_behind_is_ended_with_it(timed, tmp_path):
    started = tmp_path / "child.pid"
    code = (
        "import subprocess\n"
        f"sleep = 'import time; time.sleep({2 * HANG})'\n"
        f"child = subprocess.Popen([{sys.executable!r}, '-c', sleep])\n"
        f"open({str(started)!r}, 'w').write(str(child.pid))\n"
        f"open({str(tmp_path / 'hangs')!r}, 'w').close()\n" + HANGS
    )
    assert timed(hanging=code)["hanging"]["status"] == "failed"
    wait_until(lambda: not runs(int(started.read_text())))


def runs(process: int) -> bool:
    """Whether it has not ended; one that has may wait for its parent to take notice."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
