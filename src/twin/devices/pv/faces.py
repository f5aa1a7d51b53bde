"""Which faces of buildings suit solar modules, how much room they offer, and which are the best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.devices.pv.params import Pv
from twin.devices.roofs import off_equator, taken_area
from twin.errors import Problem, TwinError

__all__ = ["best_first", "is_flat", "suitable_faces", "usable_area"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

IRRADIATION = "solar_irradiation_kwh_m2"  # of surfaces, a year's sun with shadows, where somebody derives it


def suitable_faces(city: City, params: Pv) -> Ints:
    """Return the rows of the faces that suit modules: large and sunny enough, flat or facing the equator, not steep.

    Raises
    ------
    TwinError
        If the yearly sun is asked for and not known.
    """
    surfaces = city.surfaces
    kind = surfaces["type"]
    roof = (kind == "RoofSurface") & (surfaces["tilt_deg"] <= params.max_tilt_deg) & ("roof" in params.on)
    wall = (kind == "WallSurface") & ("facade" in params.on)
    rows = np.flatnonzero(roof | wall)
    faces_sun = is_flat(city, rows, params) | (off_equator(city)[rows] <= params.max_off_equator_deg)
    rows = rows[faces_sun & (usable_area(city, rows, params) >= params.min_area_m2)]
    if params.min_irradiation_kwh_m2 is None:
        return rows
    if IRRADIATION not in surfaces:
        message = "pv: min_irradiation_kwh_m2 goes by the yearly sun on every face, which is not known here"
        raise TwinError(Problem(message, expected="a model with weather, or no such limit"))
    return rows[surfaces[IRRADIATION][rows] >= params.min_irradiation_kwh_m2]


def is_flat(city: City, faces: Ints, params: Pv) -> Mask:
    """Return which faces are flat roofs."""
    surfaces = city.surfaces
    return np.asarray(
        (surfaces["type"][faces] == "RoofSurface") & (surfaces["tilt_deg"][faces] <= params.flat_below_deg)
    )


def usable_area(city: City, faces: Ints, params: Pv) -> Floats:
    """Return the part of each face that modules, or racks and the room between them, can take, m2.

    What modules or collectors take already is no longer there to be used.
    """
    surfaces = city.surfaces
    wall = surfaces["type"][faces] == "WallSurface"
    on_flat = params.usable_share if params.usable_share_flat is None else params.usable_share_flat
    on_roof = np.where(is_flat(city, faces, params), on_flat, params.usable_share)
    share = np.where(wall, params.usable_share_facade, on_roof)
    shared = sum(np.nan_to_num(surfaces[c][faces]) for c in ("party_wall_m2", "interior_wall_m2") if c in surfaces)
    usable = share * np.maximum(surfaces["area_m2"][faces] - shared, 0.0)
    return np.asarray(np.maximum(usable - taken_area(city)[faces], 0.0))


def best_first(city: City, faces: Ints, params: Pv) -> Ints:
    """Return the order of faces from the sunniest to the least sunny; those of which it is not known come last.

    Without a yearly sum of sun, roofs come before facades and then faces near to the equator; flat ones count as
    facing east or west.
    """
    surfaces = city.surfaces
    off = np.where(is_flat(city, faces, params), 90.0, off_equator(city)[faces])
    wall = surfaces["type"][faces] == "WallSurface"
    sun = np.nan_to_num(surfaces[IRRADIATION][faces]) if IRRADIATION in surfaces else np.zeros(len(faces))
    return np.lexsort((off, wall, -sun))
