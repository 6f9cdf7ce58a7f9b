"""The requirements of environments: the conformance class, with checks in four groups."""
