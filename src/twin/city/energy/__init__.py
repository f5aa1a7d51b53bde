"""What a city file says of energy beside its geometry: zones, constructions, usage, schedules, series (Energy ADE)."""
