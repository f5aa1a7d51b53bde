"""Heat transfer by the ground: EN ISO 13370:2017, steady state and the swing of the year, for arrays of buildings.

Symbols and equations are the standard's. Where a building's thermal bridges are a supplement to its U-values, the
linear transmittance of the junction of wall and floor is not added again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SOILS",
    "YEAR_S",
    "Cellar",
    "Edge",
    "Exchange",
    "Floor",
    "Soil",
    "Void",
    "characteristic_dimension",
    "edge_transmittance",
    "equivalent_thickness",
    "floor_resistance",
    "heated_basement",
    "heated_basement_u",
    "slab_on_ground",
    "slab_u",
    "suspended_floor",
    "unheated_basement",
]

Floats = NDArray[np.float64]
Real = Floats | float

YEAR_S = 365.2425 * 86400.0
MONTH_S = YEAR_S / 12.0
R_SI_DOWN_M2K_W = 0.17  # inside, heat flow down, and both sides of a floor over a cellar: EN ISO 6946:2017, Table 7
R_SI_WALL_M2K_W = 0.13  # inside, heat flow horizontal
R_SE_M2K_W = 0.04  # outside, the same table
AIR_J_M3K = 1200.0  # volumetric heat capacity of air at sea level, EN ISO 13790, 9.3.1; 0.33 Wh in EN ISO 13370
WALL_THICKNESS_M = 0.3  # planning assumption, as in the examples of EN ISO 13370
CELLAR_DEPTH_M = 2.0  # planning assumption: a storey of 2.5 m, of which
CELLAR_ABOVE_M = 0.5  # this much shows
CELLAR_AIR_CHANGE_1_H = 0.3  # EN ISO 13370, unheated basement without other information
CELLAR_WALL_U_W_M2K = 1.5  # planning assumption: bare masonry above ground
CELLAR_WALL_R_M2K_W = 0.3  # planning assumption: the same below ground, without surface resistances
_WIDEST_M = 1e6  # a floor all of whose edges touch neighbours is as wide as this: it loses nothing to outdoors


@dataclass(frozen=True)
class Soil:
    """What the ground is made of: conductivity and heat capacity by volume."""

    conductivity_w_mk: float
    heat_capacity_j_m3k: float

    @property
    def penetration_depth_m(self) -> float:
        """Depth at which the year's swing is left with 1/e, m: EN ISO 13370, annex H."""
        return float(np.sqrt(YEAR_S * self.conductivity_w_mk / (np.pi * self.heat_capacity_j_m3k)))


# EN ISO 13370:2017, Table 7; sand or gravel stands where nothing is known
SOILS = {"clay": Soil(1.5, 3e6), "sand": Soil(2.0, 2e6), "rock": Soil(3.5, 2e6)}


@dataclass(frozen=True)
class Floor:
    """Ground floors, of shape ``(n,)`` or one value for all.

    Attributes
    ----------
    area_m2, perimeter_m
        Of the floor, and of it what lies at outdoor air or unheated rooms.
    resistance_m2k_w
        From surface to surface, `floor_resistance`.
    wall_m
        Thickness of the walls.
    """

    area_m2: Real
    perimeter_m: Real
    resistance_m2k_w: Real
    wall_m: Real = WALL_THICKNESS_M

    @property
    def b(self) -> Floats:
        """Characteristic dimension, m."""
        return characteristic_dimension(self.area_m2, self.perimeter_m)

    def thickness(self, soil: Soil) -> Floats:
        """Return the floor's equivalent thickness of ground, m."""
        return equivalent_thickness(soil, self.wall_m, R_SI_DOWN_M2K_W + np.asarray(self.resistance_m2k_w) + R_SE_M2K_W)


@dataclass(frozen=True)
class Edge:
    """Insulation along the edge of a slab, ``extent_m`` wide or deep: EN ISO 13370, annex D."""

    resistance_m2k_w: Real
    thickness_m: Real
    extent_m: Real
    vertical: bool = False


