"""External tools that the exporter can use, for `rlsys doctor`; importing this is free."""

from __future__ import annotations

from rlsys.descriptors import Requirement

TARGET = "thumbv7em-none-eabihf"
ADD_TARGET = f"rustup target add {TARGET}"
COMPILER_PACKAGES = "apt-get install rustc-web cargo-web rust-web-src lld"
HOST_PACKAGES = "apt-get install cargo gcc, or see https://rustup.rs"
QEMU = "qemu-system-arm"
QEMU_PACKAGES = "apt-get install qemu-system-arm"

WANTS = (
    Requirement(
        name="Rust compiler for this machine",
        kind="check",
        check="rlsys_rust_q10.target.toolchain:has_host_toolchain",
        fix=HOST_PACKAGES,
    ),
    Requirement(
        name=f"Rust compiler for {TARGET}",
        kind="check",
        check="rlsys_rust_q10.target.toolchain:has_target_toolchain",
        fix=f"{ADD_TARGET} (without rustup, on Debian: {COMPILER_PACKAGES})",
    ),
    Requirement(name=QEMU, kind="executable", fix=QEMU_PACKAGES),
)
