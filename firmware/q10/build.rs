//! Says whether the target has SMLAD: stable Rust does not show the target feature `dsp` to `cfg`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(smlad)");
    let target = std::env::var("TARGET").expect("cargo sets TARGET");
    // Every ARMv7E-M processor (Cortex-M4, M7) has it; on ARMv8-M it is an option.
    if target.starts_with("thumbv7em-") {
        println!("cargo:rustc-cfg=smlad");
    }
}
