"""Scenario files: what to read, what to change, what to compare."""
