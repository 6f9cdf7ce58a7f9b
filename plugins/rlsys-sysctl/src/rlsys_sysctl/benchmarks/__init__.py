"""Benchmarks that respond to kernel parameters, and the fixtures that their runs share.

Each is a program, `python -m rlsys_sysctl.benchmarks.NAME [--seconds S] [--seed N]`, that prints
`metric: value`; with `--fixture` it sets up what the runs share, says `ready:` and takes it all
down when its standard input closes.  The tuner imports nothing from here: it runs these programs
like any user's benchmark.
"""
