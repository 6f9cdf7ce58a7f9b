"""A workload as its file describes it: what is run, which parameters may change, within what."""
