"""Configuration: YAML with line numbers, layers, and errors that say where and what is allowed.

Layers, weakest first: the model's defaults, preset, file, ``--set``, flags.
"""

from __future__ import annotations

import importlib
import importlib.resources
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from rlsys.errors import ConfigError, did_you_mean

Model = TypeVar("Model", bound=BaseModel)
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """Data read from YAML, with the place where each key and item was given."""

    data: Any
    source: str = ""
    """Name to use in messages when no more exact place is known."""
    places: Mapping[KeyPath, str] = field(default_factory=dict)
    """``file:line``, or the command-line option, by key path."""

    def where(self, path: KeyPath) -> str:
        """Return ``file:line: `` for `path`, or for its nearest known parent."""
        for end in range(len(path), -1, -1):
            place = self.places.get(path[:end])
            if place is not None:
                return f"{place}: "
        return f"{self.source}: " if self.source else ""

    def section(self, *keys: str) -> Document:
        """Return the part below `keys` (an empty mapping if it is absent)."""
        data = self.data
        for key in keys:
            data = data.get(key) if isinstance(data, Mapping) else None
        depth = len(keys)
        places = {p[depth:]: place for p, place in self.places.items() if p[:depth] == keys}
        return Document({} if data is None else data, self.source, places)

    def laid_upon(self, base: Document) -> Document:
        """Return `base` overridden by this document's values, each with its own place."""
        if not isinstance(self.data, Mapping) or not isinstance(base.data, Mapping):
            return self
        places = dict(base.places)
        for path in self.places:
            if path and not isinstance(_value_at(self.data, path), Mapping):
                places = {p: at for p, at in places.items() if p[: len(path)] != path}
        places.update(self.places)
        if not base.data:
            return Document(self.data, self.source, places)
        # A mapping that both documents contribute to has no single place.
        shared = {path[:end] for path in self.places for end in range(len(path))}
        for path in shared & base.places.keys():
            if isinstance(_value_at(self.data, path), Mapping):
                del places[path]
        return Document(merge(base.data, self.data), "", places)


def format_path(path: Iterable[str | int]) -> str:
    """Write a key path as ``tasks[2].period``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _walk(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], source: str) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            here = (*path, name)
            line = key.start_mark.line + 1
            if here in lines:
                raise ConfigError(
                    f"{source}:{line}: {format_path(here)}: key given twice "
                    f"(first in line {lines[here]}); delete one"
                )
            lines[here] = line
            _walk(value, here, lines, source)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines, source)


class _Loader(yaml.SafeLoader):
    """Also takes 1e5 for a number, as YAML 1.2 does; PyYAML's version 1.1 asks for 1.0e+5."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+|\d*\.\d+|\d+\.)[eE][-+]?\d+"),
    list("-+.0123456789"),
)


def parse_yaml(text: str, source: str) -> Document:
    """Parse YAML text; `source` is its name in messages.

    Raises:
        ConfigError: not YAML, or a key is given twice.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
        data = yaml.load(text, Loader=_Loader)
    except ValueError as error:  # such as a date in month 13
        raise ConfigError(f"{source}: not valid YAML: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigError(f"{source}{line}: not valid YAML: {problem}") from error
    lines: dict[KeyPath, int] = {}
    if node is not None:
        _walk(node, (), lines, source)
    return Document(data, source, {path: f"{source}:{line}" for path, line in lines.items()})


def load_yaml(path: str | Path) -> Document:
    """Read a YAML file.

    Raises:
        ConfigError: unreadable, not UTF-8, not YAML, or a key is given twice.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"{path}: cannot be read: {reason}") from error
    return parse_yaml(text, str(path))


