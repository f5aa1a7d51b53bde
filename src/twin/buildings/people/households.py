"""People and their appliances: the electricity they use and the heat they give off, which agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.people.daylight import Daylight
from twin.buildings.people.days import Days, by_day
from twin.buildings.people.demands import appliances, lighting, standing
from twin.buildings.people.dwellings import drawn_zones, settle
from twin.buildings.people.load_profiles import LoadProfiles
from twin.buildings.people.residents import Demand, Residents
from twin.buildings.people.schedules import Clock, mean_level, profile, read_clock
from twin.buildings.people.settings import PeopleSettings
from twin.buildings.zones.arrays import ByUse, ZoneSums, as_slice
from twin.city.model import City
from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import CivilTime, TimeAxis
from twin.errors import Problem, TwinError
from twin.random import Streams
from twin.registry import Setup

__all__ = ["HouseholdsSimulator", "build"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ELECTRIC = ("appliances", "lighting")


class HouseholdsSimulator(Stateless):
    """Appliances, lighting and presence in every zone; all electricity ends as heat indoors.

    By mean profiles of the use: the load of many households together, so that the peak of a single building is too low.
    Or every dwelling by itself: what runs at all hours, and events (`twin.buildings.people`) whose mean over many
    dwellings is the profile's; lighting follows the daylight over the year. Or electricity after standard load
    profiles, with the profile's year.

    Parameters
    ----------
    city
        With the table ``zone``.
    civil
        Where people live by the clock.
    load_profiles
        Those of the scenario, for ``profiles = "standard"``.

    Raises
    ------
    TwinError
        If standard load profiles are wanted and none are given.
    """

    name = "appliances"
    version = "2"
    reads: tuple[Read, ...] = ()
    writes = (Write("electric_load", "building"), Write("internal_gain", "zone"), Write("occupancy", "zone"))

    def __init__(
        self,
        city: City,
        archetypes: Archetypes,
        civil: CivilTime,
        step_s: int,
        settings: PeopleSettings | None = None,
        load_profiles: LoadProfiles | None = None,
    ) -> None:
        self.step_s = step_s
        self._city, self._archetypes, self._civil = city, archetypes, civil
        self._settings = settings or PeopleSettings()
        self._zones = zones = city.table("zone")
        self._uses = archetypes.use_rows(zones["use_type"])
        area = zones["heated_floor_area_m2"]
        self._full = {name: area * archetypes.uses[name][self._uses] for name in _ELECTRIC}
        self._body_heat = zones["occupants"] * archetypes.uses["sensible_heat"][self._uses]
        self._standard = load_profiles if self._settings.profiles == "standard" else None
        if self._settings.profiles == "standard" and load_profiles is None:
            raise TwinError(
                Problem('people.profiles is "standard"', expected='a file of them, [model] load_profiles = "FILE"')
            )
        self._dwellings = drawn_zones(zones, self._settings)
        self._demands = self._drawn_demands() if len(self._dwellings) else []
        self._base = self._base_load()
        self._present = ByUse(self._uses, np.ones(len(zones)))
        self._add_up = ZoneSums(zones["building"], len(city.buildings))
        self._power: Days | None = None
        self._presence: Days | None = None

    def _drawn_demands(self) -> list[tuple[str, Demand]]:
        """Return what is drawn of appliances and of lighting."""
        awake, asleep = appliances(self._archetypes, self._settings.standing_share)
        lights = lighting(self._archetypes, Daylight.of(self._city, self._civil))
        return [("appliances", awake), ("appliances", asleep), ("lighting", lights)]

    def _base_load(self) -> list[tuple[Floats, ByUse]]:
        """Return weekly profiles and what each zone has of them: all that is not made of events."""
        drawn = np.isin(np.arange(len(self._zones)), self._dwellings)
        always = standing(self._archetypes, self._settings.standing_share)
        weekly = [self._archetypes.weekly[name] for name in _ELECTRIC]
        base = [
            (week, ByUse(self._uses, np.where(drawn, 0.0, self._full[name])))
            for name, week in zip(_ELECTRIC, weekly, strict=True)
        ]
        return [*base, (always, ByUse(self._uses, np.where(drawn, self._full["appliances"], 0.0)))]

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Draw the households of every dwelling, where they are drawn."""
        rows = self._dwellings
        if not len(rows):
            return
        homes = settle(streams.seed, self._zones, rows, self._uses[rows])
        residents = Residents(streams.seed, homes, self._archetypes, self._civil, axis)
        full = {name: full[rows][homes.zone] * homes.share for name, full in self._full.items()}
        self._presence = residents.occupancy()
        self._power = residents.power([(demand, full[name]) for name, demand in self._demands])

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return loads, gains and presence of a window."""
        n_zones = len(self._zones)
        out = {
            "electric_load": np.empty((window.n, len(self._city.buildings))),
            "internal_gain": np.empty((window.n, n_zones)),
            "occupancy": np.empty((window.n, n_zones)),
        }
        for steps, day in by_day(window):  # a day's numbers stay in the cache
            clock = read_clock(day, self._civil)
            load = self._load(day, clock)
            occupancy = self._occupancy(day, clock)
            out["electric_load"][steps] = self._add_up(load)
            out["occupancy"][steps] = occupancy
            load += np.multiply(occupancy, self._body_heat, out=occupancy)
            out["internal_gain"][steps] = load
        return out

    def _load(self, day: TimeAxis, clock: Clock) -> Floats:
        """Return the electric load of every zone."""
        load = np.zeros((day.n, len(self._zones)))
        for weekly, zones in self._base:
            zones.add(load, mean_level(weekly, clock, self._archetypes.monthly))
        if self._standard is not None:
            self._follow(self._standard, day, load)
        if self._power is not None:
            load[:, as_slice(self._dwellings)] += self._power.window(day)
        return load

    def _occupancy(self, day: TimeAxis, clock: Clock) -> Floats:
        """Return the share of every zone's people who are there."""
        occupancy = np.zeros((day.n, len(self._zones)))
        self._present.add(occupancy, profile(self._archetypes, "occupancy", clock))
        if self._presence is not None:
            occupancy[:, as_slice(self._dwellings)] = self._presence.window(day)
        return occupancy

    def _follow(self, profiles: LoadProfiles, window: TimeAxis, load: Floats) -> None:
        """Let the zones of uses with a standard load profile follow it; the energy of the year stays."""
        for use, level in profiles.levels(window, self._civil).items():
            rows = np.flatnonzero(self._zones["use_type"] == use)
            yearly = sum(
                full[rows] * _mean_of_year(self._archetypes, name, self._uses[rows])
                for name, full in self._full.items()
            )
            load[:, rows] = level[:, None] * yearly


def _mean_of_year(archetypes: Archetypes, name: str, uses: Ints) -> Floats:
    """Return the mean over a year of a profile of some uses; all months are taken to be as long."""
    return np.asarray(archetypes.weekly[name][uses].mean(axis=1) * archetypes.monthly[uses].mean(axis=1))


def build(setup: Setup) -> HouseholdsSimulator | None:
    """Return the simulator, or None where nobody lives or works."""
    if "zone" not in setup.city.tables:
        return None
    return HouseholdsSimulator(
        setup.city,
        setup.inputs["archetypes"],
        setup.civil,
        setup.step_s,
        setup.inputs.get("people"),
        setup.inputs.get("load_profiles"),
    )