@dataclass(frozen=True)
class Void:
    """The space below a suspended floor: EN ISO 13370, 7.2 and annex E.

    Defaults of the openings, wind and shielding are those of the examples of the standard (from memory).
    """

    height_m: Real = 0.3
    wall_u_w_m2k: Real = CELLAR_WALL_U_W_M2K
    openings_m2_m: Real = 0.0015
    wind_m_s: Real = 4.0
    shielding: Real = 0.05
    ground_resistance_m2k_w: Real = 0.0


@dataclass(frozen=True)
class Cellar:
    """An unheated basement: ``depth_m`` below ground and ``above_m`` above, in the dimensions of the floor over it."""

    depth_m: Real = CELLAR_DEPTH_M
    above_m: Real = CELLAR_ABOVE_M
    wall_u_w_m2k: Real = CELLAR_WALL_U_W_M2K
    wall_resistance_m2k_w: Real = CELLAR_WALL_R_M2K_W
    floor_resistance_m2k_w: Real = 0.0
    air_change_1_h: Real = CELLAR_AIR_CHANGE_1_H


@dataclass(frozen=True)
class Exchange:
    """How a building exchanges heat by the ground, each of shape ``(n,)``.

    Attributes
    ----------
    steady_w_k
        H_g, per difference of the annual means of indoor and outdoor temperature.
    indoor_w_k, outdoor_w_k
        H_pi and H_pe, per amplitude of the year's swing indoors and outdoors.
    lead_s, lag_s
        By how much the flow is ahead of the swing indoors, and behind that outdoors.
    """

    steady_w_k: Floats
    indoor_w_k: Floats
    outdoor_w_k: Floats
    lead_s: Floats
    lag_s: Floats


def floor_resistance(u_w_m2k: Real, over_cellar: bool | NDArray[np.bool_] = False) -> Floats:
    """Return the resistance of floors from surface to surface, m2 K/W, at least 0.

    Parameters
    ----------
    u_w_m2k
        Thermal transmittance of the construction with the surface resistances of EN ISO 6946: 0.17 m2 K/W inside and
        0.04 outside, or 0.17 on both sides.
    over_cellar
        Whether there is a cellar below.
    """
    outside = np.where(over_cellar, R_SI_DOWN_M2K_W, R_SE_M2K_W)
    return np.maximum(1.0 / np.asarray(u_w_m2k) - R_SI_DOWN_M2K_W - outside, 0.0)


def characteristic_dimension(area_m2: Real, perimeter_m: Real) -> Floats:
    """Return B' = A / (P / 2), m: EN ISO 13370, 6.2; very large where no edge is exposed."""
    area, perimeter = np.asarray(area_m2, dtype=np.float64), np.asarray(perimeter_m, dtype=np.float64)
    return np.minimum(area / np.maximum(perimeter / 2.0, 1e-12), _WIDEST_M)


def equivalent_thickness(soil: Soil, wall_m: Real, resistance_m2k_w: Real) -> Floats:
    """Return the thickness of ground that resists as much, m: d_t = w + lambda R, R from air to ground."""
    return np.asarray(wall_m + soil.conductivity_w_mk * np.asarray(resistance_m2k_w), dtype=np.float64)


def slab_u(b_m: Real, thickness_m: Real, soil: Soil) -> Floats:
    """Return the thermal transmittance of slabs on ground, W/(m2 K): EN ISO 13370, 7.1.

    The logarithm is for slabs with little insulation (d_t < B'), the fraction for others.
    """
    b, d = np.asarray(b_m, dtype=np.float64), np.asarray(thickness_m, dtype=np.float64)
    bare = 2.0 * soil.conductivity_w_mk / (np.pi * b + d) * np.log(np.pi * b / d + 1.0)
    insulated = soil.conductivity_w_mk / (0.457 * b + d)
    return np.where(d < b, bare, insulated)


def edge_transmittance(thickness_m: Real, edge: Edge, soil: Soil) -> Floats:
    """Return what edge insulation adds per perimeter, W/(m K), negative: EN ISO 13370, annex D."""
    d, more = np.asarray(thickness_m, dtype=np.float64), _edge_thickness(edge, soil)
    extent = np.asarray(edge.extent_m) * (2.0 if edge.vertical else 1.0)
    psi: Floats = -soil.conductivity_w_mk / np.pi * (np.log(extent / d + 1.0) - np.log(extent / (d + more) + 1.0))
    return psi


