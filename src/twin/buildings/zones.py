"""From the tables of the city to what the kernel needs: heat transfer, capacity and effective areas per building."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel import Zones
from twin.city.model import City
from twin.errors import Problem, TwinError

__all__ = [
    "ROOM_HEIGHT_M",
    "airing",
    "design_heat_load",
    "exposed_areas",
    "sky_areas",
    "solar_areas",
    "sum_by_building",
    "transmission",
    "ventilation",
    "window_areas",
    "zones",
]

Floats = NDArray[np.float64]

ROOM_HEIGHT_M = 2.5  # reference room height, TABULA
AIR_J_M3K = 1200.0  # volumetric heat capacity of air, EN ISO 13790, 9.3.1
H_MS_W_M2K = 9.1  # between mass and surfaces, EN ISO 13790, 12.2.2
H_IS_W_M2K = 3.45  # between surfaces and air, EN ISO 13790, 7.2.2.2
SURFACES_PER_FLOOR = 4.5  # area facing the zone per floor area, EN ISO 13790, 7.2.2.2
R_SE_M2K_W = 0.04  # external surface resistance, EN ISO 6946
F_W = 0.9  # correction of g for non-normal incidence, EN ISO 13790, 11.4.2
EMISSIVITY = 0.9  # of outer surfaces, EN ISO 13790, 11.4.6

# Effective mass area per floor area over the capacity per floor area, EN ISO 13790, Table 12
_CAPACITY_J_M2K = (165e3, 260e3, 370e3)
_MASS_AREA = (2.5, 3.0, 3.5)

_WALLS = ("WallSurface",)
_ROOFS = ("RoofSurface", "OuterCeilingSurface")
_BASES = ("GroundSurface", "OuterFloorSurface")
_SECTORS = ("north", "east", "south", "west")


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


def exposed_areas(city: City) -> Floats:
    """Return the area of each surface that faces outdoors or the ground, m2, shape ``(n_surfaces,)``.

    Windows and doors are part of the surface that they are in. What is shared with another building, or with another
    part of the same building, is taken as adiabatic.
    """
    area = city.surfaces["area_m2"] + _of_surface(city, "opening_m2")
    area -= _of_surface(city, "party_wall_m2") + _of_surface(city, "interior_wall_m2")
    outer = _is(city, _WALLS) + _is(city, _ROOFS) + _is(city, _BASES)
    exposed: Floats = np.maximum(area, 0.0) * outer
    return exposed


def window_areas(city: City) -> Floats:
    """Return the window area in each surface, m2, shape ``(n_surfaces,)``: the share of its quarter of the compass."""
    azimuth = np.nan_to_num(city.surfaces["azimuth_deg"])
    sector = ((azimuth + 45.0) % 360.0 // 90.0).astype(np.int64)
    shares = np.stack([_of_building(city, f"window_to_wall_{s}") for s in _SECTORS])
    share = np.take_along_axis(shares, sector[None], axis=0)[0]
    window: Floats = exposed_areas(city) * _is(city, _WALLS) * share
    return window


def _opaque_u(city: City) -> Floats:
    """Return the thermal transmittance of the opaque part of each surface, W/(m2 K), 0 where nothing passes."""
    u = _is(city, _WALLS) * _of_building(city, "wall_u_w_m2k")
    u += _is(city, _ROOFS) * _of_building(city, "roof_u_w_m2k")
    u += _is(city, _BASES) * _of_building(city, "base_u_w_m2k")
    return u


def _sky_view(city: City) -> Floats:
    """Return how much of the sky each surface sees: 1 flat roof, 0.5 wall (EN ISO 13790, 11.4.6)."""
    tilt = np.radians(np.nan_to_num(city.surfaces["tilt_deg"], nan=90.0))
    view: Floats = (1.0 + np.cos(tilt)) / 2.0 * (_is(city, _WALLS) + _is(city, _ROOFS))
    return view


def solar_areas(city: City) -> Floats:
    """Return the area of each surface that turns irradiance into a gain indoors, m2, shape ``(n_surfaces,)``.

    Windows: shading g F_W (1 - frame) A; opaque parts: absorptance R_se U A (EN ISO 13790, 11.3.3 and 11.3.4).
    """
    window = window_areas(city)
    glass = _of_building(city, "window_g") * F_W * (1.0 - _of_building(city, "frame_fraction"))
    glass *= _of_building(city, "shading_factor")
    absorptance = _is(city, _WALLS) * _of_building(city, "wall_absorptance")
    absorptance += _is(city, _ROOFS) * _of_building(city, "roof_absorptance")
    return window * glass + (exposed_areas(city) - window) * absorptance * R_SE_M2K_W * _opaque_u(city)


def sky_areas(city: City) -> Floats:
    """Return the area of each building that exchanges long-wave radiation with the sky, m2, shape ``(n_buildings,)``.

    The heat lost is this times (sigma T_out^4 - sky infrared irradiance): EN ISO 13790, 11.3.5 and 11.4.6, with the
    sky's measured radiation instead of a fixed temperature difference.
    """
    window = window_areas(city)
    conductance = (exposed_areas(city) - window) * _opaque_u(city) + window * _of_building(city, "window_u_w_m2k")
    return sum_by_building(city, EMISSIVITY * R_SE_M2K_W * conductance * _sky_view(city))


def transmission(city: City) -> tuple[Floats, Floats]:
    """Return the transmission heat transfer through windows and through all else, W/K, shape ``(n_buildings,)``.

    Surfaces to ground count with the ground temperature factor; thermal bridges are a supplement to every U-value
    (TABULA calculation method).
    """
    window = window_areas(city)
    ground = city.surfaces["type"] == "GroundSurface"
    factor = np.where(ground, _of_building(city, "ground_temperature_factor"), 1.0)
    exposed = exposed_areas(city) * factor
    bridges = exposed * _of_building(city, "thermal_bridge_u_w_m2k")
    opaque = (exposed - window) * _opaque_u(city) + bridges
    through_windows = window * _of_building(city, "window_u_w_m2k")
    return sum_by_building(city, through_windows), sum_by_building(city, opaque)


def ventilation(city: City) -> Floats:
    """Return the ventilation heat transfer, W/K, shape ``(n_buildings,)``."""
    return _by_air(city, city.buildings["air_change_1_h"])


def airing(city: City) -> Floats:
    """Return what windows wide open add to the ventilation heat transfer, W/K, shape ``(n_buildings,)``."""
    return _by_air(city, np.maximum(city.buildings["airing_1_h"] - city.buildings["air_change_1_h"], 0.0))


def _by_air(city: City, air_change_1_h: Floats) -> Floats:
    h: Floats = AIR_J_M3K * city.buildings["heated_floor_area_m2"] * ROOM_HEIGHT_M * air_change_1_h / 3600.0
    return h


def design_heat_load(city: City) -> Floats:
    """Return the design heat load, W, shape ``(n_buildings,)``: transmission and ventilation at the design
    temperature, without gains and without reheat allowance (DIN EN 12831-1, simplified).
    """
    windows, opaque = transmission(city)
    buildings = city.buildings
    difference = buildings["heating_set_point_degc"] - buildings["design_outdoor_temperature_degc"]
    load = (windows + opaque + ventilation(city)) * np.maximum(difference, 0.0)
    return np.where(buildings["heated_floor_area_m2"] > 0, load, 0.0)


def zones(city: City, rows: NDArray[np.int64]) -> Zones:
    """Return the thermal properties of the chosen buildings (EN ISO 13790, 12.2.2 and 12.3.1).

    Raises
    ------
    TwinError
        For buildings whose envelope is too large for their floor area to be true.
    """
    floor = city.buildings["heated_floor_area_m2"][rows]
    capacity = city.buildings["thermal_capacity_j_m2k"][rows]
    mass_area = np.interp(capacity, _CAPACITY_J_M2K, _MASS_AREA) * floor
    total_area = SURFACES_PER_FLOOR * floor
    windows, opaque = (h[rows] for h in transmission(city))
    h_ms = H_MS_W_M2K * mass_area
    _check(city, rows, opaque, h_ms)
    to_mass = mass_area / total_area
    return Zones(
        h_tr_w=windows,
        h_tr_em=opaque * h_ms / (h_ms - opaque),
        h_tr_ms=h_ms,
        h_tr_is=H_IS_W_M2K * total_area,
        h_ve=ventilation(city)[rows],
        c_m=capacity * floor,
        to_mass=to_mass,
        to_surface=1.0 - to_mass - windows / (H_MS_W_M2K * total_area),
    )


def _check(city: City, rows: NDArray[np.int64], opaque: Floats, h_ms: Floats) -> None:
    bad = rows[opaque >= h_ms]
    if len(bad):
        raise TwinError(
            *(
                Problem(
                    f"building {city.buildings.ids[i]} loses more through its envelope than its heated floor area "
                    f"of {city.buildings['heated_floor_area_m2'][i]:.1f} m2 allows",
                    expected="a floor area and storeys that fit its geometry",
                )
                for i in bad
            )
        )
