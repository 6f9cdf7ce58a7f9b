"""Find a Rust compiler, so that usual installations need no configuration.

Two kinds of installation can build for the microcontroller: rustup's, with the target added, and a
system compiler with the source of its library. From that source cargo builds `core` itself
(``-Zbuild-std=core``, which a stable compiler accepts with ``RUSTC_BOOTSTRAP=1``). The packaged
``rust-lld`` may be a dangling link; then ``ld.lld`` links.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from rlsys.errors import UserError
from rlsys_rust_q10.target.wants import ADD_TARGET, COMPILER_PACKAGES, HOST_PACKAGES, TARGET

FORCED = "RLSYS_RUSTC"
"""The environment variable that names the only compiler to try."""
SYSTEM_PATH = "/usr/bin"
"""Where a packaged compiler is found, even if rustup's comes first on PATH."""
OLDEST = (1, 88)
"""The oldest compiler for the firmware's crates (``rust-version``)."""

_SECONDS = 60


class MissingTool(UserError):
    """An external program is missing; the message names the command that installs it."""


@dataclass(frozen=True)
class Toolchain:
    """A compiler and the cargo to drive it.

    Attributes:
        cargo, rustc: paths of the programs.
        version: what ``rustc --version`` prints.
        environment: the variables that cargo needs to use this compiler.
    """

    cargo: str
    rustc: str
    version: str
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class _Compiler:
    """A rustc that answered.

    Attributes:
        path: the compiler itself, not the rustup proxy on PATH.
        release: such as (1, 95, 0).
        libraries: where its precompiled libraries would be, by target.
    """

    path: str
    version: str
    release: tuple[int, ...]
    host: str
    sysroot: Path
    libraries: Mapping[str, Path]

    def has(self, library: str, target: str) -> bool:
        return any(self.libraries[target].glob(f"lib{library}-*.rlib"))

    @property
    def source(self) -> Path:
        return self.sysroot / "lib/rustlib/src/rust/library/core"


class _Unfit(Exception):
    """Why a compiler cannot be used."""


def target_toolchain() -> Toolchain:
    """Return a toolchain that builds for `TARGET`.

    Raises:
        MissingTool: there is none; the message says what was tried and what to install.
    """
    return _first("for " + TARGET, _for_target, _fix_target)


def host_toolchain() -> Toolchain:
    """Return a toolchain that builds and runs ``cargo test`` on this machine.

    Raises:
        MissingTool: there is none; the message says what was tried and what to install.
    """
    return _first("for this machine", _for_host, lambda: HOST_PACKAGES)


def has_target_toolchain() -> bool:
    """Return whether firmware can be built here."""
    return _exists(target_toolchain)


def has_host_toolchain() -> bool:
    """Return whether exported crates can be tested here."""
    return _exists(host_toolchain)


def shell_environment(toolchain: Toolchain) -> dict[str, str]:
    """Return the variables that a plain `cargo` needs to build for `TARGET`.

    Empty if the rustc on PATH is the toolchain's own and needs none.
    """
    needed = dict(toolchain.environment)
    plain = shutil.which("rustc")
    if plain is not None and _resolved(plain) == toolchain.rustc:
        del needed["RUSTC"]
    return needed


def _resolved(name: str) -> str | None:
    try:
        return _ask(name).path
    except _Unfit:
        return None


def _exists(find: Callable[[], Toolchain]) -> bool:
    try:
        find()
    except MissingTool:
        return False
    return True


def _first(
    purpose: str, fit: Callable[[_Compiler], Toolchain], fix: Callable[[], str]
) -> Toolchain:
    tried = []
    for name in _candidates():
        try:
            return fit(_ask(name))
        except _Unfit as error:
            tried.append(f"{name}: {error}")
    raise MissingTool(
        f"no Rust compiler {purpose} ({'; '.join(tried) or 'no rustc on PATH'}); "
        f"install one with: {fix()}"
    )


