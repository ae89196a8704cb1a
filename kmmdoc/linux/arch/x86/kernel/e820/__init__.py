"""arch/x86/kernel/e820.c: the firmware's memory map, from the boot loader's copy to memblock."""
