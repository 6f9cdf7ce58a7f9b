"""The machine that is tuned: parameters are read, written, and always put back."""
