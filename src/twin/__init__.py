"""twin: one city file, one scenario file, and a planner gets answers."""
