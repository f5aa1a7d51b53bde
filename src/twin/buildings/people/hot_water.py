"""Domestic hot water: the useful heat in what people draw off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.people.days import Days, by_day
from twin.buildings.people.demands import hot_water
from twin.buildings.people.dwellings import drawn_zones, settle
from twin.buildings.people.kinds import COLD_WATER_DEGC, DRAW_OFF_DEGC, WATER_J_KG_K
from twin.buildings.people.residents import Residents
from twin.buildings.people.schedules import profile, read_clock
from twin.buildings.people.settings import PeopleSettings
from twin.buildings.zones.arrays import ByUse, ZoneSums, as_slice
from twin.city.model import City
from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import CivilTime, TimeAxis
from twin.random import Streams
from twin.registry import Setup
from twin.units import DAY_S

__all__ = ["HotWaterSimulator", "build", "cold_water", "hot_water_power"]

Floats = NDArray[np.float64]

_YEAR_DAYS = 365.0


def hot_water_power(occupants: Floats, litres_per_person_day: Floats) -> Floats:
    """Return the mean useful power of the hot water people draw, W: at 60 degC, from cold water of 10 degC.

    A litre is taken as a kilogram.
    """
    mass_flow = occupants * litres_per_person_day / DAY_S
    power: Floats = mass_flow * WATER_J_KG_K * (DRAW_OFF_DEGC - COLD_WATER_DEGC)
    return power


def cold_water(day_of_year: NDArray[np.int64], settings: PeopleSettings) -> Floats:
    """Return the temperature of the cold water, degC: a cosine over the year, as the ground's around the mains."""
    angle = 2.0 * np.pi * (day_of_year - settings.cold_water_coldest_day) / _YEAR_DAYS
    temperature: Floats = settings.cold_water_degc - settings.cold_water_swing_k * np.cos(angle)
    return temperature


class HotWaterSimulator(Stateless):
    """Hot water drawn off in every building: by mean profiles of the use, or tap by tap in every dwelling.

    Parameters
    ----------
    city
        With the table ``zone``.
    civil
        Where people live by the clock.
    """

    name = "hot_water"
    version = "1"
    reads: tuple[Read, ...] = ()
    writes = (Write("hot_water_demand", "building"),)

    def __init__(
        self,
        city: City,
        archetypes: Archetypes,
        civil: CivilTime,
        step_s: int,
        settings: PeopleSettings | None = None,
    ) -> None:
        self.step_s = step_s
        self._archetypes, self._civil = archetypes, civil
        self._settings = settings or PeopleSettings()
        self._zones = zones = city.table("zone")
        self._n_buildings = len(city.buildings)
        self._uses = archetypes.use_rows(zones["use_type"])
        self._mean = hot_water_power(zones["occupants"], archetypes.uses["hot_water"][self._uses])
        self._dwellings = np.zeros(0, dtype=np.int64)
        if self._settings.hot_water_draws == "as_profiles":
            self._dwellings = drawn_zones(zones, self._settings)
        drawn = np.isin(np.arange(len(zones)), self._dwellings)
        self._usual = ByUse(self._uses, np.where(drawn, 0.0, self._mean))
        self._add_up = ZoneSums(zones["building"], self._n_buildings)
        self._demands = [hot_water(archetypes)] if len(self._dwellings) else []
        self._power: Days | None = None

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Draw the households of every dwelling, where they are drawn: the same as those of the appliances."""
        rows = self._dwellings
        if not len(rows):
            return
        homes = settle(streams.seed, self._zones, rows, self._uses[rows])
        scale = self._mean[rows][homes.zone] * homes.share_of_water
        residents = Residents(streams.seed, homes, self._archetypes, self._civil, axis)
        self._power = residents.power([(demand, scale) for demand in self._demands])

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return the demand of a window."""
        out = np.empty((window.n, self._n_buildings))
        for steps, day in by_day(window):  # a day's numbers stay in the cache
            demand = np.zeros((day.n, len(self._zones)))
            self._usual.add(demand, profile(self._archetypes, "hot_water", read_clock(day, self._civil)))
            if self._power is not None:
                demand[:, as_slice(self._dwellings)] += self._power.window(day)
            warmed = DRAW_OFF_DEGC - cold_water(day.calendar(self._civil).day_of_year, self._settings)
            demand *= (warmed / (DRAW_OFF_DEGC - COLD_WATER_DEGC))[:, None]
            out[steps] = self._add_up(demand)
        return {"hot_water_demand": out}


def build(setup: Setup) -> HotWaterSimulator | None:
    """Return the simulator, or None where nobody lives or works."""
    if "zone" not in setup.city.tables:
        return None
    return HotWaterSimulator(
        setup.city, setup.inputs["archetypes"], setup.civil, setup.step_s, setup.inputs.get("people")
    )