def _edge_thickness(edge: Edge, soil: Soil) -> Floats:
    """Return d' = lambda R', in which the ground that the insulation displaces is taken off."""
    return np.asarray(np.asarray(edge.resistance_m2k_w) * soil.conductivity_w_mk - edge.thickness_m)


def slab_on_ground(floor: Floor, soil: Soil, edge: Edge | None = None) -> Exchange:
    """Return the exchange of slabs on ground: EN ISO 13370, 7.1, annexes D and H."""
    d, depth = floor.thickness(soil), soil.penetration_depth_m
    steady = floor.area_m2 * slab_u(floor.b, d, soil)
    swing = _edge_swing(floor.perimeter_m, d, soil)
    if edge is not None:
        steady = steady + floor.perimeter_m * edge_transmittance(d, edge, soil)
        reach = np.exp(-np.asarray(edge.extent_m) * (2.0 if edge.vertical else 1.0) / depth)
        beside = _edge_swing(floor.perimeter_m, d + _edge_thickness(edge, soil), soil)
        swing = (1.0 - reach) * beside + reach * swing
    indoor = floor.area_m2 * _admittance(d, soil)
    return _exchange(steady, indoor, swing, _lead(d, depth), _lag(d, depth))


def _admittance(thickness_m: Floats, soil: Soil) -> Floats:
    """Return the periodic transmittance of indoor temperature through a thickness of ground, W/(m2 K)."""
    depth = soil.penetration_depth_m
    return np.asarray(soil.conductivity_w_mk / thickness_m * np.sqrt(2.0 / ((1.0 + depth / thickness_m) ** 2 + 1.0)))


def _edge_swing(perimeter_m: Real, thickness_m: Floats, soil: Soil) -> Floats:
    """Return the periodic transmittance of the outdoor temperature along the perimeter, W/K."""
    depth = soil.penetration_depth_m
    return np.asarray(0.37 * np.asarray(perimeter_m) * soil.conductivity_w_mk * np.log(depth / thickness_m + 1.0))


def _lead(thickness_m: Floats, depth_m: float) -> Floats:
    """Return how far the flow is ahead of the indoor temperature, s: 1.5 - 12 / (2 pi) arctan(...) months."""
    months = 1.5 - 12.0 / (2.0 * np.pi) * np.arctan(thickness_m / (thickness_m + depth_m))
    return np.asarray(months * MONTH_S)


def _lag(thickness_m: Floats, depth_m: float) -> Floats:
    """Return how far the flow is behind the outdoor temperature, s: 1.5 - 0.42 ln(...) months."""
    return np.asarray((1.5 - 0.42 * np.log(depth_m / thickness_m + 1.0)) * MONTH_S)


def _exchange(steady: Real, indoor: Real, outdoor: Real, lead: Real, lag: Real) -> Exchange:
    each = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (steady, indoor, outdoor, lead, lag)))
    return Exchange(*(np.array(np.atleast_1d(v)) for v in each))


def suspended_floor(floor: Floor, soil: Soil, void: Void | None = None) -> Exchange:
    """Return the exchange of floors over a ventilated void: EN ISO 13370, 7.2, annexes E and H."""
    void = void or Void()
    b = floor.b
    d = equivalent_thickness(
        soil, floor.wall_m, R_SI_DOWN_M2K_W + np.asarray(void.ground_resistance_m2k_w) + R_SE_M2K_W
    )
    through_floor = 1.0 / (np.asarray(floor.resistance_m2k_w) + 2.0 * R_SI_DOWN_M2K_W)
    to_air = np.asarray(2.0 * np.asarray(void.height_m) * void.wall_u_w_m2k / b)
    to_air = to_air + 1450.0 * np.asarray(void.openings_m2_m) * void.wind_m_s * void.shielding / b
    u = 1.0 / (1.0 / through_floor + 1.0 / (slab_u(b, d, soil) + to_air))
    inertia = soil.conductivity_w_mk / soil.penetration_depth_m
    indoor = floor.area_m2 / (1.0 / through_floor + 1.0 / (inertia + to_air))
    swing = through_floor * (_edge_swing(floor.perimeter_m, d, soil) + to_air * floor.area_m2)
    swing = swing / (inertia + to_air + through_floor)
    return _exchange(floor.area_m2 * u, indoor, swing, 0.0, 0.0)


