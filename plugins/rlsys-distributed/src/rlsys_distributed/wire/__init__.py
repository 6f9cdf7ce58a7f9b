"""What goes over the wire, as arrays and spaces: shared by clients, server and learners.

It needs NumPy, protobuf and zstandard, and neither torch nor Gymnasium.
"""
