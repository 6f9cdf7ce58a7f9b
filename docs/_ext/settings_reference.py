"""Generates the reference of all settings from the pydantic models that check them.

The directive ``{settings} agents`` describes every key of every installed agent, ``{settings} run``
those of a run, and so on.  A key that nothing describes is a warning, and the build treats warnings
as errors.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from rlsys.config import RunConfig
from rlsys.descriptors import resolve
from rlsys.plugins import PluginManager, Registry

_log = logging.getLogger(__name__)
_WORDS = {"boolean": "`true` or `false`", "null": "`null`", "string": "text", None: "any value"}
_SIGNS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
# An entry of ``Attributes:``, such as `low, high: the lowest and the highest value`.
_ATTRIBUTE = re.compile(r"^ {4}(\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Group:
    """The settings of one thing.

    Attributes:
        title: title of its section; empty for none.
        model: the model that checks the settings; None if there are no settings.
        owner: distinguishes its keys from equal keys of something else; may be empty.
        prefix: what precedes each key in ``--set``.
    """

    title: str
    summary: str
    model: type[BaseModel] | None
    owner: str = ""
    prefix: str = ""


@dataclass(frozen=True)
class Key:
    """One setting, with its path in a configuration; an empty default: the key is required."""

    path: str
    meaning: str
    allowed: str
    default: str


def groups(kind: str, registry: Registry) -> Iterator[Group]:
    """Yield everything that has settings of `kind`: run, agents, environments, exporters."""
    if kind == "run":
        yield Group("", "", RunConfig)
        return
    family = getattr(registry, kind)
    for name in family:
        spec, plugin = family.get(name), family.entries[name].plugin
        summary = f"{spec.summary[0].upper()}{spec.summary[1:]}."
        if plugin.distribution != "rlsys":
            summary += f" Of the plugin `{plugin.name}`."
        model = resolve(spec.config) if spec.config else None
        if kind == "environments":
            yield Group(f"`{name}`", summary, model, owner=f"{name}: ")
        else:
            section = {"agents": "agents", "exporters": "exports"}[kind]
            yield Group(f"`{name}`", summary, model, prefix=f"{section}.{name}.")


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[Key]:
    """Yield every setting of `model`; a model inside it follows the key that holds it."""
    schema = model.model_json_schema()
    described = descriptions(model)
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        inner = list(models_inside(field.annotation))
        meaning = described.get(name) or " ".join(_first_line(one) for _, one in inner)
        shape = allowed(schema["properties"][name], schema.get("$defs", {}))
        yield Key(path, meaning, shape, default_of(field))
        for between, one in inner:
            yield from keys(one, f"{path}{between}.")


def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return what docstrings say about the fields of `model` and its bases.

    Either a text below the field, or an entry of ``Attributes:`` in the docstring of the class.
    """
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not issubclass(base, BaseModel) or base is BaseModel:
            continue
        _, _, entries = inspect.cleandoc(base.__doc__ or "").partition("Attributes:\n")
        for names, text in _ATTRIBUTE.findall(entries):
            found |= dict.fromkeys(names.split(", "), re.sub(r"\s+", " ", text))
        below = ModuleAnalyzer.for_module(base.__module__).find_attr_docs()
        for (owner, name), lines in below.items():
            if owner == base.__qualname__:
                found[name] = "\n".join(lines).strip()
    return found


def _first_line(model: type[BaseModel]) -> str:
    return (inspect.getdoc(model) or "").partition("\n")[0]


def models_inside(annotation: Any, between: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the models in a field's type, each with the part of the path between field and key."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield between, annotation
        return
    origin = getattr(annotation, "__origin__", None)
    inside = [one for one in getattr(annotation, "__args__", ()) if one is not Ellipsis]
    if origin in (list, tuple):
        between += "[]"
    elif origin in (dict, Mapping):
        between += ".NAME"
    for one in inside:
        yield from models_inside(one, between)


def default_of(field: FieldInfo) -> str:
    """Return the default as JSON; empty where a value is required."""
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    # The keys of an inner model are described separately.
    return "{}" if isinstance(value, BaseModel) else json.dumps(value)


def allowed(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Say in words which values a JSON schema allows."""
    if "$ref" in schema:
        return allowed(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(allowed(one, definitions) for one in schema["anyOf"]))
    match schema.get("type"):
        case "array":
            return _array(schema, definitions)
        case "object":
            values = schema.get("additionalProperties")
            return (
                f"mapping to {allowed(values, definitions)}"
                if values and values is not True
                else "mapping"
            )
        case "integer" | "number" as kind:
            return f"{kind}{_limits(schema)}"
        case kind:
            return _WORDS[kind]


def _array(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(allowed(one, definitions) for one in schema['prefixItems'])}]"
    least = f" of at least {schema['minItems']}" if "minItems" in schema else ""
    return f"list{least}, each {allowed(schema['items'], definitions)}"


def _limits(schema: Mapping[str, Any]) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f" {_number(schema['minimum'])}..{_number(schema['maximum'])}"
    found = [f"{sign} {_number(schema[key])}" for key, sign in _SIGNS.items() if key in schema]
    return f" {' and '.join(found)}" if found else ""


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else str(value)


class SettingsDirective(SphinxDirective):
    """``{settings} KIND``: a section for each thing of that kind, an entry for each key.

    A line ``KEY: MEANING`` of the content describes a key that its model leaves undescribed.
    """

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        self.said = dict(line.rsplit(": ", 1) for line in self.content if line)
        registry = Registry(PluginManager())
        lines = [
            line for group in groups(self.arguments[0], registry) for line in self._section(group)
        ]
        for path in self.said:
            self._warn(f"setting {path!r} does not exist or its model describes it; drop the line")
        parent = nodes.section()
        parent.document = self.state.document
        self.state.nested_parse(StringList(lines, "settings"), 0, parent, match_titles=True)
        return parent.children

    def _section(self, group: Group) -> list[str]:
        lines = [f"### {group.title}", "", group.summary, ""] if group.title else []
        if group.model is None:
            return [*lines, "It has no settings.", ""]
        self.env.note_dependency(inspect.getfile(group.model))
        for key in keys(group.model, group.prefix):
            name = f"{group.owner}{key.path}"
            meaning = key.meaning or self.said.pop(name, "")
            if not meaning:
                self._warn(f"setting {name!r} of {group.model.__name__} is not described")
            default = f"default `{key.default}`" if key.default else "required"
            lines += [f"```{{setting}} {name}", f"{key.allowed}; {default}", "", meaning, "```", ""]
        return lines

    def _warn(self, message: str) -> None:
        _log.warning(message, location=self.get_location(), type="rlsys")


def _without_owner(_: Any, name: str, node: addnodes.desc_signature) -> str:
    """Show a key as it is written in a configuration; two environments may share a key."""
    node += addnodes.desc_name(name, name.rpartition(": ")[2])
    return name


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive, and settings as something that can be linked to and found."""
    app.add_object_type("setting", "setting", "single: %s", _without_owner, objname="setting")
    app.add_directive("settings", SettingsDirective)
    return {"parallel_read_safe": True}
