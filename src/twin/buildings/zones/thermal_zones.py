"""From the tables of the city to what the kernel needs: heat transfer, capacity and areas of every thermal zone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.ground import AIR_J_M3K
from twin.buildings.kernel.simple_hourly import H_IS_W_M2K, H_MS_W_M2K, Zones
from twin.buildings.model import UNHEATED
from twin.buildings.zones.envelope import BASES, ROOFS, conductances, sum_by_building
from twin.city.model import City
from twin.errors import Problem, TwinError
from twin.table import Table

__all__ = [
    "ROOM_HEIGHT_M",
    "ThermalZones",
    "WeightedSum",
    "air_heat_capacity",
    "design_heat_load",
    "heated",
    "ventilated",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROOM_HEIGHT_M = 2.5  # reference room height, TABULA
SURFACES_PER_FLOOR = 4.5  # area facing the zone per floor area, EN ISO 13790, 7.2.2.2

_CACHED = 65_536  # numbers at a time
_NAMED = 20  # buildings, of all that have the same problem

# Effective mass area per floor area over the capacity per floor area, EN ISO 13790, Table 12
_CAPACITY_J_M2K = (165e3, 260e3, 370e3)
_MASS_AREA = (2.5, 3.0, 3.5)


def heated(buildings: Table) -> NDArray[np.bool_]:
    """Return which buildings are heated: those with heated floor area, unless their use is none that is."""
    return np.asarray((buildings["heated_floor_area_m2"] > 0) & (buildings["use_type"] != UNHEATED))


def air_heat_capacity(city: City) -> float:
    """Return the volumetric heat capacity of the air, J/(m3 K): less where the site lies high."""
    site = city.tables.get("site")
    if site is None or "air_heat_capacity_j_m3k" not in site:
        return AIR_J_M3K
    return float(site["air_heat_capacity_j_m3k"][0])


def ventilated(buildings: Table, air_change_1_h: Floats, rows: Ints | slice = slice(None)) -> Floats:
    """Return the air change that takes heat along, 1/h: what heat recovery gives back is taken off.

    What leaks in takes its heat along past the exchanger.

    Parameters
    ----------
    air_change_1_h
        By ventilation and infiltration.
    rows
        Rows of the buildings that the air changes are of.
    """
    leaks = np.minimum(buildings["infiltration_1_h"][rows], air_change_1_h)
    lost: Floats = leaks + (air_change_1_h - leaks) * (1.0 - buildings["heat_recovery"][rows])
    return lost


def design_heat_load(city: City) -> Floats:
    """Return the design heat load, W, shape ``(n_buildings,)``: transmission and ventilation at the design
    temperature, without gains and without reheat allowance (DIN EN 12831-1, simplified).
    """
    through, table = conductances(city), city.buildings
    transmission = sum_by_building(city, through.windows + through.opaque + through.ground)
    volume = table["heated_floor_area_m2"] * ROOM_HEIGHT_M
    ventilation = air_heat_capacity(city) * volume * ventilated(table, table["air_change_1_h"]) / 3600.0
    difference = table["heating_set_point_degc"] - table["design_outdoor_temperature_degc"]
    load = (transmission + ventilation) * np.maximum(difference, 0.0)
    return np.where(heated(table), load, 0.0)


@dataclass(frozen=True)
class _Part:
    """Which share of which surface belongs to which zone, sorted by zone; all of shape ``(k,)``."""

    surface: Ints
    zone: Ints
    share: Floats


class WeightedSum:
    """Sums over the surfaces of zones, each surface with a weight; those of weight 0 are left out.

    Some rows at a time, so that what is made on the way stays in the caches.
    """

    def __init__(self, parts: _Part, weights: Floats, n_zones: int) -> None:
        share = parts.share * weights[parts.surface]
        there = np.flatnonzero(share)
        self._surface, self._share, zone = parts.surface[there], share[there], parts.zone[there]
        self._first = np.flatnonzero(np.diff(zone, prepend=-1))
        self._zone, self._n = zone[self._first], n_zones

    def __call__(self, values: Floats) -> Floats:
        """Return the sums of ``(..., surface)`` as ``(..., zone)``."""
        total = np.zeros((*values.shape[:-1], self._n))
        if len(self._surface):
            rows, out = values.reshape(-1, values.shape[-1]), total.reshape(-1, self._n)
            depth = max(1, _CACHED // len(self._surface))
            for begin in range(0, len(rows), depth):
                here = slice(begin, begin + depth)
                taken = rows[here].take(self._surface, axis=1)
                taken *= self._share
                out[here, self._zone] = np.add.reduceat(taken, self._first, axis=1)
        return total


class ThermalZones:
    """The thermal zones of a city, each with its part of the envelope of its building.

    A surface belongs to the zone of its building part. Of several zones one above the other, the lowest has the ground
    floor and the highest the roof; all else they share by floor area. Between zones nothing passes.

    Parameters
    ----------
    city
        With the table ``zone``.

    Attributes
    ----------
    building
        Row of each zone's building, sorted, shape ``(n_zones,)``.
    floor_area
        Heated floor area, m2.
    """

    def __init__(self, city: City) -> None:
        self.city, self.table = city, city.table("zone")
        self.building = self.table["building"]
        self.floor_area: Floats = self.table["heated_floor_area_m2"]

    def __len__(self) -> int:
        return len(self.table)

    def of_building(self, name: str) -> Floats:
        """Return a value of each zone's building."""
        values: Floats = self.city.buildings[name][self.building]
        return values

    @cached_property
    def floor_share(self) -> Floats:
        """Share of each zone in the heated floor area of its building."""
        whole = np.bincount(self.building, self.floor_area, len(self.city.buildings))
        share: Floats = self.floor_area / whole[self.building]
        return share

    @cached_property
    def _parts(self) -> _Part:
        surfaces, n_buildings = self.city.surfaces, len(self.city.buildings)
        first = np.searchsorted(self.building, np.arange(n_buildings + 1))
        count = np.diff(first)[surfaces["building"]]
        surface = np.repeat(np.arange(len(surfaces)), count)
        zone = np.arange(len(surface)) - np.repeat(np.cumsum(count) - count, count)
        zone += first[surfaces["building"]][surface]
        part = np.full(len(surfaces), -1)
        if "part" in surfaces:
            part = np.where(surfaces.missing("part"), -1, surfaces["part"])
        mine, theirs = part[surface], self.table["part"][zone]
        weight = self.floor_area[zone] * ((mine == theirs) | (mine < 0) | (theirs < 0))
        weight = weight * self._standing(surface, zone)
        whole = np.bincount(surface, weight, len(surfaces))[surface]
        share = np.divide(weight, whole, out=np.zeros_like(weight), where=whole > 0)
        order = np.flatnonzero(share > 0)
        order = order[np.argsort(zone[order], kind="stable")]
        return _Part(surface[order], zone[order], share[order])

    def _standing(self, surface: Ints, zone: Ints) -> NDArray[np.bool_]:
        """Return whether a zone may have a surface: of zones one above the other one has the floor, one the roof."""
        table, types = self.table, self.city.surfaces["type"][surface]
        place = self.building * (int(table["part"].max(initial=0)) + 2) + table["part"] + 1
        below = table["use"] == "secondary"
        stacked = np.isin(place, place[below]) & np.isin(place, place[~below])
        there = np.where(
            np.isin(types, BASES[:1]), below[zone], np.where(np.isin(types, ROOFS[:1]), ~below[zone], True)
        )
        return there | ~stacked[zone]

    def sum(self, values: Floats) -> Floats:
        """Sum values per surface over the surfaces of each zone, ``(..., surface)`` to ``(..., zone)``."""
        return self.weighted(np.ones(len(self.city.surfaces)))(values)

    def weighted(self, weights: Floats) -> WeightedSum:
        """Return what sums values per surface, each times a weight, over the surfaces of each zone."""
        return WeightedSum(self._parts, weights, len(self))

    @cached_property
    def air_w_k_per_change(self) -> Floats:
        """Heat transfer by ventilation per air change an hour, W h/K."""
        volume: Floats = self.floor_area * ROOM_HEIGHT_M
        return volume * (air_heat_capacity(self.city) / 3600.0)

    @cached_property
    def ventilation(self) -> Floats:
        """Ventilation heat transfer, W/K."""
        return self.air_w_k_per_change * ventilated(self.city.buildings, self.table["air_change_1_h"], self.building)

    @cached_property
    def airing(self) -> Floats:
        """What windows wide open add to the ventilation heat transfer, W/K."""
        more: Floats = np.maximum(self.of_building("airing_1_h") - self.table["air_change_1_h"], 0.0)
        return self.air_w_k_per_change * more

    @cached_property
    def transmission(self) -> tuple[Floats, Floats, Floats]:
        """Transmission heat transfer through windows, through all else to outdoors and to the ground, W/K."""
        through = conductances(self.city)
        return self.sum(through.windows), self.sum(through.opaque), self.sum(through.ground)

    @cached_property
    def heat_load_share(self) -> Floats:
        """Share of each zone in the design heat load of its building."""
        lift = self.table["heating_set_point_degc"] - self.of_building("design_outdoor_temperature_degc")
        load: Floats = (np.sum(self.transmission, axis=0) + self.ventilation) * np.maximum(lift, 0.0)
        whole = np.bincount(self.building, load, len(self.city.buildings))[self.building]
        shares: Floats = np.divide(load, whole, out=self.floor_share.copy(), where=whole > 0)
        return shares

    def thermal(self) -> Zones:
        """Return the thermal properties of the zones (EN ISO 13790, 12.2.2 and 12.3.1).

        Raises
        ------
        TwinError
            For zones whose envelope is too large for their floor area to be true.
        """
        floor, capacity = self.floor_area, self.of_building("thermal_capacity_j_m2k")
        mass_area = np.interp(capacity, _CAPACITY_J_M2K, _MASS_AREA) * floor
        total_area = SURFACES_PER_FLOOR * floor
        windows, outdoors, ground = self.transmission
        opaque, h_ms = outdoors + ground, H_MS_W_M2K * mass_area
        self._check(opaque, h_ms)
        to_mass = mass_area / total_area
        return Zones(
            h_tr_w=windows,
            h_tr_em=opaque * h_ms / (h_ms - opaque),
            h_tr_ms=h_ms,
            h_tr_is=H_IS_W_M2K * total_area,
            h_ve=self.ventilation,
            c_m=capacity * floor,
            to_mass=to_mass,
            to_surface=1.0 - to_mass - windows / (H_MS_W_M2K * total_area),
        )

    def named(self, chosen: NDArray[np.bool_]) -> str:
        """Return how to speak of the buildings of chosen zones, with "is" or "are"; "" if none is chosen."""
        rows = np.unique(self.building[chosen])
        names = self.city.buildings.ids[rows[:3]].tolist()
        if not names:
            return ""
        if len(rows) == 1:
            return f"building {names[0]} is"
        return f"{len(rows)} buildings ({', '.join(names)}{', ...' if len(rows) > 3 else ''}) are"

    def _check(self, opaque: Floats, h_ms: Floats) -> None:
        bad = self.building[opaque >= h_ms]
        if len(bad):
            table = self.city.buildings
            raise TwinError(
                *(
                    Problem(
                        f"building {table.ids[i]} loses more through its envelope than its heated floor area of "
                        f"{table['heated_floor_area_m2'][i]:.1f} m2 allows",
                        expected="a floor area and storeys that fit its geometry",
                    )
                    for i in np.unique(bad)[:_NAMED]
                )
            )
