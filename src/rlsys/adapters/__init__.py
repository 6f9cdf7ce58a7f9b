"""One batched environment, seen through the interfaces of other libraries."""
