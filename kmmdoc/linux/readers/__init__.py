"""Readers of the snapshot sections, one module a section; found by scanning this package."""
