"""kernel/: the core kernel, as far as it takes or describes memory while booting."""