def heated_basement_u(b_m: Real, floor_m: Real, wall_m: Real, depth_m: Real, soil: Soil) -> tuple[Floats, Floats]:
    """Return the thermal transmittances of a basement's floor and walls, W/(m2 K): EN ISO 13370, 7.3.

    Parameters
    ----------
    floor_m, wall_m
        Equivalent thicknesses d_t and d_w.
    depth_m
        Of the floor below ground level.
    """
    floor, wall, z = (np.asarray(v, dtype=np.float64) for v in (floor_m, wall_m, depth_m))
    of_floor = slab_u(b_m, floor + z / 2.0, soil)
    floor = np.minimum(floor, wall)
    deep = np.maximum(z, 1e-9)  # the limit of no depth
    of_wall = 2.0 * soil.conductivity_w_mk / (np.pi * deep) * (1.0 + 0.5 * floor / (floor + z)) * np.log1p(deep / wall)
    return of_floor, of_wall


def heated_basement(floor: Floor, soil: Soil, depth_m: Real, wall_resistance_m2k_w: Real) -> Exchange:
    """Return the exchange of heated basements by floor and walls below ground: EN ISO 13370, 7.3 and annex H.

    Parameters
    ----------
    wall_resistance_m2k_w
        Of the walls below ground, from surface to surface.
    """
    z, depth, d = np.asarray(depth_m, dtype=np.float64), soil.penetration_depth_m, floor.thickness(soil)
    wall = equivalent_thickness(soil, 0.0, R_SI_WALL_M2K_W + np.asarray(wall_resistance_m2k_w) + R_SE_M2K_W)
    of_floor, of_wall = heated_basement_u(floor.b, d, wall, z, soil)
    buried = z * floor.perimeter_m
    indoor = floor.area_m2 * _admittance(d, soil) + buried * _admittance(wall, soil)
    above = np.exp(-z / depth)
    swing = above * _edge_swing(floor.perimeter_m, d, soil)
    swing = swing + 2.0 * (1.0 - above) * _edge_swing(floor.perimeter_m, wall, soil)
    steady = floor.area_m2 * of_floor + buried * of_wall
    return _exchange(steady, indoor, swing, _lead(d, depth), _lag(d, depth))


def unheated_basement(floor: Floor, soil: Soil, cellar: Cellar | None = None) -> Exchange:
    """Return the exchange of floors over an unheated basement: EN ISO 13370, 7.4 and annex H.

    ``floor`` is the one between the rooms and the basement.
    """
    cellar, below = cellar or Cellar(), R_SI_DOWN_M2K_W + R_SE_M2K_W
    area, z, depth = floor.area_m2, np.asarray(cellar.depth_m, dtype=np.float64), soil.penetration_depth_m
    d = equivalent_thickness(soil, floor.wall_m, below + np.asarray(cellar.floor_resistance_m2k_w))
    wall = equivalent_thickness(soil, 0.0, R_SI_WALL_M2K_W + np.asarray(cellar.wall_resistance_m2k_w) + R_SE_M2K_W)
    of_floor, of_wall = heated_basement_u(floor.b, d, wall, z, soil)
    through_floor = area / (np.asarray(floor.resistance_m2k_w) + 2.0 * R_SI_DOWN_M2K_W)
    volume = area * (z + cellar.above_m)
    by_air = AIR_J_M3K / 3600.0 * np.asarray(cellar.air_change_1_h) * volume
    by_air = by_air + np.asarray(cellar.above_m) * floor.perimeter_m * cellar.wall_u_w_m2k
    beyond = area * of_floor + z * floor.perimeter_m * of_wall + by_air
    inertia = (area + z * floor.perimeter_m) * soil.conductivity_w_mk / depth + by_air
    swing = (2.0 - np.exp(-z / depth)) * _edge_swing(floor.perimeter_m, d, soil) + by_air
    return _exchange(
        through_floor * beyond / (through_floor + beyond),
        through_floor * inertia / (through_floor + inertia),
        through_floor * swing / (inertia + through_floor),
        0.0,
        MONTH_S,  # the standard's simplified lag
    )
