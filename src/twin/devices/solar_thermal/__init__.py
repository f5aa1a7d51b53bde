"""Solar thermal collectors that heat domestic hot water."""
