"""The best decisions that can be found, whatever it costs: what the others are measured against."""