def load_resource(resource: str) -> Document:
    """Read a YAML file inside a package or next to a module, ``"package:relative/path"``.

    Raises:
        ConfigError: as in `load_yaml`, or there is no such package.
    """
    package, _, name = resource.partition(":")
    try:
        module = importlib.import_module(package)
        if hasattr(module, "__path__"):
            text = importlib.resources.files(module).joinpath(name).read_text(encoding="utf-8")
        else:
            text = Path(str(module.__file__)).with_name(name).read_text(encoding="utf-8")
    except ImportError as error:
        raise ConfigError(f"{resource}: cannot be read: {error}") from error
    except OSError as error:
        raise ConfigError(f"{resource}: cannot be read: {error.strerror}") from error
    return parse_yaml(text, resource)


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Follow `path` through nested models, to name the keys that are allowed there."""
    current: Any = model
    for part in path:
        if isinstance(part, int):
            continue
        if not (isinstance(current, type) and issubclass(current, BaseModel)):
            return None
        info = current.model_fields.get(part)
        if info is None:
            return None
        current = _first_model(info.annotation)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _first_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _first_model(argument)
        if found is not None:
            return found
    return None


def _describe(error: Mapping[str, Any], model: type[BaseModel], path: KeyPath) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        parent = _model_at(model, path[:-1])
        known = parent.model_fields if parent else ()
        return f"unknown key{did_you_mean(str(path[-1]), known)}"
    if kind == "missing":
        return "missing; it must be given"
    message = str(error["msg"])
    for prefix in ("Value error, ", "Assertion failed, "):
        message = message.removeprefix(prefix)
    if kind == "value_error":
        return message
    given = error.get("input")
    shown = repr(given)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    return f"{message[:1].lower()}{message[1:]} (got {shown})"


def validate(model: type[Model], document: Document | Mapping[str, Any]) -> Model:
    """Validate a document and return it as a `model`.

    Raises:
        ConfigError: every error, one per line: ``file:line: key: what is allowed (got ...)``.
    """
    if not isinstance(document, Document):
        document = Document(document, "")
    data = {} if document.data is None else document.data
    if not isinstance(data, Mapping):
        raise ConfigError(
            f"{document.where(())}must map keys to values; it is a {type(data).__name__}"
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = []
        for item in error.errors():
            raw: KeyPath = tuple(item["loc"])
            path = _existing_path(raw, data, missing=item["type"] == "missing")
            name = format_path(path)
            faults.append(
                f"{document.where(path)}{name}{': ' if name else ''}{_describe(item, model, path)}"
            )
        raise ConfigError("\n".join(dict.fromkeys(faults))) from error


def _existing_path(path: KeyPath, data: Any, *, missing: bool) -> KeyPath:
    """Drop the parts of a pydantic location that name union members, not keys."""
    kept: list[str | int] = []
    current = data
    for index, part in enumerate(path):
        last = index == len(path) - 1
        if _holds(current, part):
            current = current[part]
        elif not (last and missing):
            continue
        kept.append(part)
    return tuple(kept)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Override `base` by `over`, mapping by mapping; lists and scalars are replaced."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def parse_assignment(text: str) -> tuple[tuple[str, ...], Any]:
    """Parse the ``a.b=value`` of ``--set``; the value is YAML.

    Raises:
        ConfigError: there is no ``=``, the key is empty, or the value is not YAML.
    """
    key, equals, value = text.partition("=")
    parts = tuple(key.strip().split("."))
    if not equals or not all(parts):
        raise ConfigError(f"--set {text!r}: must be key=value, such as --set a.b=1")
    return parts, parse_yaml(value, f"--set {key}").data


def assignment(parts: Sequence[str], value: Any, place: str) -> Document:
    """Return the document that sets `value` at the key path `parts`."""
    data = value
    for part in reversed(parts):
        data = {part: data}
    return Document(data, "", {tuple(parts): place})


def _value_at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def _holds(data: Any, key: str | int) -> bool:
    if isinstance(data, Mapping):
        return key in data
    return isinstance(data, list | tuple) and isinstance(key, int) and key < len(data)
