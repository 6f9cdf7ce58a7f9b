"""The server: a front with registry, journal and acknowledgements; learners are other processes."""
