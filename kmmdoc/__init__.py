"""kmmdoc runs the memory initialisation of Linux 3.18 on x86-64 and publishes what happened."""

__version__ = "0.1.0"
