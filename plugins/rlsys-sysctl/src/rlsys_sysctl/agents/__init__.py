"""Searchers: agents that look for one configuration instead of learning a policy."""
