"""What an environment must do: the conformance class, its checks in four groups."""
