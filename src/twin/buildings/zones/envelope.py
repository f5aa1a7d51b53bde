"""The envelope, surface by surface: what faces outdoors, its windows, what passes through it and what it takes in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.ground import R_SE_M2K_W
from twin.buildings.model import WINDOW_TO_WALL
from twin.city.model import City

__all__ = [
    "Conductances",
    "conductances",
    "exposed_areas",
    "quarter_of_compass",
    "sky_areas",
    "solar_areas",
    "sum_by_building",
    "unheated_neighbour_areas",
    "window_areas",
]

Floats = NDArray[np.float64]

F_W = 0.9  # correction of g for non-normal incidence, EN ISO 13790, 11.4.2
EMISSIVITY = 0.9  # of outer surfaces, EN ISO 13790, 11.4.6
UNHEATED_NEIGHBOUR = 0.5  # share of the outdoor difference behind a wall shared with an unheated building, TABULA b_tr

WALLS = ("WallSurface",)
ROOFS = ("RoofSurface", "OuterCeilingSurface")
BASES = ("GroundSurface", "OuterFloorSurface")


def sum_by_building(city: City, values: Floats) -> Floats:
    """Sum values per surface over the surfaces of each building, ``(..., surface)`` to ``(..., building)``."""
    building = city.surfaces["building"]
    total = np.zeros((*values.shape[:-1], len(city.buildings)))
    if len(building):
        first = np.flatnonzero(np.diff(building, prepend=-1))
        total[..., building[first]] = np.add.reduceat(values, first, axis=-1)
    return total


def _of_building(city: City, name: str) -> Floats:
    """Return a building's value at each of its surfaces."""
    values: Floats = city.buildings[name][city.surfaces["building"]]
    return values


def _is(city: City, types: tuple[str, ...]) -> Floats:
    return np.isin(city.surfaces["type"], types).astype(np.float64)


def _of_surface(city: City, name: str) -> Floats:
    """Return a column of the surfaces, 0 where it has no value."""
    table = city.surfaces
    return np.nan_to_num(table[name]) if name in table else np.zeros(len(table))


def _own(city: City, name: str, otherwise: Floats) -> Floats:
    """Return what is known of each surface itself, and something else where nothing is."""
    table = city.surfaces
    return np.where(table.missing(name), otherwise, table[name]) if name in table else otherwise


def exposed_areas(city: City) -> Floats:
    """Return the area of each surface that faces outdoors or the ground, m2, shape ``(n_surfaces,)``.

    Windows and doors are part of the surface that they are in. What is shared with another building, or with another
    part of the same building, is not exposed.
    """
    area = city.surfaces["area_m2"] + _of_surface(city, "opening_m2")
    area -= _of_surface(city, "party_wall_m2") + _of_surface(city, "interior_wall_m2")
    outer = _is(city, WALLS) + _is(city, ROOFS) + _is(city, BASES)
    exposed: Floats = np.maximum(area, 0.0) * outer
    return exposed


def unheated_neighbour_areas(city: City) -> Floats:
    """Return the area of each wall that is shared with an unheated building, m2, shape ``(n_surfaces,)``."""
    area = np.zeros(len(city.surfaces))
    if "party_walls" in city.tables:
        pairs = city.table("party_walls")
        a, b = pairs["surface_a"], pairs["surface_b"]
        cold = _of_building(city, "heated_floor_area_m2") <= 0
        for wall, other in ((a, b), (b, a)):
            np.add.at(area, wall, pairs["area_m2"] * cold[other])
    return area


