"""The target: the compiler, QEMU and images; importing the package itself costs nothing."""
