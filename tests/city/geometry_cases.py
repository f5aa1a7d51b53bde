"""Geometry to test kernels with: faces as ragged arrays, polygons of any shape."""

from __future__ import annotations

import numpy as np
from city_cases import Face
from hypothesis import strategies as st

from twin.city.model import Geometry

L_SHAPE = [(0.0, 0.0), (6.0, 0.0), (6.0, 2.0), (2.0, 2.0), (2.0, 5.0), (0.0, 5.0)]


def geometry_of(faces: list[Face]) -> Geometry:
    """Faces with shared vertices, as the kernels take them."""
    points: dict[tuple[float, ...], int] = {}
    rings = [ring for _, face in faces for ring in face]
    corners = [points.setdefault(tuple(p), len(points)) for ring in rings for p in ring]
    return Geometry(
        np.array(list(points)),
        np.array(corners),
        np.cumsum([0, *(len(ring) for ring in rings)]),
        np.cumsum([0, *(len(face) for _, face in faces)]),
    )


def moved(geometry: Geometry, turn: float, shift: tuple[float, float, float]) -> Geometry:
    c, s = np.cos(turn), np.sin(turn)
    vertices = geometry.vertices @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + shift
    return Geometry(vertices, geometry.ring_vertices, geometry.ring_offsets, geometry.surface_offsets)


# radii, and shares of the full turn of which none is a half
outlines = st.lists(st.tuples(st.floats(0.5, 5.0), st.floats(0.6, 1.0)), min_size=3, max_size=14)


def star(spokes: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A simple polygon around the origin, from radii and shares of the full turn."""
    angles = np.cumsum([share for _, share in spokes])
    angles *= 2 * np.pi / angles[-1]
    return [(r * np.cos(a), r * np.sin(a)) for (r, _), a in zip(spokes, angles, strict=True)]
