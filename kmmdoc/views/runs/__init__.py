"""Figures of a whole run: its call tree and its timeline."""
