"""What a grid looks like: cables as lines, buses as points, just above the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from twin.city.model import City

__all__ = ["buses", "lines", "transformers"]

Drawn = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.str_]]

ABOVE_GROUND_M = 0.5


def buses(city: City) -> Drawn:
    """Return the buses as points: coordinates ``(n, 3)``, offsets and identifiers; nothing if there is no grid."""
    if "bus" not in city.tables:
        return _nothing()
    return _places(city), np.arange(len(city.tables["bus"]) + 1), city.tables["bus"].ids


def transformers(city: City) -> Drawn:
    """Return the transformers as points where their low-voltage busbars are."""
    if "bus" not in city.tables:
        return _nothing()
    table = city.tables["transformer"]
    return _places(city)[table["lv_bus"]], np.arange(len(table) + 1), table.ids


def lines(city: City) -> Drawn:
    """Return the lines as one straight segment each."""
    if "bus" not in city.tables:
        return _nothing()
    table = city.tables["line"]
    ends = np.stack([table["from_bus"], table["to_bus"]], axis=1).ravel()
    return _places(city)[ends], 2 * np.arange(len(table) + 1), table.ids


def _places(city: City) -> NDArray[np.float64]:
    bus = city.tables["bus"]
    return np.column_stack([bus["x_m"], bus["y_m"], bus["z_m"] + ABOVE_GROUND_M])


def _nothing() -> Drawn:
    return np.zeros((0, 3)), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.str_)
