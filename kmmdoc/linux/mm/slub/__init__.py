"""mm/slub.c: the allocator of objects smaller than a page, in the order of the kernel file.

- `layout`: how objects lie in a slab, debug options, what a cache's sizes come to
- `pages`: slabs from and to the page allocator
- `partial`: lists of partly used slabs, per node and per CPU
- `alloc`, `free`: the fast and slow paths
- `boot`: opening caches, the bootstrap, merging
"""
