"""Exporters in a configuration: their settings, and which ones may be skipped."""

from __future__ import annotations

import sys
import types

import pytest
from program import LAMPS_FILE
from pydantic import BaseModel, ConfigDict, Field

from rlsys.api.request import Request
from rlsys.config.document import Document
from rlsys.config.plan import plan_of
from rlsys.descriptors import ExporterSpec, Requirement
from rlsys.errors import ConfigError, UserError
from rlsys.plugins.manager import PluginManager, PluginOptions
from rlsys.plugins.registry import Registry
from rlsys.plugins.requirements import in_ci, is_met


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    digits: int = Field(default=3, ge=1)


@pytest.fixture(autouse=True)
def not_in_ci(monkeypatch):
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def registry(monkeypatch):
    """Return a registry with one more exporter, which has settings."""
    module = types.ModuleType("test_exports_plugin")
    module.Settings = Settings
    monkeypatch.setitem(sys.modules, module.__name__, module)
    found = Registry(PluginManager(PluginOptions(files=(str(LAMPS_FILE),), only=())))
    spec = ExporterSpec(
        name="print", summary="x", factory="a.b:c", config="test_exports_plugin:Settings"
    )
    found.exporters.add(found.manager.plugins[0], spec)
    return found


@pytest.fixture
def exports(registry, tmp_path):
    def resolve(text="", *assignments):
        file = tmp_path / "my.yaml"
        file.write_text(text)
        asked = Request(plugin="lamps", config=file, preset="two-rooms", set=assignments)
        return asked.plan(registry)

    return resolve


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("exports: [print, json]", 3),
        ("exports: {print: , json: {}}", 3),
        ("exports: {print: {digits: 5}, json: {}}", 5),
    ],
)
def test_names_alone_or_names_with_settings(exports, text, digits):
    plan = exports(text)
    assert [export.name for export in plan.exports] == ["print", "json"]
    assert plan.exports[0].settings == Settings(digits=digits)
    assert plan.exports[1].settings is None
    assert plan.config.exports == {"print": {"digits": digits}, "json": {}}


def test_layers_add_to_one_another_and_a_list_replaces(exports):
    text = "exports: {print: {digits: 5}}"
    assert exports(text, "exports.print.digits=6").exports[0].settings.digits == 6
    both = exports(text, "exports.json.optional=true")
    assert [export.name for export in both.exports] == ["print", "json"]
    assert [export.name for export in exports(text, "exports=[json]").exports] == ["json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exports: {print: {digit: 1}}", r"my.yaml:1: digit: unknown key \(did you mean 'digits'"),
        ("exports: {print: {digits: 0}}", r"my.yaml:1: digits: .* greater than or equal to 1"),
        ("exports: {json: {digits: 1}}", r"my.yaml:1: exporter 'json' has no setting 'digits'"),
        ("exports: {json: {optional: 3}}", r"exports.json.optional: must be true or false, not 3"),
        ("exports: {jsn: {}}", r"unknown exporter 'jsn' \(did you mean 'json'"),
        ("exports: {json: 3}", r"my.yaml:1: exports.json: .*dictionary"),
        ("exports: json", r"my.yaml:1: exports: .*dictionary"),
        ("exports: [3]", r"my.yaml:1: exports: .*dictionary"),
    ],
)
def test_what_is_not_allowed_is_refused(exports, text, message):
    with pytest.raises(UserError, match=message) as caught:
        exports(text)
    assert "\n" not in str(caught.value)


def test_an_optional_exporter_may_be_missing(exports):
    (planned,) = exports("exports: {absent: {optional: true, x: 1}}").exports
    assert (planned.name, planned.spec, planned.optional) == ("absent", None, True)
    (planned,) = exports("exports: {print: {optional: true}}").exports
    assert planned.optional
    assert planned.settings == Settings()


@pytest.mark.parametrize("value", ["true", "1", "yes"])
def test_nothing_is_optional_in_continuous_integration(exports, monkeypatch, value):
    monkeypatch.setenv("CI", value)
    assert not exports("exports: {print: {optional: true}}").exports[0].optional
    with pytest.raises(UserError, match="unknown exporter 'absent'"):
        exports("exports: {absent: {optional: true}}")


@pytest.mark.parametrize("value", ["", "0", "false", "False"])
def test_these_say_that_it_is_no_continuous_integration(monkeypatch, value):
    monkeypatch.setenv("CI", value)
    assert not in_ci()


def test_a_kept_configuration_stays_as_optional_as_it_was(exports, registry, monkeypatch):
    plan = exports("exports: {print: {optional: true}}")
    kept = plan.config.model_dump(mode="json")
    assert kept["exports"] == {"print": {"optional": True, "digits": 3}}
    assert plan_of(registry, Document(kept)).config == plan.config
    monkeypatch.setenv("CI", "true")
    assert plan_of(registry, Document(kept)).config == plan.config


def test_a_check_decides_whether_its_requirement_is_met(monkeypatch):
    module = types.ModuleType("test_exports_checks")
    module.there = lambda: True
    module.absent = lambda: False
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for name, expected in (("there", True), ("absent", False)):
        requirement = Requirement(
            name="a compiler", fix="x", kind="check", check=f"test_exports_checks:{name}"
        )
        assert is_met(requirement) is expected


@pytest.mark.parametrize("fields", [{"kind": "check"}, {"check": "a:b"}])
def test_a_check_belongs_to_its_kind(fields):
    with pytest.raises(ValueError, match="kind 'check' needs `check`"):
        Requirement(name="a compiler", fix="x", **fields)


def test_a_bad_setting_names_its_place_on_the_command_line(exports):
    with pytest.raises(ConfigError, match=r"^--set exports.print.digits=x: digits: .*integer"):
        exports("", "exports.print.digits=x")
