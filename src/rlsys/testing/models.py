"""Checks that settings are plain data: closed, frozen, and unchanged by JSON and pickle."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from rlsys.config.document import Document, validate
from rlsys.errors import ConfigError
from rlsys.plugins.manager import PluginOptions
from rlsys.testing.demands import fail, require

UNKNOWN = "no_such_setting"
PLAIN_DATA = (
    "store only plain data in the settings (numbers, text, lists, mappings, models), in a model at "
    "the top level of a module, and make everything else from it where it is used"
)


def require_closed(settings: BaseModel) -> None:
    """Require that unknown keys are refused and that values cannot be changed."""
    model = type(settings)
    try:
        validate(model, Document({**settings.model_dump(mode="json"), UNKNOWN: 1}))
    except ConfigError as error:
        require(
            UNKNOWN in str(error),
            f"{model.__name__} does not accept its own dump: {error}",
            "see the message",
        )
    else:
        fail(
            f"{model.__name__} accepts the unknown key {UNKNOWN!r}, so typos in keys are ignored",
            "model_config = ConfigDict(frozen=True, extra='forbid')",
        )
    require(
        model.model_config.get("frozen"),
        f"{model.__name__} can be changed after validation",
        "model_config = ConfigDict(frozen=True, extra='forbid')",
    )


def require_plain(settings: BaseModel) -> None:
    """Require that settings are the same after JSON and after pickle."""
    model = type(settings)
    try:
        again = pickle.loads(pickle.dumps(settings))
    except Exception as error:  # noqa: BLE001 - pickle can raise anything
        fail(f"{model.__name__} cannot be pickled: {error}", PLAIN_DATA)
    require(again == settings, f"{model.__name__} is different after pickle: {again!r}", PLAIN_DATA)
    try:
        again = model.model_validate(json.loads(settings.model_dump_json()))
    except ValueError as error:  # from pydantic or JSON
        fail(f"{model.__name__} does not survive JSON: {error}", PLAIN_DATA)
    require(again == settings, f"{model.__name__} is different after JSON: {again!r}", PLAIN_DATA)


def require_travels(settings: BaseModel, options: PluginOptions, folder: Path) -> None:
    """Require that a fresh process reads the same settings from a pickle.

    Args:
        options: the plugins that it loads first, as a worker process does.
        folder: an empty folder.
    """
    try:
        pickled = pickle.dumps(settings)
    except Exception:  # noqa: BLE001 - pickle can raise anything
        pytest.skip("meaningless until test_settings_survive_json_and_pickle passes")
    (folder / "job.pickle").write_bytes(pickle.dumps((options, pickled)))
    path = [str(Path(entry or ".").resolve()) for entry in sys.path]
    code = (
        f"import sys; sys.path[:] = {path!r}; "
        "from rlsys.testing.models import unpack; unpack(sys.argv[1])"
    )
    child = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False
    )
    last = (child.stderr.strip().splitlines() or [""])[-1]
    require(
        child.returncode == 0,
        f"{type(settings).__name__} cannot be read in another process: {last}",
        PLAIN_DATA,
    )
    told = (folder / "read.json").read_text(encoding="utf-8")
    require(
        json.loads(told) == json.loads(settings.model_dump_json()),
        f"{type(settings).__name__} is different in another process: {told}",
        PLAIN_DATA,
    )


def unpack(folder: str) -> None:
    """Run in the other process: read the pickle and write the settings as JSON."""
    from rlsys.plugins.manager import PluginManager

    options, pickled = pickle.loads(Path(folder, "job.pickle").read_bytes())
    PluginManager(options)
    settings: BaseModel = pickle.loads(pickled)
    Path(folder, "read.json").write_text(settings.model_dump_json(), encoding="utf-8")
