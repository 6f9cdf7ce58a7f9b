"""Adapters: batched environments for other libraries, and existing environments as batches."""
