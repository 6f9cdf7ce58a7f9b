"""Benchmarks that respond to kernel parameters, and the fixtures that their runs share.

Each is a program, `python -m rlsys_sysctl.benchmarks.NAME [--seconds S] [--seed N]`, that prints
`metric: value`; with `--fixture` it sets up what the runs share, says `ready:` and takes it all
down when its standard input closes.  Nothing here is imported by the tuner: it runs them like any
benchmark of a user.
"""
