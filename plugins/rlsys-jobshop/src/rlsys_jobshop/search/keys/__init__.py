"""Hill climbing over random keys. Other rooms come in through `rlsys_jobshop.search`."""
