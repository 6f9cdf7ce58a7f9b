"""``rlsys distributed``; each subcommand imports what is heavy only when it runs."""
