"""Scheduling periodic tasks on one processor: environment, classical schedulers, exact optimum."""
