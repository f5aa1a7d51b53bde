"""A quarter small enough to know every house of it."""

from __future__ import annotations

import numpy as np
import pytest

from twin.view import DrawnLayer

WIDTH, DEPTH, EAVES, RIDGE = 8.0, 10.0, 6.0, 9.0
QUADS = [(0, 1, 5, 4), (2, 3, 7, 6), (1, 2, 6, 9, 5), (3, 0, 4, 8, 7), (4, 5, 9, 8), (6, 7, 8, 9), (3, 2, 1, 0)]


def gabled_house(x: float, y: float, ground: float = 0.0) -> np.ndarray:
    """Faces of a house whose ridge runs east, shape (n, 3, 3)."""
    floor = np.array([[0, 0], [WIDTH, 0], [WIDTH, DEPTH], [0, DEPTH]])
    corners = np.concatenate(
        [
            np.column_stack([floor, np.zeros(4)]),
            np.column_stack([floor, np.full(4, EAVES)]),
            [[0, DEPTH / 2, RIDGE], [WIDTH, DEPTH / 2, RIDGE]],
        ]
    )
    fans = [(face[0], face[k], face[k + 1]) for face in QUADS for k in range(1, len(face) - 1)]
    return (corners + np.array([x, y, ground]))[np.array(fans)]


def layer_of(houses: list[np.ndarray], ids: list[str] | None = None, name: str = "buildings") -> DrawnLayer:
    rows = [house.reshape(-1, 3) for house in houses]
    offsets = np.cumsum([0] + [len(r) for r in rows])
    ids = ids or [f"house {k}" for k in range(len(rows))]
    return DrawnLayer(name, "triangles", "building", np.concatenate(rows), offsets, ids)


@pytest.fixture(scope="session")
def quarter() -> DrawnLayer:
    """Five rows of six houses each on ground that rises to the north."""
    return layer_of([gabled_house(WIDTH * k, 30.0 * row, ground=0.8 * row) for row in range(5) for k in range(6)])


def faces_of(houses: DrawnLayer) -> DrawnLayer:
    """Return every triangle of some houses as a surface by itself, named ``house 3/5``."""
    counts = np.diff(houses.offsets) // 3
    ids = [f"{name}/{k}" for name, n in zip(houses.ids, counts, strict=True) for k in range(n)]
    offsets = 3 * np.arange(len(ids) + 1)
    return DrawnLayer("surfaces", "triangles", "surface", houses.coordinates, offsets, ids)


@pytest.fixture(scope="session")
def faces(quarter) -> DrawnLayer:
    """The quarter, face by face."""
    return faces_of(quarter)
