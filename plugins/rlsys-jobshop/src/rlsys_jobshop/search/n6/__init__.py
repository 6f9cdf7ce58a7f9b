"""Tabu search for classic job shops. Other rooms come in through `rlsys_jobshop.search`."""
