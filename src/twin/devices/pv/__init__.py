"""Solar modules on roofs."""
