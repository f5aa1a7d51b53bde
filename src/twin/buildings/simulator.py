"""Buildings as simulators: useful heat, cold and hot water, and the temperature indoors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.kernel import Control, Shared, fold, simulate
from twin.buildings.schedules import Clock, profile, read_clock
from twin.buildings.zones import airing, sky_areas, solar_areas, sum_by_building, zones
from twin.city.model import City
from twin.engine.ports import Arrays, Read, Write
from twin.engine.time import CivilTime, TimeAxis
from twin.errors import Problem, TwinError
from twin.random import Streams
from twin.registry import Setup

__all__ = ["BuildingsSimulator", "build", "heated_rows", "hot_water_power"]

Floats = NDArray[np.float64]

STEFAN_BOLTZMANN = 5.670374419e-8  # W/(m2 K4)
ZERO_DEGC_K = 273.15
WATER_J_KG_K = 4180.0
DRAW_OFF_DEGC = 60.0
COLD_WATER_DEGC = 10.0
DAY_S = 86400.0
OUT_OF_REACH_DEGC = 1000.0  # a set point that turns cooling off
AIRING_FROM_DEGC = 23.0  # DIN 4108-2:2013
AIRING_ABOVE_SET_POINT_K = 2.0
_SUM_STEPS = 256  # steps whose irradiance is weighted at a time, to keep the product small


def heated_rows(city: City) -> NDArray[np.int64]:
    """Return the rows of the buildings that are heated."""
    return np.flatnonzero(city.buildings["heated_floor_area_m2"] > 0)


def hot_water_power(occupants: Floats, litres_per_person_day: Floats) -> Floats:
    """Return the mean useful power of the hot water people draw, W; a litre is taken as a kilogram."""
    mass_flow = occupants * litres_per_person_day / DAY_S
    power: Floats = mass_flow * WATER_J_KG_K * (DRAW_OFF_DEGC - COLD_WATER_DEGC)
    return power


@dataclass(frozen=True)
class _State:
    mass: Floats


class BuildingsSimulator:
    """Every heated building as one zone of EN ISO 13790's simple hourly method.

    Heating is limited to its capacity; where there is no cooling, people open windows when it is warm indoors.

    Buildings that are not heated ask for nothing; their indoor temperature is that outdoors. ``indoor_temperature`` is
    the mean over the step, as the standard has it, so it is averaged when taken to longer steps.

    Parameters
    ----------
    civil
        Where people live by the clock.
    """

    name = "buildings"
    version = "1"
    reads = (
        Read("outdoor_temperature", "building"),
        Read("sky_infrared_irradiance", "building"),
        Read("irradiance", "surface"),
        Read("internal_gain", "building", gather="sum"),
    )
    writes = (
        Write("space_heating_demand", "building"),
        Write("space_cooling_demand", "building"),
        Write("hot_water_demand", "building"),
        Write("indoor_temperature", "building"),
    )

    def __init__(self, city: City, archetypes: Archetypes, civil: CivilTime, step_s: int) -> None:
        self.step_s = step_s
        self._city, self._archetypes, self._civil = city, archetypes, civil
        self._rows = rows = heated_rows(city)
        table = city.buildings
        self._steps = fold(zones(city, rows), step_s)
        self._solar_areas = solar_areas(city)
        self._sky_areas = sky_areas(city)[rows]
        self._uses = archetypes.use_rows(table["use_type"][rows])
        self._set_point = table["heating_set_point_degc"][rows]
        self._set_back = np.minimum(table["heating_setback_degc"][rows], self._set_point)
        self._cooling = np.where(table["cooled"][rows], table["cooling_set_point_degc"][rows], np.inf)
        self._check_set_points()
        self._capacity = table["heating_capacity_w"][rows]
        warm = np.maximum(AIRING_FROM_DEGC, self._set_point + AIRING_ABOVE_SET_POINT_K)
        self._airing_from = np.where(table["cooled"][rows], np.inf, warm)
        self._airing_max = airing(city)[rows]
        self._hot_water = hot_water_power(table["occupants"][rows], archetypes.uses["hot_water"][self._uses])
        self._mass = self._set_point.copy()

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Begin with the mass at the heating set point."""
        self._mass = self._set_point.copy()

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return demands and indoor temperatures of a window."""
        clock = read_clock(window, self._civil)
        outdoor = inputs["outdoor_temperature"]
        result = simulate(
            self._steps,
            self._mass,
            _chosen(outdoor, self._rows),
            inputs["internal_gain"][:, self._rows],
            self._solar_gain(inputs),
            self._control(clock),
        )
        self._mass = result.mass[-1].copy()
        hot_water = profile(self._archetypes, "hot_water", clock)[:, self._uses]
        hot_water *= self._hot_water
        return {
            "space_heating_demand": self._everywhere(np.maximum(result.power, 0.0)),
            "space_cooling_demand": self._everywhere(np.maximum(-result.power, 0.0)),
            "hot_water_demand": self._everywhere(hot_water),
            "indoor_temperature": self._everywhere(result.air, outdoor),
        }

    def state(self) -> _State:
        """Return the temperatures of the masses."""
        return _State(self._mass.copy())

    def restore(self, state: _State) -> None:
        """Take the masses back to temperatures they had."""
        self._mass = state.mass.copy()

    def _check_set_points(self) -> None:
        crossed = self._rows[self._cooling < self._set_point]
        if len(crossed):
            raise TwinError(
                *(
                    Problem(f"building {self._city.buildings.ids[i]} is to be cooled below its heating set point")
                    for i in crossed
                )
            )

    def _solar_gain(self, inputs: Arrays) -> Floats:
        """Return the gain by sun and sky less what is radiated to the sky, W, ``(step, heated building)``."""
        irradiance = inputs["irradiance"]
        gain = np.empty((len(irradiance), len(self._rows)))
        for begin in range(0, len(irradiance), _SUM_STEPS):
            here = slice(begin, begin + _SUM_STEPS)
            gain[here] = sum_by_building(self._city, irradiance[here] * self._solar_areas)[:, self._rows]
        outdoor = _chosen(inputs["outdoor_temperature"], self._rows)
        infrared = _chosen(inputs["sky_infrared_irradiance"], self._rows)
        gain -= (STEFAN_BOLTZMANN * (outdoor + ZERO_DEGC_K) ** 4 - infrared) * self._sky_areas
        return gain

    def _control(self, clock: Clock) -> Control:
        return Control(
            heating_set=self._heating_set(clock),
            cooling_set=self._cooling_set(clock),
            heating_max=self._capacity,
            airing_from=self._airing_from,
            airing_max=self._airing_max,
        )

    def _heating_set(self, clock: Clock) -> Shared:
        share = profile(self._archetypes, "heating", clock, seasonal=False)
        return self._by_use(share, self._set_point - self._set_back, self._set_back)

    def _cooling_set(self, clock: Clock) -> Shared | None:
        if np.isinf(self._cooling).all():
            return None
        off = profile(self._archetypes, "cooling", clock, seasonal=False) < 0.5
        level = np.minimum(self._cooling, OUT_OF_REACH_DEGC)
        return self._by_use(off.astype(np.float64), np.full(len(level), OUT_OF_REACH_DEGC), level)

    def _by_use(self, profiles: Floats, times: Floats, plus: Floats) -> Shared:
        """Return the profile of each building's use times a value of the building plus another."""
        uses, use = np.unique(self._uses, return_inverse=True)
        ones, shares = np.ones((len(profiles), 1)), np.zeros((len(uses) + 1, len(use)))
        shares[use, np.arange(len(use))] = times
        shares[-1] = plus
        return Shared(np.hstack([profiles[:, uses], ones]), shares)

    def _everywhere(self, values: Floats, otherwise: Floats | None = None) -> Floats:
        """Return values of the heated buildings among those of all, the others being 0 or as given."""
        if len(self._rows) == len(self._city.buildings):
            return values
        shape = (len(values), len(self._city.buildings))
        out = np.zeros(shape) if otherwise is None else np.array(np.broadcast_to(otherwise, shape))
        out[:, self._rows] = values
        return out


def _chosen(values: Floats, rows: NDArray[np.int64]) -> Floats:
    """Return the columns of the rows; one column if all are the same one repeated, as from a site."""
    return values[:, :1] if values.strides[1] == 0 else values[:, rows]


def build(setup: Setup) -> BuildingsSimulator | None:
    """Return the simulator, or None where nothing is heated."""
    if not len(heated_rows(setup.city)):
        return None
    return BuildingsSimulator(setup.city, setup.inputs["archetypes"], setup.civil, setup.step_s)
