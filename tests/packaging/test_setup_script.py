"""The set-up script where it can be tried in seconds: what it refuses, repeats and passes on.

Nothing here downloads or installs: the full installation is what runs these tests. A directory
with stand-ins for its tools takes the place of PATH, and a copy of the script the place of the
checkout.
"""

from __future__ import annotations

import ensurepip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("bash", "cat", "dirname", "env", "flock", "grep", "mkdir", "rm", "sha256sum", "timeout")
UNREACHABLE = "http://127.0.0.1:9"  # the discard port: refused at once


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with the script's shell tools and no Python."""
    folder = tmp_path / "path"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        if found is None:
            pytest.skip(f"{tool} is not on this machine (Debian: apt-get install util-linux)")
        (folder / tool).symlink_to(found)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the script reads, at a path with a blank in it."""
    folder = tmp_path / "check out"
    folder.mkdir()
    for name in ("setup.sh", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    for plugin in ROOT.glob("plugins/*/pyproject.toml"):
        target = folder / plugin.parent.relative_to(ROOT)
        target.mkdir(parents=True)
        shutil.copy(plugin, target)
    return folder


def script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def set_up(
    checkout: Path, path: Path, *command: str, cwd: str = "/", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [path / "bash", checkout / "setup.sh", *command],
        env={"PATH": str(path), "HOME": str(checkout.parent), **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def error_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1, result.stderr
    assert result.stdout == ""
    last = result.stderr.splitlines()[-1]
    assert last.startswith("setup: error: ")
    return last


def stand_in_for_uv(checkout: Path, refuse: str = "nothing") -> Path:
    """A script that notes its arguments in $UV_CALLS, and fails when `refuse` is among them."""
    target = checkout.parent / "uv"
    script(
        target,
        f'#!/usr/bin/env bash\ncase "$*" in *{refuse}*) exit 1 ;; esac\necho "$*" >>"$UV_CALLS"\n',
    )
    return target


@pytest.fixture
def finished(checkout: Path, path: Path) -> Path:
    """A checkout whose .venv is complete; only the installation of packages is a stand-in.

    A real .venv without pip, with a module `pip` that installs a `uv` which notes how it is called.
    QEMU is there, and so is a compiler while there is a file `compiler` on PATH.
    """
    script(path / "qemu-system-arm", "")
    (path / "python3").symlink_to(getattr(sys, "_base_executable", sys.executable))
    venv = checkout / ".venv"
    subprocess.run([path / "python3", "-m", "venv", "--without-pip", venv], check=True)
    (library,) = venv.glob("lib/python3*/site-packages")
    uv = stand_in_for_uv(checkout)
    (library / "pip.py").write_text(
        f"import shutil, sys\nshutil.copy({str(uv)!r}, sys.prefix + '/bin/uv')\n",
        encoding="utf-8",
    )
    (path / "compiler").touch()
    (library / "rlsys_rust_q10/target").mkdir(parents=True)
    (library / "rlsys_rust_q10/target/toolchain.py").write_text(
        "import os\n"
        "def has_target_toolchain():\n"
        f"    return os.path.exists({str(path / 'compiler')!r})\n"
        "has_host_toolchain = has_target_toolchain\n",
        encoding="utf-8",
    )
    return checkout


def test_the_shell_scripts_parse() -> None:
    for name in ("setup.sh", ".ci/run"):
        subprocess.run(["bash", "-n", ROOT / name], check=True)
        assert os.access(ROOT / name, os.X_OK), f"{name} is not executable"


def test_without_python_one_line_names_the_package(checkout: Path, path: Path) -> None:
    line = error_line(result := set_up(checkout, path, "true"))
    assert "apt-get install python3.11 python3.11-venv" in line
    assert len(result.stderr.splitlines()) == 1
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_too_old_is_passed_over(checkout: Path, path: Path) -> None:
    script(path / "python3.11", "#!/usr/bin/env bash\nexit 1\n")  # a shim of no selected version
    script(path / "python3", "#!/usr/bin/env bash\nexit 1\n")  # Python 3.9 answers like this
    assert "no Python 3.11 or newer" in error_line(set_up(checkout, path, "true"))


def test_without_the_venv_module_one_line_names_the_package(checkout: Path, path: Path) -> None:
    script(
        path / "python3",
        '#!/usr/bin/env bash\ncase "$*" in *ensurepip*) exit 1 ;; esac\n'
        f'exec "{sys.executable}" "$@"\n',
    )
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    line = error_line(result := set_up(checkout, path, "true"))
    assert f"apt-get install python{version}-venv" in line
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
def test_without_a_network_the_last_line_says_so(checkout: Path, path: Path) -> None:
    (path / "python3").symlink_to(getattr(sys, "_base_executable", sys.executable))
    line = error_line(set_up(checkout, path, "true", https_proxy=UNREACHABLE))
    assert "check the network" in line
    # The next try must not take the .venv without packages for a finished one.
    assert "check the network" in error_line(set_up(checkout, path, https_proxy=UNREACHABLE))


def note_starts_of_python(checkout: Path) -> Path:
    """Have the interpreter in .venv note the number of each process that it starts in."""
    (library,) = checkout.glob(".venv/lib/python3*/site-packages")
    starts = checkout.parent / "starts"
    note = f"import os; open({str(starts)!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
    (library / "starts.pth").write_text(note, encoding="utf-8")
    return starts


def test_the_second_run_installs_nothing_and_starts_few_programs(
    finished: Path, path: Path
) -> None:
    calls = finished.parent / "calls"
    assert set_up(finished, path, UV_CALLS=str(calls)).returncode == 0
    installed = calls.read_text(encoding="utf-8")
    assert "-e .[all,dev,docs]" in installed
    assert f"-c {finished}/constraints.txt" in installed

    started = note_starts_of_python(finished)
    again = set_up(finished, path, "bash", "-c", "echo out", UV_CALLS=str(calls))
    assert len(set(started.read_text(encoding="utf-8").splitlines())) <= 5
    assert (again.stdout, again.stderr, again.returncode) == ("out\n", "", 0)
    assert calls.read_text(encoding="utf-8") == installed


@pytest.mark.parametrize(
    "changed", ["constraints.txt", "pyproject.toml", "plugins/*/pyproject.toml"]
)
def test_a_change_of_the_inputs_installs_again(finished: Path, path: Path, changed: str) -> None:
    calls = finished.parent / "calls"
    set_up(finished, path, UV_CALLS=str(calls))
    before = calls.read_text(encoding="utf-8")
    for file in finished.glob(changed):
        file.write_text(file.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    set_up(finished, path, UV_CALLS=str(calls))
    assert len(calls.read_text(encoding="utf-8")) > len(before)


def test_a_failed_installation_is_tried_again(finished: Path, path: Path) -> None:
    calls = finished.parent / "missing" / "calls"  # the stand-in for uv cannot write, and fails
    assert "start this again" in error_line(set_up(finished, path, UV_CALLS=str(calls)))
    calls.parent.mkdir()
    assert set_up(finished, path, UV_CALLS=str(calls)).returncode == 0
    assert "-e .[all,dev,docs]" in calls.read_text(encoding="utf-8")


def test_without_the_cpu_index_one_line_says_what_is_taken(finished: Path, path: Path) -> None:
    stand_in_for_uv(finished, refuse="--torch-backend=cpu")
    calls = finished.parent / "calls"
    result = set_up(finished, path, UV_CALLS=str(calls))
    assert result.returncode == 0, result.stderr
    assert len([line for line in result.stderr.splitlines() if "CUDA build" in line]) == 1
    assert "torch" not in calls.read_text(encoding="utf-8")


def test_the_command_gets_its_arguments_directory_and_environment(
    finished: Path, path: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    result = set_up(
        finished,
        path,
        "bash",
        "-c",
        'printf "<%s>" "$@" "$PWD" "$VIRTUAL_ENV" "${PATH%%:*}"',
        "name",
        "a b",
        "",
        "*",
        cwd=str(elsewhere),
        UV_CALLS=str(tmp_path / "calls"),
    )
    venv = finished / ".venv"
    assert result.stdout == f"<a b><><*><{elsewhere}><{venv}><{venv}/bin>"


def test_the_exit_code_is_that_of_the_command(finished: Path, path: Path, tmp_path: Path) -> None:
    calls = str(tmp_path / "calls")
    assert set_up(finished, path, "bash", "-c", "exit 7", UV_CALLS=calls).returncode == 7
    assert "no command 'nosuch'" in error_line(set_up(finished, path, "nosuch", UV_CALLS=calls))


def test_uv_gets_what_pip_was_told(finished: Path, path: Path, tmp_path: Path) -> None:
    show = 'echo "$UV_DEFAULT_INDEX $UV_INDEX $SSL_CERT_FILE"'
    told = {
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://extra.example/simple",
        "PIP_CERT": "/etc/mirror.pem",
        "UV_CALLS": str(tmp_path / "calls"),
    }
    result = set_up(finished, path, "bash", "-c", show, **told)
    assert result.stdout == (
        "https://mirror.example/simple https://extra.example/simple /etc/mirror.pem\n"
    )
    # What was said to uv itself wins.
    told["UV_DEFAULT_INDEX"] = "https://chosen.example/simple"
    result = set_up(finished, path, "bash", "-c", show, **told)
    assert result.stdout.startswith("https://chosen.example/simple ")


def test_uv_gets_what_a_configuration_file_of_pip_says(
    finished: Path, path: Path, tmp_path: Path
) -> None:
    folders = (Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels"))
    pip = next(wheel for folder in folders for wheel in folder.glob("pip-*.whl"))
    configuration = tmp_path / "pip.conf"
    configuration.write_text(
        "[global]\nindex-url = https://mirror.example/simple\ncert = /etc/mirror.pem\n"
        "extra-index-url =\n    https://one.example/simple\n    https://two.example/simple\n",
        encoding="utf-8",
    )
    calls = str(tmp_path / "calls")
    set_up(finished, path, UV_CALLS=calls)
    result = set_up(
        finished,
        path,
        "bash",
        "-c",
        'printf "%s\\n" "$UV_DEFAULT_INDEX" "$UV_INDEX" "$SSL_CERT_FILE"',
        UV_CALLS=calls,
        PIP_CONFIG_FILE=str(configuration),
        PYTHONPATH=str(pip),  # a real pip: what it prints is what is read
    )
    assert result.stdout.splitlines() == [
        "https://mirror.example/simple",
        "https://one.example/simple https://two.example/simple",
        "/etc/mirror.pem",
    ], result.stderr


def test_uv_has_a_cache_where_the_home_cannot_be_written(
    finished: Path, path: Path, tmp_path: Path
) -> None:
    show = ("bash", "-c", "echo ${UV_CACHE_DIR:-default}")
    calls = str(tmp_path / "calls")
    assert set_up(finished, path, *show, UV_CALLS=calls).stdout == "default\n"
    nowhere = "/proc/nowhere"  # not even root can make a directory there
    result = set_up(finished, path, *show, UV_CALLS=calls, HOME=nowhere)
    assert result.stdout == f"{finished}/.uv-cache\n"


def test_a_moved_checkout_gets_a_new_environment(finished: Path, path: Path) -> None:
    set_up(finished, path, UV_CALLS=str(finished.parent / "calls"))
    moved = finished.rename(finished.parent / "moved")
    result = set_up(moved, path, https_proxy=UNREACHABLE, PIP_NO_INDEX="1")
    assert f"making {moved}/.venv" in result.stderr


class SystemTools:
    """Stand-ins for what installs system tools, and a record of how they are called."""

    def __init__(self, checkout: Path, path: Path) -> None:
        self.checkout = checkout
        self.path = path
        self.record = checkout.parent / "system-calls"
        self.user(0)

    def user(self, number: int) -> None:
        script(self.path / "id", f"#!/usr/bin/env bash\necho {number}\n")

    def installer(self, name: str, then: str) -> None:
        script(
            self.path / name,
            f'#!/usr/bin/env bash\necho "{name} $*" >>"{self.record}"\ncd "{self.path}"\n{then}\n',
        )

    def apt_get(self, before: str = "") -> None:
        """A stand-in for apt-get, whose last argument is a program that it brings."""
        self.installer("apt-get", f'{before}\n{shutil.which("ln")} -s id "${{@: -1}}"')

    def remove(self, *names: str) -> None:
        for name in names:
            (self.path / name).unlink()

    def set_up(self, *command: str) -> list[str]:
        """Run the script for a command that writes "out"; return what the script says."""
        calls = str(self.checkout.parent / "calls")
        command = command or ("bash", "-c", "echo out")
        result = set_up(self.checkout, self.path, *command, UV_CALLS=calls)
        assert (result.returncode, result.stdout) == (0, "out\n"), result.stderr
        return result.stderr.splitlines()

    def calls(self) -> list[str]:
        """Return the calls since the last time that this was asked."""
        made = self.record.read_text(encoding="utf-8").splitlines() if self.record.exists() else []
        self.record.unlink(missing_ok=True)
        return made


@pytest.fixture
def system(finished: Path, path: Path) -> SystemTools:
    return SystemTools(finished, path)


def said_about(tool: str, lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(f"setup: no {tool}")]


def test_where_all_tools_are_there_nothing_is_installed(system: SystemTools) -> None:
    system.installer("apt-get", "")
    system.installer("rustup", "")
    assert not any("no " in line for line in system.set_up())
    assert system.calls() == []


def test_missing_tools_are_named_and_the_command_runs(system: SystemTools) -> None:
    system.remove("qemu-system-arm", "compiler")
    for _ in range(2):
        lines = system.set_up()
        (qemu,), (compiler,) = said_about("QEMU", lines), said_about("Rust compiler", lines)
        assert "apt-get install qemu-system-arm" in qemu
        assert "rustup target add thumbv7em-none-eabihf" in compiler
        assert "apt-get install rustc-web cargo-web rust-web-src lld" in compiler


def test_root_gets_qemu_from_debian_and_once(system: SystemTools) -> None:
    system.remove("qemu-system-arm")
    system.apt_get()
    assert said_about("QEMU", system.set_up()) == []
    (call,) = system.calls()
    assert "install -y --no-install-recommends qemu-system-arm" in call
    system.set_up()
    assert system.calls() == []


def test_old_lists_are_brought_up_to_date_first(system: SystemTools) -> None:
    system.remove("qemu-system-arm")
    system.apt_get('[[ "$*" == *update ]] && : >lists && exit\n[[ -e lists ]] || exit 100')
    assert said_about("QEMU", system.set_up()) == []
    first, second, third = system.calls()
    assert "update" in second
    assert first == third
    assert first.endswith("install -y --no-install-recommends qemu-system-arm")


def test_what_cannot_be_installed_is_tried_once(system: SystemTools) -> None:
    system.remove("qemu-system-arm", "compiler")
    system.installer("apt-get", "exit 100")
    assert len(said_about("QEMU", system.set_up())) == 1
    updates = [call for call in system.calls() if call.endswith(" update")]
    assert len(updates) == 1
    assert len(said_about("QEMU", system.set_up())) == 1
    assert system.calls() == []

    constraints = system.checkout / "constraints.txt"
    constraints.write_text(constraints.read_text(encoding="utf-8") + "# new\n", encoding="utf-8")
    system.set_up()
    assert system.calls() != []


def test_only_the_tests_need_a_browser_node_and_c_libraries(system: SystemTools) -> None:
    script(system.path / "tox", "#!/usr/bin/env bash\necho out\n")
    system.apt_get()
    system.set_up()
    assert system.calls() == []
    system.set_up("tox")
    chromium, node, cpp = system.calls()
    assert chromium.endswith("install -y --no-install-recommends chromium")
    assert node.endswith("install -y --no-install-recommends nodejs")
    assert " libgrpc++-dev " in cpp


def test_a_tool_that_was_not_wanted_before_is_tried(system: SystemTools) -> None:
    script(system.path / "tox", "#!/usr/bin/env bash\necho out\n")
    system.remove("qemu-system-arm")
    system.installer("apt-get", "exit 100")
    system.set_up()
    assert system.calls() != []
    (line,) = said_about("Chromium", system.set_up("tox"))
    assert "apt-get install chromium" in line
    assert any(call.endswith(" chromium") for call in system.calls())
    system.set_up("tox")
    assert system.calls() == []


def test_only_root_installs(system: SystemTools) -> None:
    system.user(1000)
    system.remove("qemu-system-arm")
    system.installer("apt-get", "")
    assert len(said_about("QEMU", system.set_up())) == 1
    assert system.calls() == []


def test_rustup_comes_before_debian(system: SystemTools) -> None:
    system.remove("compiler")
    system.installer("rustup", ": >compiler")
    system.installer("apt-get", ": >compiler")
    assert said_about("Rust compiler", system.set_up()) == []
    assert system.calls() == ["rustup target add thumbv7em-none-eabihf"]


def test_where_rustup_cannot_debian_steps_in(system: SystemTools) -> None:
    system.remove("compiler")
    system.installer("rustup", "exit 1")
    system.installer("apt-get", ": >compiler")
    assert said_about("Rust compiler", system.set_up()) == []
    _, call = system.calls()
    assert call.endswith("rustc-web cargo-web rust-web-src lld gcc libc6-dev")


def test_a_compiler_is_not_judged_where_the_package_cannot_be_asked(system: SystemTools) -> None:
    system.remove("compiler")
    (module,) = system.checkout.glob(".venv/lib/python3*/site-packages/rlsys_rust_q10/target/*.py")
    module.unlink()
    assert said_about("Rust compiler", system.set_up()) == []
