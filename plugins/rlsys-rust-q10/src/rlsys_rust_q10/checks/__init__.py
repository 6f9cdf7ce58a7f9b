"""Checks of an export against its reference: golden vectors, traces and fidelity."""
