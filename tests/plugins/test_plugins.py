"""A broken plugin breaks nothing else, and its error is shown with its origin."""

from __future__ import annotations

import importlib
import json
import sys

import pytest
from program import LAMPS, LAMPS_FILE, dist_info, refused, run_here

from rlsys.plugins.manager import LoadedPlugin, PluginManager, PluginOptions, _say_who_is_slow
from rlsys.plugins.registry import Registry

HEAD = """
from rlsys import hookimpl
from rlsys.descriptors import AgentSpec, CommandSpec, EnvironmentSpec, ExporterSpec

def exporter(name="acme"):
    return ExporterSpec(name=name, summary="x", factory="json:dumps")
"""

# What a plugin's author can get wrong, and what `rlsys plugins` must say of it.
BROKEN = {
    "raises on import": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "exits on import": ("import sys; sys.exit('bye')", "SystemExit: bye"),
    "lacks a module": ("import no_such_module", "No module named 'no_such_module'"),
    "is no Python": ("def (", "SyntaxError"),
    "misspells a hook": (
        "@hookimpl\ndef rlsys_exporter(): return []",
        "unknown hook 'rlsys_exporter' (did you mean 'rlsys_exporters'?",
    ),
    "misspells an argument": (
        "@hookimpl\ndef rlsys_agents(): return []\n"
        "@hookimpl\ndef rlsys_exporters(config): return [exporter()]",
        "config",
    ),
    "raises in a hook": (
        "@hookimpl\ndef rlsys_exporters(): raise KeyError('oops')",
        "its hook rlsys_exporters failed: KeyError: 'oops'",
    ),
    "exits in a hook": (
        "@hookimpl\ndef rlsys_exporters(): raise SystemExit(3)",
        "its hook rlsys_exporters failed: SystemExit: 3",
    ),
    "forgets the list": (
        "@hookimpl\ndef rlsys_exporters(): return exporter()",
        "its hook rlsys_exporters failed: TypeError: 'ExporterSpec' object is not iterable",
    ),
    "returns another kind": (
        "@hookimpl\ndef rlsys_agents(): return [exporter()]\n"
        "@hookimpl\ndef rlsys_exporters(): return [exporter()]",
        "not a description of kind 'agent'",
    ),
    "has a bad name": (
        "@hookimpl\ndef rlsys_exporters(): return [exporter('My Format')]",
        "name 'My Format' must be lower-case words",
    ),
    "has a bad reference": (
        "@hookimpl\ndef rlsys_exporters():\n"
        "    return [ExporterSpec(name='acme', summary='x', factory='json.dumps')]",
        "reference 'json.dumps' must have the form 'package.module:attribute'",
    ),
    "has a reference that is no baseline": (
        "@hookimpl\ndef rlsys_environments():\n"
        "    return [EnvironmentSpec(name='a', summary='', config='a:b', vector_env='a:b',"
        " agent='ppo', reference='best')]",
        "reference 'best' is not one of the baselines",
    ),
}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return a function that installs distributions of one plugin each."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(**codes):
        for name, code in codes.items():
            (tmp_path / f"{name}.py").write_text(HEAD + code)
            dist_info(tmp_path, f"dist-of-{name}", {name: name})
        importlib.invalidate_caches()

    yield install
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def plugins(*arguments):
    result = run_here(*arguments, "plugins", "--json")
    assert result.returncode == 0, result.stderr
    return {row["name"]: row for row in json.loads(result.stdout)["plugins"]}


GOOD = "@hookimpl\ndef rlsys_exporters(): return [exporter('good')]"


