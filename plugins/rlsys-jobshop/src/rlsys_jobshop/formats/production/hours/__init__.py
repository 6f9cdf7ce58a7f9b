"""Working hours: wall-clock weeks and dates, laid out as windows of elapsed time.

Only the production format comes in here, and this room imports nothing of it.
"""
