"""arch/x86/kernel/setup.c: everything the architecture does before the generic kernel takes over."""
