"""Exports trained policies as fixed-point Rust: proven free of overflow, tested, bit-exact."""
