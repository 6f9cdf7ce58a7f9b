"""The requirements of exporters: the conformance class, and one network of every kind."""
