"""`rlsys plugins new`: write a complete plugin distribution whose tests pass from the start."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import keyword
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from rlsys import __version__
from rlsys.cli.options import pass_work
from rlsys.errors import UserError
from rlsys.plugins.workplace import Workplace

LONGEST = 36
"""Maximum length of a name, so that no line of the template exceeds its own line length."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SUFFIX = ".tmpl"
"""Suffix of template files, so that no tool mistakes them for source code."""


@click.command("new")
@click.argument("name")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to write; it must be empty or not exist.  [default: rlsys-NAME]",
)
@pass_work
def command(work: Workplace, name: str, directory: Path | None) -> None:
    """Write a complete plugin of your own, the distribution rlsys-NAME.

    NAME is lower-case words joined by '-'. `rlsys run NAME` will run it.
    """
    _check_name(name)
    _check_free(name, work)
    target = directory or Path(f"rlsys-{name}")
    files = write_project(name, target)
    click.echo(f"{target}: {len(files)} files; README.md explains them")
    click.echo(f"next: cd {target} && pip install -e '.[dev]' && pytest && rlsys run {name}")


def write_project(name: str, target: Path) -> list[Path]:
    """Write the whole distribution into `target`, or nothing.

    Returns:
        The files that were written, relative to `target`.

    Raises:
        UserError: `target` is not an empty folder, or cannot be written.
    """
    package = f"rlsys_{name.replace('-', '_')}"
    words = {"@NAME@": name, "@PACKAGE@": package, "@VERSION@": __version__}
    templates = importlib.resources.files("rlsys") / "templates" / "plugin"
    written = []
    try:
        _check_target(target)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            project = Path(scratch, "project")
            for path, text in _templates(templates, Path()):
                file = Path(str(path).replace("PACKAGE", package).removesuffix(_SUFFIX))
                (project / file).parent.mkdir(parents=True, exist_ok=True)
                (project / file).write_text(_filled_in(text, words), encoding="utf-8")
                written.append(file)
            # This replaces an empty folder. It fails if the folder got files in the meantime.
            os.rename(project, target)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}") from error
    return sorted(written)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise UserError(
            f"name {name!r} must be lower-case words of letters and digits joined by '-', "
            f"at most {LONGEST} characters, such as 'heat-pump'"
        )
    if keyword.iskeyword(name):
        raise UserError(f"name {name!r} is a Python keyword; choose another, such as '{name}-1'")


def _check_free(name: str, work: Workplace) -> None:
    # Refused even if it is not installed: installing the extra would replace the user's plugin.
    if name in _extras():
        raise UserError(f"name {name!r} is taken by rlsys[{name}]; choose another")
    environments = work.registry.environments.entries
    for plugin in work.manager.plugins:
        provider = environments.get(name)
        if plugin.name == name or (provider is not None and provider.plugin is plugin):
            raise UserError(
                f"name {name!r} is taken by the plugin {plugin.name!r} of {plugin.distribution}; "
                "choose another"
            )


def _extras() -> Sequence[str]:
    try:
        return importlib.metadata.metadata("rlsys").get_all("Provides-Extra") or []
    except importlib.metadata.PackageNotFoundError:  # run from its sources
        return []


def _check_target(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise UserError(f"{target} is a file; give another folder with --directory")
    if target.is_dir() and any(target.iterdir()):
        raise UserError(f"{target} is not empty; give another folder with --directory")
    if target.resolve() == Path.cwd():
        raise UserError("the current folder cannot be replaced; give another one with --directory")
    if not target.parent.is_dir():
        raise UserError(f"{target}: the folder {target.parent} does not exist; create it first")


def _templates(folder: Traversable, path: Path) -> Iterator[tuple[Path, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _templates(entry, path / entry.name)
        elif entry.name.endswith(_SUFFIX):
            yield path / entry.name, entry.read_text(encoding="utf-8")


def _filled_in(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text
