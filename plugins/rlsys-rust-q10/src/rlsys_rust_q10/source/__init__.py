"""Rust source text: the generated crate and the folder that it is shipped in."""
