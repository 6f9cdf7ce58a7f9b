"""`rlsys jobshop` and its subcommands, for a planner who trains nothing."""
