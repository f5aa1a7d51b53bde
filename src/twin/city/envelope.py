"""The outer surfaces of buildings by the way they face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City

__all__ = ["SECTORS", "Envelope", "envelope_by_orientation"]

Floats = NDArray[np.float64]

SECTORS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW", "horizontal")
LEVEL_DEG = 10.0  # flatter than that a surface faces nowhere


@dataclass(frozen=True, slots=True)
class Envelope:
    """Area of the outer surfaces of every building by sector of the compass, m2, shape ``(n_buildings, 9)`` each.

    Columns are `SECTORS`: surfaces within 22.5 degrees of a direction, and last those that are flat.

    Attributes
    ----------
    wall
        Walls, less windows and doors.
    roof
        Roofs, less windows.
    ground
        Ground and outer floors.
    opening
        Windows and doors, as seen along the normal of the surface they are in.
    shared
        Walls that other buildings or parts touch, a part of ``wall``; zero unless `twin.city.derive.with_party_walls`
        was asked.
    """

    wall: Floats
    roof: Floats
    ground: Floats
    opening: Floats
    shared: Floats


_KINDS = {
    "wall": ("WallSurface",),
    "roof": ("RoofSurface", "OuterCeilingSurface"),
    "ground": ("GroundSurface", "OuterFloorSurface"),
}


def envelope_by_orientation(city: City) -> Envelope:
    """Sum the outer surfaces of every building by the way they face; closure surfaces are none."""
    surfaces = city.surfaces
    facing = (np.floor((surfaces["azimuth_deg"] + 22.5) / 45.0) % 8).astype(np.int64)
    tilt = surfaces["tilt_deg"]
    sector = np.where((tilt < LEVEL_DEG) | (tilt > 180.0 - LEVEL_DEG), len(SECTORS) - 1, facing)
    place, n = surfaces["building"] * len(SECTORS) + sector, len(city.buildings) * len(SECTORS)
    outer = (surfaces["type"] != "ClosureSurface") & surfaces.missing("opening_of")
    shared = sum(
        (surfaces[name] for name in ("party_wall_m2", "interior_wall_m2") if name in surfaces), np.zeros(len(surfaces))
    )

    def total(area: Floats) -> Floats:
        return np.asarray(np.bincount(place, area, n), dtype=np.float64).reshape(-1, len(SECTORS))

    return Envelope(
        **{kind: total(surfaces["area_m2"] * np.isin(surfaces["type"], types)) for kind, types in _KINDS.items()},
        opening=total(np.where(outer, surfaces["opening_m2"], 0.0)),
        shared=total(shared),
    )
