"""Fixed-point arithmetic: what the target computes, and the proof that it fits. No files."""