def _candidates() -> Iterator[str]:
    """Yield the compilers to try: the forced one alone, else PATH, rustup's and the system's."""
    forced = os.environ.get(FORCED)
    if forced:
        yield forced
        return
    # rustup's folder is on PATH only in login shells.
    rustup = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo") / "bin"
    folders = (None, str(rustup), SYSTEM_PATH)
    yield from dict.fromkeys(filter(None, (shutil.which("rustc", path=p) for p in folders)))


def _for_target(compiler: _Compiler) -> Toolchain:
    environment = {"RUSTC": compiler.path, **_linker(compiler)}
    if not compiler.has("core", TARGET):
        if not compiler.source.is_dir():
            raise _Unfit(f"{compiler.version} has neither {TARGET} nor its library's source")
        environment |= {"RUSTC_BOOTSTRAP": "1", "CARGO_UNSTABLE_BUILD_STD": "core"}
    return _toolchain(compiler, environment)


def _for_host(compiler: _Compiler) -> Toolchain:
    if not compiler.has("std", compiler.host):
        raise _Unfit(f"{compiler.version} has no standard library for {compiler.host}")
    if shutil.which("cc") is None:
        raise _Unfit("it links with cc, which is missing")
    # Otherwise cargo takes the rustdoc on PATH, which may belong to another compiler.
    documenter = {"RUSTDOC": str(Path(compiler.path).with_name("rustdoc"))}
    return _toolchain(compiler, {"RUSTC": compiler.path, **documenter})


def _toolchain(compiler: _Compiler, environment: Mapping[str, str]) -> Toolchain:
    if compiler.release < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise _Unfit(f"{compiler.version} is older than {oldest}")
    cargo = _cargo(compiler)
    if cargo is None:
        raise _Unfit("there is no cargo beside it or on PATH")
    return Toolchain(cargo, compiler.path, compiler.version, MappingProxyType(dict(environment)))


def _cargo(compiler: _Compiler) -> str | None:
    """Return the cargo that came with the compiler, otherwise the one on PATH."""
    own = compiler.sysroot / "bin" / "cargo"
    return str(own) if os.access(own, os.X_OK) else shutil.which("cargo")


def _linker(compiler: _Compiler) -> dict[str, str]:
    """Return the variable that names a linker; empty if the compiler has its own."""
    if (compiler.sysroot / "lib/rustlib" / compiler.host / "bin/rust-lld").exists():
        return {}
    if shutil.which("ld.lld") is None:
        raise _Unfit(f"{compiler.version} has no rust-lld, and ld.lld (package lld) is missing")
    return {f"CARGO_TARGET_{TARGET.upper().replace('-', '_')}_LINKER": "ld.lld"}


def _fix_target() -> str:
    return ADD_TARGET if shutil.which("rustup") is not None else COMPILER_PACKAGES


def _ask(name: str) -> _Compiler:
    version, *lines = _output(name, "-vV").splitlines() or [""]
    facts = dict(line.split(": ", 1) for line in lines if ": " in line)
    try:
        host, release = facts["host"], facts["release"]
        numbers = tuple(int(part) for part in release.split("-")[0].split("."))
    except (KeyError, ValueError) as error:
        raise _Unfit(f"is not a rustc ({error})") from error
    sysroot = Path(_output(name, "--print", "sysroot").strip())
    own = sysroot / "bin" / "rustc"
    return _Compiler(
        path=str(own) if os.access(own, os.X_OK) else name,
        version=version,
        release=numbers,
        host=host,
        sysroot=sysroot,
        libraries={target: sysroot / "lib/rustlib" / target / "lib" for target in (host, TARGET)},
    )


def _output(name: str, *arguments: str) -> str:
    try:
        answer = subprocess.run(
            [name, *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _Unfit(f"does not run ({error})") from error
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines()
        raise _Unfit(f"does not run ({lines[-1] if lines else f'exit code {answer.returncode}'})")
    return answer.stdout
