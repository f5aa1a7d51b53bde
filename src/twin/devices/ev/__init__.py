"""Electric vehicles and where they charge."""
