"""The command line: one file per command; heavy imports happen only when they are needed."""
