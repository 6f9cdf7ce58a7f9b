"""Learn from running programs: a server that trains, and clients that act."""
