"""Drawings and pages of what a scenario will do and what came of it, from plain data alone."""
