"""The meters of buildings."""
