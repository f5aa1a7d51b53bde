"""Windows that the city model holds: their share of the walls of a building, instead of an archetype's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.buildings.fills.energy_ade.harmonize import harmonize as by_energy_ade
from twin.buildings.model import COLUMNS, MOST_WINDOW, WINDOW_TO_WALL
from twin.buildings.zones.envelope import WALLS, exposed_areas, quarter_of_compass
from twin.city.model import City
from twin.ledger import Ledger
from twin.table import GIVEN

__all__ = ["harmonize", "window_shares"]

Floats = NDArray[np.float64]


def harmonize(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Return the city with what its file says of its buildings: its energy tables first, then its windows."""
    city = by_energy_ade(city, inputs, ledger)
    shares, there = window_shares(city)
    table, taken = city.buildings, np.zeros(len(there), dtype=bool)
    for name, share in zip(WINDOW_TO_WALL, shares, strict=True):
        where = there & table.missing(name)
        if where.any():
            table, taken = table.put(COLUMNS[name], share, GIVEN, where), taken | where
    if taken.any():
        ledger.state(
            f"Windows of {int(taken.sum())} buildings are those of the city model, by quarter of the compass; windows "
            "in roofs are left out.",
            "city file",
        )
    return city.with_table(table)


def window_shares(city: City) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the share of modelled windows in the outer walls by quarter of the compass, and who has any.

    Returns
    -------
    shares
        North, east, south and west, ``(4, n_buildings)``.
    there
        Whether the model has windows in walls of the building, ``(n_buildings,)``.
    """
    surfaces, n = city.surfaces, len(city.buildings)
    if "opening_of" not in surfaces:
        return np.zeros((4, n)), np.zeros(n, dtype=bool)
    window = np.flatnonzero((surfaces["type"] == "Window") & ~surfaces.missing("opening_of"))
    host = surfaces["opening_of"][window]
    in_wall = np.isin(surfaces["type"][host], WALLS)
    window, host = window[in_wall], host[in_wall]
    glazed = np.bincount(host, surfaces["area_m2"][window], len(surfaces))
    wall = exposed_areas(city) * np.isin(surfaces["type"], WALLS)
    place = quarter_of_compass(surfaces["azimuth_deg"]) * n + surfaces["building"]
    windows, walls = (np.bincount(place, areas, 4 * n).reshape(4, n) for areas in (glazed, wall))
    shares = np.divide(windows, walls, out=np.zeros((4, n)), where=walls > 0)
    return np.minimum(shares, MOST_WINDOW), windows.sum(axis=0) > 0
