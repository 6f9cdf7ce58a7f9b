"""Fixed-point arithmetic: what the target computes, proven to fit; pure Python, no files."""
