"""`rlsys plugins new` writes a distribution that a stranger can install, test, use and publish."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from program import dist_info, refused, run, run_here
from stranger import Stranger

import rlsys
from rlsys.cli.commands.plugins_new import LONGEST, write_project
from rlsys.errors import UserError
from rlsys.plugins.manager import ENTRY_POINT_GROUP

LONG_NAME = "-".join(["a" * 19, "b" * (LONGEST - 20)])
FILES = {
    ".github/workflows/ci.yml",
    ".gitignore",
    "README.md",
    "pyproject.toml",
    "src/rlsys_heat_pump/__init__.py",
    "src/rlsys_heat_pump/baselines.py",
    "src/rlsys_heat_pump/config.py",
    "src/rlsys_heat_pump/env.py",
    "src/rlsys_heat_pump/gym.py",
    "src/rlsys_heat_pump/oracle.py",
    "src/rlsys_heat_pump/plugin.py",
    "src/rlsys_heat_pump/presets/default.yaml",
    "src/rlsys_heat_pump/py.typed",
    "tests/test_conformance.py",
    "tests/test_env.py",
    "tox.ini",
}


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """Return the empty folder in which the command is given."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_distribution_lies_in_a_folder_of_its_name(here):
    ended = run_here("plugins", "new", "heat-pump")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert os.listdir(here) == ["rlsys-heat-pump"]
    assert files_below(here / "rlsys-heat-pump") == FILES
    assert ended.stdout.splitlines()[0].startswith(f"rlsys-heat-pump: {len(FILES)} files")
    assert "rlsys run heat-pump" in ended.stdout


def test_nothing_of_the_template_is_left(here):
    write_project("heat-pump", here / "made")
    for path in (here / "made").rglob("*"):
        assert not re.search(r"@[A-Z]+@|PACKAGE|tmpl", str(path.relative_to(here)))
        if path.is_file():
            assert not re.search(r"@[A-Z]+@|tmpl", path.read_text(encoding="utf-8")), path


