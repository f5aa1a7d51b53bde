"""Vectorized geometry of all surfaces at once: sizes, shells, shared walls, triangles."""

from twin.city.geometry.polygons import measure
from twin.city.geometry.triangulate import triangulate
from twin.city.geometry.walls import interior_walls, party_walls

__all__ = ["interior_walls", "measure", "party_walls", "triangulate"]
