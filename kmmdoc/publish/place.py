"""Outputs appear whole or not at all: they are made beside their place and moved into it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path


def place_file(made: Path, target: Path) -> None:
    """Copy a finished file to its place in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(made, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def place_folder(made: Path, target: Path, *, without: Iterable[str] = (), keep: Iterable[str] = ()) -> None:
    """Copy a finished folder to its place; the old one stays until the new one is whole.

    `without` are names at the top of `made` that are not copied, `keep` are folders of the old `target` that
    move over to the new one (the site in another language lives inside the site).
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.new.{os.getpid()}")
    old = target.with_name(f".{target.name}.old.{os.getpid()}")
    leave_out = set(without)
    try:
        shutil.copytree(
            made, beside, ignore=lambda folder, names: leave_out if Path(folder) == made else set()
        )
        if target.exists():
            target.rename(old)
        beside.rename(target)
        for name in keep:
            if (old / name).is_dir() and not (target / name).exists():
                (old / name).rename(target / name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
