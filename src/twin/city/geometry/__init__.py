"""Vectorized geometry of all surfaces at once: sizes, shells, shared walls, openings, triangles."""

from twin.city.geometry.sizes import measure
from twin.city.geometry.triangulate import triangulate
from twin.city.geometry.walls import SharedWalls, interior_walls, party_walls, shared_walls

__all__ = ["SharedWalls", "interior_walls", "measure", "party_walls", "shared_walls", "triangulate"]
