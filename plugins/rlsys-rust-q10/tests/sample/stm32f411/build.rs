//! Hands the linker script to the linker, whatever RUSTFLAGS say.
fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    println!("cargo:rustc-link-arg-bins=-T{folder}/link.x");
    println!("cargo:rerun-if-changed=link.x");
}
