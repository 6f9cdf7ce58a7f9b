"""The target: compiler, QEMU and images. Importing the package itself is free."""
