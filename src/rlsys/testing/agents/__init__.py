"""What an agent must do: the conformance class and a training under observation."""
