"""Which boundary surface of a building a thermal boundary lies on, where the file does not say: by its geometry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.city.energy.sheet import Sheet
from twin.city.model import City
from twin.table import DERIVED, MISSING

__all__ = ["link_by_geometry"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ANGLE_DEG = 1.0
AREA = 0.01  # relative
_STEEP = (5.0, 175.0)  # tilts between which a surface faces somewhere
_TYPES = {"roof": "RoofSurface", "groundSlab": "GroundSurface", "outerWall": "WallSurface", "sharedWall": "WallSurface"}


def link_by_geometry(city: City, sheet: Sheet) -> None:
    """Set the surface of boundaries without one to the only surface of the building of that kind, direction and size.

    Of several that fit none is taken. The cells are derived.
    """
    open_rows = np.array([n.index for n in sheet.nodes if sheet.get("surface", n.index) is None], dtype=np.int64)
    building = sheet.rows("building")
    open_rows = open_rows[building[open_rows] >= 0]
    first, last = np.searchsorted(city.surfaces["building"], [building[open_rows], building[open_rows] + 1])
    counts = last - first
    boundary = np.repeat(open_rows, counts)
    surface = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    fits = _fits(city, sheet, boundary, surface)
    boundary, surface = boundary[fits], surface[fits]
    alone = np.bincount(boundary, minlength=len(sheet.nodes))[boundary] == 1
    for row, at in zip(boundary[alone].tolist(), surface[alone].tolist(), strict=True):
        sheet.put("surface", row, at, DERIVED)


def _fits(city: City, sheet: Sheet, boundary: Ints, surface: Ints) -> NDArray[np.bool_]:
    """Return which pairs are of one kind, face one way and have one size."""
    table = city.surfaces
    kinds = np.array([_TYPES.get(sheet.get("type", node.index) or "", "") for node in sheet.nodes], dtype="U32")
    tilt, azimuth = table["tilt_deg"][surface], table["azimuth_deg"][surface]
    area = table["area_m2"] + _openings(city)
    stated = sheet.array("area_m2")[boundary]
    turned = np.abs((azimuth - sheet.array("azimuth_deg")[boundary] + 180.0) % 360.0 - 180.0)
    level = (tilt < _STEEP[0]) | (tilt > _STEEP[1])
    leaning = np.abs(tilt - sheet.array("inclination_deg")[boundary])
    leaning = np.where(level, np.minimum(leaning, 180.0 - leaning), leaning)  # a floor's is also stated as 0
    fits: NDArray[np.bool_] = (
        (table["type"][surface] == kinds[boundary])
        & (leaning <= ANGLE_DEG)
        & (level | (turned <= ANGLE_DEG))
        & (np.abs(area[surface] - stated) <= AREA * stated)
    )
    return fits


def _openings(city: City) -> Floats:
    """Return the area of windows and doors in every surface, 0 for none."""
    table = city.surfaces
    if "opening_m2" not in table:
        return np.zeros(len(table))
    openings: Floats = np.where(table.source("opening_m2") == MISSING, 0.0, table["opening_m2"])
    return openings
