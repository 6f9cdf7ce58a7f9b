"""Methods without learning: offloading rules, combined with an order at the server."""
