"""A workload as its file describes it: what is run, and which parameters may change how far."""
