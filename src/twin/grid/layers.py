"""What a grid looks like: cables as lines, buses as points, just above the ground.

What has no place is not drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from twin.city.model import City
    from twin.table import Table

__all__ = ["buses", "lines", "transformers"]

Drawn = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.str_]]

ABOVE_GROUND_M = 0.5


def buses(city: City) -> Drawn:
    """Return the buses as points: coordinates ``(n, 3)``, offsets and identifiers; nothing if there is no grid."""
    if "bus" not in city.tables:
        return _nothing()
    table = city.tables["bus"]
    return _drawn(table, _places(city)[:, None])


def transformers(city: City) -> Drawn:
    """Return the transformers as points where their low-voltage busbars are, or else their high-voltage ones."""
    if "bus" not in city.tables:
        return _nothing()
    table, places = city.tables["transformer"], _places(city)
    low, high = (places[table[end]] for end in ("lv_bus", "hv_bus"))
    return _drawn(table, np.where(np.isfinite(low), low, high)[:, None])


def lines(city: City) -> Drawn:
    """Return the lines as one straight segment each."""
    if "bus" not in city.tables:
        return _nothing()
    table = city.tables["line"]
    return _drawn(table, _places(city)[np.stack([table["from_bus"], table["to_bus"]], axis=1)])


def _drawn(table: Table, points: NDArray[np.float64]) -> Drawn:
    """Return the rows all of whose points are known, ``(n, points, 3)``."""
    known = np.isfinite(points).all(axis=(1, 2))
    per_row = points.shape[1]
    return points[known].reshape(-1, 3), per_row * np.arange(known.sum() + 1), table.ids[known]


def _places(city: City) -> NDArray[np.float64]:
    bus = city.tables["bus"]
    return np.column_stack([bus["x_m"], bus["y_m"], bus["z_m"] + ABOVE_GROUND_M])


def _nothing() -> Drawn:
    return np.zeros((0, 3)), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.str_)
