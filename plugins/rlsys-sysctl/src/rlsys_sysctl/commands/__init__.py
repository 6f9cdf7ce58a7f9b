"""`rlsys sysctl` and its subcommands."""
