"""`python -m kmmdoc` is `kmmdoc`."""

from __future__ import annotations

import sys

from kmmdoc.cli import main

sys.exit(main())
