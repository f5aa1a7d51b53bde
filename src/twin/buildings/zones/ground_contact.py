"""What the buildings of a city stand on, and the temperature that their ground floors see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.ground import (
    CELLAR_DEPTH_M,
    CELLAR_WALL_R_M2K_W,
    SOILS,
    Exchange,
    Floor,
    floor_resistance,
    heated_basement,
    slab_on_ground,
    unheated_basement,
)
from twin.buildings.kernel.ground_temperature import annual_swing, virtual_ground_temperature
from twin.buildings.kernel.series import Shared
from twin.buildings.zones.envelope import sum_by_building
from twin.buildings.zones.thermal_zones import ThermalZones
from twin.city.model import City
from twin.engine.time import TimeAxis

__all__ = ["GroundTemperature", "exchange", "ground_factor"]

Floats = NDArray[np.float64]

SOIL = "sand"  # EN ISO 13370, 5.1: where nothing is known


def exchange(city: City) -> tuple[Exchange, Floats]:
    """Return how every building exchanges heat by the ground, and the area of its ground floor (EN ISO 13370).

    The area is in m2, shape ``(n_buildings,)``; a building without ground floor exchanges nothing.
    """
    table, soil = city.buildings, SOILS[SOIL]
    area = sum_by_building(city, city.surfaces["area_m2"] * (city.surfaces["type"] == "GroundSurface"))
    below = table["basement"]
    resistance = floor_resistance(table["base_u_w_m2k"], below == "unheated")
    floor = Floor(np.maximum(area, 1e-9), table["ground_perimeter_m"], resistance)
    kinds = {
        "none": slab_on_ground(floor, soil),
        "unheated": unheated_basement(floor, soil),
        "heated": heated_basement(floor, soil, CELLAR_DEPTH_M, CELLAR_WALL_R_M2K_W),
    }
    return _chosen(kinds, below, len(table)), area


def _chosen(kinds: dict[str, Exchange], below: NDArray[np.str_], n: int) -> Exchange:
    """Return for each building the exchange of its kind."""
    whiches = [below == kind for kind in kinds]

    def choose(name: str) -> Floats:
        values = [np.broadcast_to(getattr(one, name), (n,)) for one in kinds.values()]
        return np.select(whiches, values, 0.0)

    return Exchange(**{name: choose(name) for name in ("steady_w_k", "indoor_w_k", "outdoor_w_k", "lead_s", "lag_s")})


def ground_factor(city: City) -> Floats:
    """Return the share of the difference to outdoors that floors see in the long run, 1, shape ``(n_buildings,)``."""
    by_ground, area = exchange(city)
    whole = area * city.buildings["base_u_w_m2k"]
    factor: Floats = np.divide(by_ground.steady_w_k, whole, out=np.ones(len(area)), where=whole > 0)
    return factor


class GroundTemperature:
    """The temperature that the ground floor of every zone sees on its far side, over the year.

    Parameters
    ----------
    zones
        Of a city with the table ``weather``.
    """

    def __init__(self, zones: ThermalZones) -> None:
        by_ground, _ = exchange(zones.city)
        self._exchange = Exchange(**{name: values[zones.building] for name, values in vars(by_ground).items()})
        self._swing = annual_swing(zones.city.table("weather")["outdoor_temperature"])
        self._shares: Floats | None = None

    def __call__(self, window: TimeAxis) -> Shared:
        """Return the temperature in the middle of every step, degC, ``(step, zone)``; shares are always the same."""
        below = virtual_ground_temperature(self._exchange, self._swing, window.seconds + window.step_s // 2)
        if self._shares is None:
            self._shares = below.shares
        return Shared(below.profiles, self._shares)
