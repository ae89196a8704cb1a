"""Where the pages of the kernel's symbols are: one folder and one role for each kind of page."""

from __future__ import annotations

FOLDERS = {"function": "functions", "struct": "structs", "global": "globals", "macro": "macros"}
"""Kind of page -> its folder. Figures' links name the kind: `function:memblock_add`."""

ROLES = {"function": "kfunc", "struct": "kstruct", "global": "kglobal", "macro": "kmacro"}
"""Kind of page -> the MyST role that links to it."""
