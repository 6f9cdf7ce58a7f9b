"""Rust source text: the generated crate and the folder it is shipped in."""
