"""Solar modules on roofs and facades."""
