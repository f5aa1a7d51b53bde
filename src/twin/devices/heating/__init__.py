"""Heating: boilers, heat pumps, electric heaters, and what controls them."""
