"""Adapters that give one batched environment the interfaces of other libraries."""
