"""The zones of a city with many nodes each, for audits, behind the same door as those of one mass (`one_mass`).

Walls, roof, floors, windows and internal mass are elements of EN ISO 52016-1. Each zone keeps 25 modes and 20 kB of
coefficients: this is for thousands of buildings, not for hundreds of thousands. Gains by the sun come as one sum that
heats the inner surfaces, as behind that door, so what opaque walls take up from it reaches indoors without their delay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel import elements
from twin.buildings.kernel.control import Control, Keeper
from twin.buildings.kernel.ground import SOILS, Soil, floor_resistance
from twin.buildings.kernel.multinode import Modes, Network, fold
from twin.buildings.kernel.series import Dense, Series, Shared, spread
from twin.buildings.kernel.simple_hourly import Result
from twin.buildings.zones.envelope import (
    ROOFS,
    WALLS,
    conductances,
    exposed_areas,
    unheated_neighbour_areas,
    window_areas,
)
from twin.buildings.zones.ground_contact import SOIL
from twin.buildings.zones.thermal_zones import SURFACES_PER_FLOOR, ThermalZones

__all__ = ["MultiNode", "networks"]

Floats = NDArray[np.float64]

LIGHT_J_M2K = 10e3  # air and furniture per floor area, EN ISO 52016-1, Table B.17
LEAST_MASS_J_M2K = 5e3  # internal mass per floor area where the envelope has all of the zone's: planning assumption
POSITION = "D"  # where the mass of opaque elements lies unless known: planning assumption, masonry
_LEAST_U_W_M2K = 1e-6
_CHUNK = 1 << 21  # numbers worked out ahead, so that a year of many zones fits the memory


@dataclass(frozen=True)
class _Kind:
    """Area, m2, and heat transfer, W/K, of one kind of element in every zone, shape ``(zone,)``."""

    area: Floats
    h: Floats

    @property
    def u(self) -> Floats:
        """Thermal transmittance, W/(m2 K), all but 0 where nothing passes; 1 where there is no area."""
        u = np.divide(self.h, self.area, out=np.ones_like(self.h), where=self.area > 0.0)
        return np.asarray(np.maximum(u, _LEAST_U_W_M2K))


def networks(zones: ThermalZones, soil: Soil = SOILS[SOIL]) -> Network:
    """Return the networks of thermal zones, in their order.

    Every element loses what it does in the 5R1C method: thermal bridges and the factors of unheated rooms are part of
    its resistance. The internal heat capacity is the same too: what the envelope does not store in a day is internal
    mass.

    Parameters
    ----------
    soil
        Below the ground floors.
    """
    walls, roofs, floors, ground, windows = _kinds(zones)
    floor_area, stored = zones.floor_area, zones.of_building("thermal_capacity_j_m2k")
    kappa = elements.heavy_class(stored)
    over_cellar = zones.city.buildings["basement"][zones.building] == "unheated"
    own = floor_resistance(zones.of_building("base_u_w_m2k"), over_cellar)
    outer = [
        elements.opaque(walls.area, walls.u, kappa, POSITION, "horizontal"),
        elements.opaque(roofs.area, roofs.u, kappa, POSITION, "up"),
        elements.opaque(floors.area, floors.u, kappa, POSITION, "down"),
        elements.ground_floor(ground.area, ground.u, own, kappa, POSITION, soil),
    ]
    by_envelope = sum((e.area_m2 * elements.usable_capacity(e) for e in outer), np.zeros(len(zones)))
    left = np.maximum((stored - LIGHT_J_M2K) * floor_area - by_envelope, LEAST_MASS_J_M2K * floor_area)
    enclosing = sum((e.area_m2 for e in outer), windows.area)
    inner = np.maximum(SURFACES_PER_FLOOR * floor_area - enclosing, floor_area)
    kinds = [*outer, elements.window(windows.area, windows.u), elements.internal_mass(inner, left / inner)]
    return elements.assemble(kinds, zones.ventilation, LIGHT_J_M2K * floor_area)


def _kinds(zones: ThermalZones) -> tuple[_Kind, ...]:
    """Return walls, roofs, floors over outdoor air, ground floors and windows."""
    city = zones.city
    types, through = city.surfaces["type"], conductances(city)
    window = window_areas(city)
    opaque = exposed_areas(city) - window + unheated_neighbour_areas(city)

    def kind(here: NDArray[np.bool_], h: Floats) -> _Kind:
        return _Kind(zones.sum(np.where(here, opaque, 0.0)), zones.sum(np.where(here, h, 0.0)))

    ground = types == "GroundSurface"
    return (
        kind(np.isin(types, WALLS), through.opaque),
        kind(np.isin(types, ROOFS), through.opaque),
        kind(types == "OuterFloorSurface", through.opaque),
        kind(ground, through.ground),
        _Kind(zones.sum(window), zones.sum(through.windows)),
    )


class MultiNode:
    """Thermal zones of many nodes that can be moved through time.

    Parameters
    ----------
    network
        With the sources of `twin.buildings.kernel.elements.SOURCES`.
    begin_degc
        Temperature at which everything begins, shape ``(zone,)``.
    by_operative
        Whether set points are those of the operative temperature.
    """

    def __init__(self, network: Network, step_s: float, begin_degc: Floats, by_operative: bool = False) -> None:
        self._steps: Modes = fold(network, step_s)
        self._begin = np.repeat(np.asarray(begin_degc, dtype=np.float64)[:, None], network.capacity.shape[1], axis=1)
        # of the radiant node and the air, then of what is controlled: EN ISO 52016-1 feels the mean of the two
        steps, weights = self._steps, [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5] if by_operative else [0.0, 1.0]]
        self._seen = np.asarray(weights) @ steps.mean[:, -2:]
        self._driven = np.asarray(weights) @ steps.mean_driven[:, -2:]
        self._into = np.ascontiguousarray(steps.driven[:, :, -1])
        self._by_operative = by_operative
        self._keeper = Keeper(slice(0, len(self._into)), np.ascontiguousarray(self._driven[:, 2, -1]))

    def start(self) -> Floats:
        """Return the state in which all is as warm as at the beginning, shape ``(zone, mode)``."""
        return np.asarray(np.einsum("zmn,zn->zm", self._steps.start, self._begin))

    def run(
        self,
        state: Floats,
        outdoor: Series,
        internal: Series,
        solar: Series,
        ground: Series | None,
        control: Control,
    ) -> tuple[Result, Floats]:
        """Run a window: the power into the air that keeps its mean over each step between the set points.

        Parameters
        ----------
        outdoor, internal, solar, control
            As `twin.buildings.kernel.simple_hourly.simulate` takes them.
        ground
            Temperature that the ground floors have outside, degC, as
            `twin.buildings.kernel.ground_temperature.virtual_ground_temperature`; that outdoors if None.

        Returns
        -------
        Result
            With the operative temperature; ``mass`` is empty.
        state
            At the window's end.

        Raises
        ------
        ValueError
            If a series does not fit, or air is to be let in where the operative temperature is controlled.
        """
        if self._by_operative and control.vents:
            raise ValueError("added ventilation works on the air; it cannot go with control by operative temperature")
        shape = len(outdoor.profiles if isinstance(outdoor, Shared) else outdoor), len(state)
        given = [spread(s, shape) for s in (outdoor, internal, solar, outdoor if ground is None else ground)]
        self._keeper.window(control, given[0], shape)
        power, air, operative = (np.empty(shape) for _ in range(3))
        vented = np.empty(shape) if control.vents else None
        depth = max(1, _CHUNK // state.size)
        for begin in range(0, shape[0], depth):
            here = slice(begin, min(begin + depth, shape[0]))
            state, free, kept, felt = self._chunk(state, here, given)
            self._keeper.settle(here, free, kept, power[here], None if vented is None else vented[here])
            air[here], operative[here] = felt[:, 1], felt.mean(axis=1)
        return Result(power, air, np.empty((0, shape[1])), vented, operative), state

    def _chunk(self, state: Floats, here: slice, given: list[Shared | Dense]) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the state after some steps, what is controlled left free and kept, and radiant and air temperature."""
        inputs = np.stack([_dense(series, here) for series in given], axis=2).transpose(1, 0, 2)
        inputs[:, :, 3] -= inputs[:, :, 0]  # the ground enters as its difference to outdoors
        forcing = (inputs @ self._steps.driven[:, :, :4].transpose(0, 2, 1)).transpose(1, 0, 2)
        base = (inputs @ self._driven[:, :, :4].transpose(0, 2, 1)).transpose(1, 2, 0)
        n = here.stop - here.start
        free, kept = np.empty((2, n, len(state)))
        felt = np.empty((n, 2, len(state)))
        response, heating = self._driven[:, 2, -1], self._driven[:, :2, -1].T
        for k in range(n):
            left = (self._seen @ state[:, :, None])[:, :, 0].T + base[k]
            free[k] = left[2]
            self._keeper.keep(here.start + k, free[k], kept[k])
            heat = (kept[k] - left[2]) / response
            felt[k] = left[:2] + heating * heat
            state = self._steps.decay * state + forcing[k] + heat[:, None] * self._into
        return state, free, kept, felt


def _dense(series: Shared | Dense, here: slice) -> Floats:
    """Return some steps of a series of every zone, ``(step, zone)``."""
    return np.asarray(series.steps(here).expand() if isinstance(series, Shared) else series.values[here])
