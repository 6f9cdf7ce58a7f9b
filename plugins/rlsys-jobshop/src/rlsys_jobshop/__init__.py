"""Job shops: instances, simulator, rules, searches, learned dispatching."""