def test_the_project_asks_for_the_core_that_wrote_it(here):
    write_project("heat-pump", here / "made")
    text = (here / "made" / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    assert project["name"] == "rlsys-heat-pump"
    assert project["dependencies"] == [f"rlsys[sb3,figures]>={rlsys.__version__}"]
    assert project["entry-points"] == {ENTRY_POINT_GROUP: {"heat-pump": "rlsys_heat_pump.plugin"}}
    assert "license" not in project  # the author chooses it


def test_the_directory_may_be_named_and_may_be_there_if_it_is_empty(here):
    (here / "empty").mkdir()
    assert run_here("plugins", "new", "heat-pump", "--directory", "empty").returncode == 0
    assert files_below(here / "empty") == FILES
    assert run_here("plugins", "new", "heat-pump", "--directory", "new").returncode == 0
    assert files_below(here / "new") == FILES
    umask = os.umask(0)
    os.umask(umask)
    assert (here / "new").stat().st_mode & 0o777 == 0o777 & ~umask


@pytest.mark.parametrize(
    "name", ["Heat", "heat_pump", "2heat", "heat--pump", "-heat-", "a" * (LONGEST + 1), "../x", ""]
)
def test_a_bad_name_is_refused(here, name):
    message = refused("plugins", "new", "--", name)
    assert repr(name) in message
    assert "lower-case" in message
    assert not os.listdir(here)


def test_a_keyword_is_refused(here):
    assert "keyword" in refused("plugins", "new", "class")
    assert not os.listdir(here)


def test_the_name_of_an_installed_plugin_is_refused(here, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    dist_info(folder, "somebodys-plugins", {"pond": "pond"})
    (folder / "pond.py").write_text("")
    ended = run("plugins", "new", "pond", env={"PYTHONPATH": folder})
    assert ended.returncode == 1
    assert "'pond' is taken by the plugin 'pond' of somebodys-plugins" in ended.stderr
    assert not os.listdir(here)


def test_the_name_of_a_plugin_of_ours_is_refused_also_where_it_is_not_installed(here):
    message = refused("plugins", "new", "rtos")
    assert "'rtos' is taken by rlsys[rtos]" in message
    assert not os.listdir(here)


def test_the_name_of_another_plugins_environment_is_refused(here):
    lamps = Path(__file__).parents[1] / "toy" / "lamps.py"
    ended = run("--plugin-file", lamps, "plugins", "new", "lamps")
    assert ended.returncode == 1
    assert "'lamps' is taken" in ended.stderr
    assert not os.listdir(here)


def test_what_is_there_is_never_touched(here):
    (here / "rlsys-heat-pump").mkdir()
    (here / "rlsys-heat-pump" / "mine.txt").write_text("mine")
    (here / "file").write_text("mine")
    assert "rlsys-heat-pump is not empty" in refused("plugins", "new", "heat-pump")
    assert "is a file" in refused("plugins", "new", "heat-pump", "--directory", "file")
    assert "does not exist; create it first" in refused(
        "plugins", "new", "heat-pump", "--directory", "not/there"
    )
    assert files_below(here) == {"rlsys-heat-pump/mine.txt", "file"}


def test_the_present_folder_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert "current folder cannot be replaced" in refused(
        "plugins", "new", "heat-pump", "--directory", "."
    )
    assert Path.cwd() == tmp_path / "empty"


def test_a_failure_on_the_way_leaves_nothing(here, monkeypatch):
    whole, written = Path.write_text, []

    def full_disk(path, *arguments, **options):
        written.append(path)
        if len(written) == 7:
            raise OSError(28, "No space left on device")
        return whole(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(UserError, match="cannot write rlsys-heat-pump: No space left on device"):
        write_project("heat-pump", Path("rlsys-heat-pump"))
    assert len(written) == 7
    assert not os.listdir(here)


@pytest.mark.parametrize("name", ["q", LONG_NAME])
def test_the_shortest_and_the_longest_name_keep_the_style(here, name):
    pytest.importorskip("ruff", reason="pip install 'rlsys[dev]'")
    assert len(name) in (1, LONGEST)
    write_project(name, here / "made")
    for words in (["check"], ["format", "--check"]):
        ended = subprocess.run(
            [sys.executable, "-m", "ruff", *words],
            cwd=here / "made",
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stdout


@pytest.fixture(scope="module")
def stranger(tmp_path_factory) -> Stranger:
    """Return somebody else's environment; one for all tests that install."""
    for extra in ("stable_baselines3", "matplotlib", "mypy"):
        pytest.importorskip(extra, reason="pip install 'rlsys[sb3,figures,dev]'")
    return Stranger(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def project(stranger, tmp_path_factory) -> Path:
    """Return a plugin that was made and installed outside the repository."""
    folder = tmp_path_factory.mktemp("made")
    stranger.succeed("rlsys plugins new heat-pump", folder)
    stranger.succeed("pip install --quiet -e '.[dev]'", folder / "rlsys-heat-pump")
    return folder / "rlsys-heat-pump"


@pytest.mark.slow
def test_the_project_passes_its_own_checks_at_once(stranger, project):
    stranger.succeed("ruff check", project)
    stranger.succeed("ruff format --check", project)
    stranger.succeed("mypy", project)
    outcome = stranger.succeed("pytest -q", project).splitlines()[-1]
    passed = re.search(r"(\d+) passed", outcome)
    assert passed, outcome
    # Its own tests and the conformance suite.
    assert int(passed[1]) >= 15, outcome


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_the_project_works_as_any_plugin(stranger, tmp_path):
    listed = json.loads(stranger.succeed("rlsys plugins --json", tmp_path))["plugins"]
    (row,) = [row for row in listed if row["name"] == "heat-pump"]
    assert (row["distribution"], row["status"]) == ("rlsys-heat-pump", "active")
    assert row["provides"] == {"environment": ["heat-pump"]}
    assert row["error"] is None
    stranger.succeed("rlsys run heat-pump --steps 12000 --episodes 50 --quiet --out one", tmp_path)
    assert json.loads((tmp_path / "one/manifest.json").read_text())["status"] == "complete"
    result = json.loads(stranger.succeed("rlsys evaluate one --episodes 50 --json", tmp_path))
    earned = {
        row["controller"]: row["mean"] for row in result["results"] if row["metric"] == "reward"
    }
    assert set(earned) == {"ppo", "on-demand", "clairvoyant-bound"}
    # Learning pays off, and nothing beats a controller that knows the future.
    assert earned["on-demand"] < earned["ppo"] < earned["clairvoyant-bound"]
    units = {row["metric"]: row["unit"] for row in result["results"]}
    assert units == {"reward": "", "waiting": "requests", "energy": "J"}
    stranger.succeed("rlsys export one --to json --out elsewhere", tmp_path)
    assert list((tmp_path / "elsewhere").rglob("policy_weights.json"))


@pytest.mark.slow
def test_what_would_be_published_is_whole(stranger, project):
    metadata = pytest.importorskip("packaging.metadata")
    stranger.succeed("uv build --quiet", project)
    (wheel,) = (project / "dist").glob("*.whl")
    (source,) = (project / "dist").glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        (info,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        declared = metadata.Metadata.from_email(archive.read(info), validate=True)
    package = {name.removeprefix("src/") for name in FILES if name.startswith("src/")}
    assert held == package
    assert declared.name == "rlsys-heat-pump"
    assert declared.description_content_type == "text/markdown"
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    # The build tool adds PKG-INFO and .gitignore by itself.
    assert names - {"PKG-INFO", ".gitignore"} == {
        name for name in FILES if name.startswith(("src/", "tests/", "README", "pyproject"))
    }