def quarter_of_compass(azimuth_deg: Floats) -> NDArray[np.int64]:
    """Return 0, 1, 2 or 3 for what faces north, east, south or west within 45 degrees, as `WINDOW_TO_WALL` has them."""
    quarter: NDArray[np.int64] = ((np.nan_to_num(azimuth_deg) + 45.0) % 360.0 // 90.0).astype(np.int64)
    return quarter


def window_areas(city: City) -> Floats:
    """Return the window area in each surface, m2, shape ``(n_surfaces,)``.

    By its own share where that is known, else by that of the outer walls in its quarter of the compass.
    """
    shares = np.stack([_of_building(city, name) for name in WINDOW_TO_WALL])
    share = np.take_along_axis(shares, quarter_of_compass(city.surfaces["azimuth_deg"])[None], axis=0)[0]
    window: Floats = exposed_areas(city) * _own(city, "window_share", share * _is(city, WALLS))
    return window


def _opaque_u(city: City) -> Floats:
    """Return the thermal transmittance of the opaque part of each surface, W/(m2 K), 0 where nothing passes."""
    u = _is(city, WALLS) * _of_building(city, "wall_u_w_m2k")
    u += _is(city, ROOFS) * _of_building(city, "roof_u_w_m2k")
    u += _is(city, BASES) * _of_building(city, "base_u_w_m2k")
    return np.where(u > 0, _own(city, "u_w_m2k", u), 0.0)


def _window_u(city: City) -> Floats:
    return _own(city, "window_u_w_m2k", _of_building(city, "window_u_w_m2k"))


@dataclass(frozen=True)
class Conductances:
    """Heat transfer through each surface, W/K, shape ``(n_surfaces,)``, thermal bridges included.

    Attributes
    ----------
    windows
        To outdoors.
    opaque
        To outdoors, roofs over an unheated attic and walls to unheated neighbours with their reduction factors.
    ground
        To the ground or to an unheated basement, per difference to outdoors in the long run.
    """

    windows: Floats
    opaque: Floats
    ground: Floats


def conductances(city: City) -> Conductances:
    """Return the heat transfer through each surface (EN ISO 13789; thermal bridges as a supplement, TABULA)."""
    window, exposed = window_areas(city), exposed_areas(city)
    on_ground = city.surfaces["type"] == "GroundSurface"
    factor = np.where(_is(city, ("RoofSurface",)) > 0, _of_building(city, "roof_temperature_factor"), 1.0)
    factor = np.where(on_ground, _of_building(city, "ground_temperature_factor"), factor)
    bridges = exposed * _of_building(city, "thermal_bridge_u_w_m2k")
    opaque = ((exposed - window) * _opaque_u(city) + bridges) * factor
    beside_cold = unheated_neighbour_areas(city) * UNHEATED_NEIGHBOUR * _opaque_u(city)
    return Conductances(
        windows=window * _window_u(city),
        opaque=np.where(on_ground, 0.0, opaque) + beside_cold,
        ground=np.where(on_ground, opaque, 0.0),
    )


def _sky_view(city: City) -> Floats:
    """Return how much of the sky each surface sees: 1 flat roof, 0.5 wall (EN ISO 13790, 11.4.6)."""
    tilt = np.radians(np.nan_to_num(city.surfaces["tilt_deg"], nan=90.0))
    view: Floats = (1.0 + np.cos(tilt)) / 2.0 * (_is(city, WALLS) + _is(city, ROOFS))
    return view


def solar_areas(city: City) -> tuple[Floats, Floats]:
    """Return the areas of each surface that turn irradiance into a gain indoors: by windows, and by all else, m2.

    Windows: shading g F_W (1 - frame) A; opaque parts: absorptance R_se U A (EN ISO 13790, 11.3.3 and 11.3.4).
    Both of shape ``(n_surfaces,)``.
    """
    window = window_areas(city)
    glass = _own(city, "window_g", _of_building(city, "window_g")) * F_W * (1.0 - _of_building(city, "frame_fraction"))
    glass *= _of_building(city, "shading_factor")
    absorptance = _is(city, WALLS) * _of_building(city, "wall_absorptance")
    absorptance += (
        _is(city, ROOFS) * _of_building(city, "roof_absorptance") * _of_building(city, "roof_temperature_factor")
    )
    return window * glass, (exposed_areas(city) - window) * absorptance * R_SE_M2K_W * _opaque_u(city)


def sky_areas(city: City) -> Floats:
    """Return the area of each surface that exchanges long-wave radiation with the sky, m2, shape ``(n_surfaces,)``.

    The heat lost is this times (sigma T_out^4 - sky infrared irradiance): EN ISO 13790, 11.3.5 and 11.4.6, with the
    sky's measured radiation instead of a fixed temperature difference.
    """
    window = window_areas(city)
    conductance = (exposed_areas(city) - window) * _opaque_u(city) + window * _window_u(city)
    sky: Floats = EMISSIVITY * R_SE_M2K_W * conductance * _sky_view(city)
    return sky
