"""Windows that the city model holds: their share of every wall and roof, instead of an archetype's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.buildings.fills.energy_ade.harmonize import harmonize as by_energy_ade
from twin.buildings.model import COLUMNS, MOST_WINDOW, SURFACE_COLUMNS, WINDOW_TO_WALL
from twin.buildings.zones.envelope import ROOFS, WALLS, exposed_areas, quarter_of_compass
from twin.city.model import City
from twin.ledger import Ledger
from twin.table import GIVEN

__all__ = ["harmonize", "window_shares"]

Floats = NDArray[np.float64]


def harmonize(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Return the city with what its file says of its buildings: its energy tables first, then its windows."""
    city = by_energy_ade(city, inputs, ledger)
    glazed = _glazed(city)
    there = np.bincount(city.surfaces["building"], glazed, len(city.buildings)) > 0
    if not there.any():
        return city
    table, surfaces = city.buildings, city.surfaces
    for name, share in zip(WINDOW_TO_WALL, _by_quarter(city, glazed), strict=True):
        table = table.put(COLUMNS[name], share, GIVEN, there & table.missing(name))
    own = there[surfaces["building"]] & surfaces.missing("window_share")
    exposed = exposed_areas(city)
    share = np.divide(glazed, exposed, out=np.zeros(len(exposed)), where=exposed > 0)
    surfaces = surfaces.put(SURFACE_COLUMNS["window_share"], np.minimum(share, MOST_WINDOW), GIVEN, own)
    ledger.state(f"Windows of {int(there.sum())} buildings are those of the city model.", "city file")
    return city.with_table(table).with_table(surfaces)


def _glazed(city: City) -> Floats:
    """Return the area of the modelled windows in each wall and roof, m2, shape ``(n_surfaces,)``."""
    surfaces = city.surfaces
    if "opening_of" not in surfaces:
        return np.zeros(len(surfaces))
    window = np.flatnonzero((surfaces["type"] == "Window") & ~surfaces.missing("opening_of"))
    host = surfaces["opening_of"][window]
    outer = np.isin(surfaces["type"][host], (*WALLS, *ROOFS))
    glazed: Floats = np.bincount(host[outer], surfaces["area_m2"][window[outer]], len(surfaces)).astype(np.float64)
    return glazed


def window_shares(city: City) -> Floats:
    """Return the share of modelled windows in outer walls facing north, east, south and west, ``(4, n_buildings)``."""
    return _by_quarter(city, _glazed(city))


def _by_quarter(city: City, glazed: Floats) -> Floats:
    """Return what `window_shares` does, from the area of the windows in each surface."""
    surfaces, n = city.surfaces, len(city.buildings)
    is_wall = np.isin(surfaces["type"], WALLS)
    place = quarter_of_compass(surfaces["azimuth_deg"]) * n + surfaces["building"]
    windows, walls = (
        np.bincount(place, areas * is_wall, 4 * n).reshape(4, n) for areas in (glazed, exposed_areas(city))
    )
    shares: Floats = np.divide(windows, walls, out=np.zeros((4, n)), where=walls > 0)
    return np.minimum(shares, MOST_WINDOW)
