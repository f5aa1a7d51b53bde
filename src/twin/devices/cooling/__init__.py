"""Cooling and ventilation: what makes cold, and fans."""
