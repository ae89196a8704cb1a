"""mm/vmalloc.c: virtually contiguous memory, in the order of the kernel file.

- `mapping`: page tables under the vmalloc space
- `areas`: which addresses are taken
- `blocks`: small short-lived mappings
- `init`: what exists before and what vmalloc_init() makes of it
- `alloc`: vmalloc(), vfree(), vmap()
"""