@pytest.mark.parametrize(("code", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_shown_and_the_rest_works(installed, code, message):
    installed(broken=code, good=GOOD)
    rows = plugins()
    broken = rows["broken"]
    assert broken["status"] == "failed"
    assert message in broken["error"]
    assert (broken["distribution"], broken["version"]) == ("dist-of-broken", "1.0")
    assert rows["good"]["status"] == "active"
    assert rows["good"]["provides"] == {"exporter": ["good"]}
    # Nothing that the broken plugin managed to say is attributed to another one.
    assert rows["rlsys.agents"]["provides"].keys() == {"agent"}
    assert rows["rlsys.exporters"]["provides"].keys() == {"exporter"}
    assert not [row for row in rows.values() if row["error"] and row["name"] != "broken"]


def test_people_and_the_doctor_are_told_too(installed):
    installed(broken="raise RuntimeError('no licence')")
    listed = run_here("plugins")
    assert listed.returncode == 0
    assert "broken (dist-of-broken): RuntimeError: no licence" in listed.stdout
    examined = run_here("doctor")
    assert examined.returncode == 1
    assert "FIX  plugin broken: RuntimeError: no licence" in examined.stdout
    assert "--no-plugin broken" in examined.stdout
    helped = run_here("--help")
    assert helped.returncode == 0
    assert "doctor" in helped.stdout


TWO = {
    "one": "@hookimpl\ndef rlsys_exporters(): return [exporter('acme'), exporter('one')]",
    "two": "@hookimpl\ndef rlsys_exporters(): return [exporter('acme'), exporter('two')]",
}


def test_two_providers_of_one_name_are_named_and_their_other_things_work(installed, tmp_path):
    installed(**TWO)
    rows = plugins()
    for name in ("one", "two"):
        assert rows[name]["status"] == "active"
        for part in ("exporter 'acme'", "'one' (dist-of-one)", "'two' (dist-of-two)"):
            assert part in rows[name]["error"]
    train = ("train", "lamps", "--steps", "96", "--set")
    message = refused(*LAMPS, *train, "exports=[acme]", "--out", tmp_path / "a")
    assert "provided by both" in message
    assert "--no-plugin" in message
    good = run_here(*LAMPS, *train, "exports=[one]", "--out", tmp_path / "b")
    assert good.returncode == 0, good.stderr
    alone = plugins("--no-plugin", "two")
    assert alone["one"]["error"] is None
    assert alone["two"]["status"] == "blocked"


def test_plugins_left_out_are_not_even_imported(installed, monkeypatch):
    installed(broken="raise RuntimeError", good=GOOD)
    for arguments, listed in [(("--no-plugin", "broken"), None), ((), "good")]:
        if listed is not None:
            monkeypatch.setenv("RLSYS_PLUGINS", listed)
        rows = plugins(*arguments)
        assert (rows["broken"]["status"], rows["broken"]["error"]) == ("blocked", None)
        assert rows["good"]["status"] == "active"
    monkeypatch.setenv("RLSYS_PLUGINS", "")
    rows = plugins()
    assert {rows["broken"]["status"], rows["good"]["status"]} == {"blocked"}
    assert rows["rlsys.agents"]["status"] == "active"
    monkeypatch.setenv("RLSYS_PLUGINS", " broken , good ")
    rows = plugins()
    assert (rows["broken"]["status"], rows["good"]["status"]) == ("failed", "active")


def test_a_plugin_that_is_not_there_cannot_be_left_out_or_asked_for(installed, monkeypatch):
    installed(good=GOOD)
    expected = "no installed plugin is called 'goof' (did you mean 'good'?"
    assert expected in refused("--no-plugin", "goof", "plugins")
    monkeypatch.setenv("RLSYS_PLUGINS", "goof")
    assert expected in refused("plugins")


@pytest.mark.parametrize("kind", ["raises on import", "raises in a hook", "returns another kind"])
def test_strict_mode_turns_a_broken_plugin_into_an_error(installed, monkeypatch, kind):
    installed(broken=BROKEN[kind][0])
    monkeypatch.setenv("RLSYS_STRICT_PLUGINS", "1")
    message = refused("plugins")
    assert "plugin 'broken' of dist-of-broken failed" in message
    assert BROKEN[kind][1] in message
    assert run_here("--no-plugin", "broken", "plugins").returncode == 0


def test_strict_mode_turns_a_name_of_two_providers_into_an_error(installed, monkeypatch):
    installed(**TWO)
    monkeypatch.setenv("RLSYS_STRICT_PLUGINS", "1")
    assert "provided by both" in refused("plugins")
    monkeypatch.setenv("RLSYS_STRICT_PLUGINS", "0")
    assert run_here("plugins").returncode == 0


def test_a_single_file_is_a_plugin():
    row = plugins(*LAMPS)["lamps"]
    assert row["status"] == "active"
    assert row["distribution"] == "(file)"
    assert row["location"] == str(LAMPS_FILE)
    assert row["provides"] == {"environment": ["lamps"], "agent": ["hill-climbing"]}


def test_a_plugin_file_must_be_there(tmp_path):
    assert "no such file" in refused("--plugin-file", tmp_path / "none.py", "plugins")


@pytest.mark.parametrize("name", ["json", "colorsys"], ids=["loaded", "not yet loaded"])
def test_a_plugin_file_cannot_take_the_name_of_another_module(tmp_path, name):
    file = tmp_path / f"{name}.py"
    file.write_text(HEAD + GOOD)
    row = plugins("--plugin-file", file)[name]
    assert row["status"] == "failed"
    assert f"a module {name!r} already exists; rename the file" in row["error"]


def test_a_plugin_file_that_is_not_python(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    assert "its name must end in .py" in plugins("--plugin-file", file)["notes"]["error"]


COMMAND = """
import click

@click.command()
def wave():
    click.echo("hello")

@hookimpl
def rlsys_commands():
    return [CommandSpec(name="wave", summary="say hello", command="{reference}")]
"""


def test_a_plugin_adds_a_command(installed):
    installed(waver=COMMAND.format(reference="waver:wave"))
    assert run_here("wave").stdout == "hello\n"
    assert "say hello" in run_here("--help").stdout


def test_a_command_named_like_a_built_in_one_is_told_of(installed, monkeypatch):
    installed(waver=COMMAND.replace("wave", "train").format(reference="waver:train"))
    (row,) = [row for row in plugins().values() if row["name"] == "waver"]
    assert row["status"] == "active"
    assert "command 'train' is built in; give yours another name" in row["error"]
    assert run_here("doctor").returncode == 1
    assert "say hello" not in run_here("--help").stdout
    assert "PLUGIN" in run_here("train", "--help").stdout
    monkeypatch.setenv("RLSYS_STRICT_PLUGINS", "1")
    assert "command 'train' is built in" in refused("plugins")


@pytest.mark.parametrize(
    ("reference", "message"),
    [("waver:HEAD", "has no attribute"), ("waver:rlsys_commands", "is not a click.Command")],
)
def test_a_command_that_is_none_is_refused_and_diagnosed(installed, reference, message):
    installed(waver=COMMAND.format(reference=reference))
    assert message in refused("wave")
    assert run_here("--help").returncode == 0


NEEDY = """
from rlsys.descriptors import Requirement

@hookimpl
def rlsys_exporters():
    return [
        ExporterSpec(
            name="flash",
            summary="x",
            factory="json:dumps",
            requires=(
                Requirement(name="no_such_module", fix="pip install no-such"),
                Requirement(name="no-such-program", kind="executable", fix="apt install such"),
                Requirement(name="sh", kind="executable", fix="never shown"),
                Requirement(name="no_such.part", fix="pip install no-such"),
            ),
        )
    ]
"""


def test_the_doctor_says_what_is_missing_and_the_command_that_mends_it(installed):
    installed(needy=NEEDY)
    result = run_here("doctor", "--json")
    assert result.returncode == 1
    document = json.loads(result.stdout)
    assert document["ok"] is False
    (check,) = [c for c in document["checks"] if c["what"] == "exporter flash"]
    assert check == {
        "what": "exporter flash",
        "ok": False,
        "found": "lacks no_such_module, no-such-program, no_such.part",
        "fix": "pip install no-such; apt install such",
    }


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("no_such:thing", "there is no module 'no_such'"),
        ("json:no_such", "module 'json' has no attribute 'no_such'"),
        ("lazily:thing", "ZeroDivisionError"),
        ("quits:thing", "SystemExit"),
    ],
)
def test_the_doctor_follows_every_reference(installed, tmp_path, factory, message):
    (tmp_path / "lazily.py").write_text("1 / 0")
    (tmp_path / "quits.py").write_text("raise SystemExit(0)")
    code = f"""
@hookimpl
def rlsys_exporters():
    return [ExporterSpec(name="flash", summary="x", factory="{factory}")]
"""
    installed(needy=code)
    result = run_here("doctor", "--json")
    assert result.returncode == 1, result.stderr
    (check,) = [c for c in json.loads(result.stdout)["checks"] if c["what"] == "exporter flash"]
    assert not check["ok"]
    assert message in check["found"]
    assert check["fix"]


def test_the_doctor_finds_nothing_wrong_with_a_sound_file():
    document = json.loads(run_here(*LAMPS, "doctor", "--json").stdout)
    mine = [c for c in document["checks"] if c["what"].split()[-1] in ("lamps", "hill-climbing")]
    assert [c["what"] for c in mine] == [
        "plugin lamps", "environment lamps", "agent hill-climbing",
    ]  # fmt: skip
    assert all(c["ok"] for c in mine)


def test_whose_import_takes_long_is_told_with_the_way_out(capsys):
    _say_who_is_slow(LoadedPlugin("slow", "dist-of-slow", "1.0", ""))
    _say_who_is_slow(LoadedPlugin("mine", "(file)", "", "/home/me/mine.py"))
    installed, file = capsys.readouterr().err.splitlines()
    assert "plugin slow of dist-of-slow (5 s)" in installed
    assert installed.endswith("--no-plugin slow leaves it out")
    assert "plugin mine from a file (5 s)" in file
    assert file.endswith("leave out --plugin-file /home/me/mine.py")


@pytest.mark.parametrize("version", ["'1'", "None", "1.5"])
def test_an_api_version_that_is_no_number_of_ours_is_refused(installed, version):
    installed(odd=f"RLSYS_API_VERSION = {version}\n{GOOD}")
    row = plugins()["odd"]
    assert row["status"] == "failed"
    assert f"it states RLSYS_API_VERSION = {version}" in row["error"]
    assert row["provides"] == {}


def test_an_entry_module_can_be_loaded_without_being_installed(installed, tmp_path):
    installed(known=GOOD)
    (tmp_path / "loose.py").write_text(HEAD + GOOD.replace("good", "loose"))
    found = Registry(PluginManager(PluginOptions(only=(), modules=("loose", "rlsys.agents"))))
    assert {"loose", "json"} <= set(found.exporters)
    assert "good" not in found.exporters
    assert [p.name for p in found.manager.plugins].count("rlsys.agents") == 1
