"""How modules lie on faces: as the face does, or on racks where roofs are flat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.devices.pv.faces import is_flat
from twin.devices.pv.params import Pv
from twin.devices.pv.racks import masked_sky, row_coverage, winter_noon_elevation
from twin.devices.roofs import equator_azimuth
from twin.errors import Problem, TwinError

__all__ = ["Layout", "lay_out"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """One entry per array; a face with pairs of rows has two.

    Attributes
    ----------
    face
        Index into the faces given, ascending.
    suffix
        What tells the arrays of a face apart.
    tilt_deg, azimuth_deg
        Of the modules.
    coverage
        Area of these modules over the usable area of the face.
    masked_sky
        Share of an even sky's light that rows in front hide.
    mounting
        How air gets behind them.
    """

    face: NDArray[np.int64]
    suffix: NDArray[np.str_]
    tilt_deg: Floats
    azimuth_deg: Floats
    coverage: Floats
    masked_sky: Floats
    mounting: NDArray[np.str_]


def lay_out(city: City, faces: NDArray[np.int64], params: Pv) -> Layout:
    """Return how modules lie on some faces.

    Raises
    ------
    TwinError
        If rows are to face the equator and nobody knows where the city is.
    """
    racked = is_flat(city, faces, params) & (params.flat_roof != "as_roof")
    pairs = racked & (params.flat_roof == "racks_east_west")
    face = np.repeat(np.arange(len(faces)), 1 + pairs)
    racked, pairs = racked[face], pairs[face]
    second = np.concatenate([[False], face[1:] == face[:-1]])[: len(face)]
    of_rack = np.where(pairs, np.where(second, 270.0, 90.0), equator_azimuth(city))
    coverage, masked = _spacing(city, params) if racked.any() else (1.0, 0.0)
    mounting = np.where(racked, "open_rack", "close_mount")
    return Layout(
        face=face,
        suffix=np.where(pairs, np.where(second, "-west", "-east"), ""),
        tilt_deg=np.where(racked, params.rack_tilt, city.surfaces["tilt_deg"][faces[face]]),
        azimuth_deg=np.where(racked, of_rack, city.surfaces["azimuth_deg"][faces[face]]),
        coverage=np.where(racked, coverage, 1.0) / np.where(pairs, 2.0, 1.0),
        masked_sky=np.where(racked, masked, 0.0),
        mounting=mounting if params.mounting is None else np.full(len(face), params.mounting),
    )


def _spacing(city: City, params: Pv) -> tuple[float, float]:
    """Return the coverage of racks, of pairs together, and the share of the sky that they hide from each other."""
    tilt = params.rack_tilt
    if params.flat_roof == "racks_east_west":
        return params.pair_coverage, masked_sky(tilt, params.pair_coverage / 2.0)
    coverage = params.rack_coverage
    if coverage is None:
        if "site" not in city.tables:
            message = "pv: how far apart rows stand follows from the latitude, which is not known here"
            raise TwinError(Problem(message, expected="a model with weather, or rack_coverage"))
        coverage = row_coverage(tilt, winter_noon_elevation(float(city.table("site")["latitude_deg"][0])))
    return coverage, masked_sky(tilt, coverage)
