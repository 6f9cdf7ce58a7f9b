"""The best decisions that can be found at any cost: the reference for all other controllers."""
