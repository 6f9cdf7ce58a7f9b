"""The generated stubs of the protocol; ``tools/stubs.py`` writes them."""
