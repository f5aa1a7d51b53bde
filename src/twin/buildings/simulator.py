"""Buildings as simulators: useful heat and cold, and the temperatures indoors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.habits import AIRING_ABOVE_SET_POINT_K, AIRING_FROM_DEGC
from twin.buildings.kernel.control import Control
from twin.buildings.kernel.series import Shared
from twin.buildings.people.schedules import Clock, profile, read_clock
from twin.buildings.settings import BuildingSettings
from twin.buildings.zones.arrays import SetPoints, ZoneSums
from twin.buildings.zones.envelope import sky_areas, solar_areas
from twin.buildings.zones.gains import SkyGain, SolarGain
from twin.buildings.zones.ground_contact import GroundTemperature
from twin.buildings.zones.many_nodes import MultiNode, networks
from twin.buildings.zones.night_air import NightAir
from twin.buildings.zones.one_mass import SimpleHourly
from twin.buildings.zones.thermal_zones import ThermalZones
from twin.city.model import City
from twin.engine.ports import Arrays, Read, Write
from twin.engine.time import CivilTime, TimeAxis
from twin.errors import Problem, TwinError
from twin.random import Streams
from twin.registry import Setup

__all__ = ["BuildingsSimulator", "build"]

Floats = NDArray[np.float64]

OUT_OF_REACH_DEGC = 1000.0  # a set point that turns cooling off


@dataclass(frozen=True)
class _State:
    masses: Floats
    last_day: Floats | None


class BuildingsSimulator:
    """Every thermal zone by EN ISO 13790's simple hourly method, or with many nodes.

    Heating and cooling are limited to their capacities; where there is no cooling, people open windows when it is warm
    indoors. What is asked for is summed over the zones of a building; ``indoor_temperature`` is their mean by floor
    area and over the step, as the standard has it, so it is averaged when taken to longer steps. Buildings that are
    not heated ask for nothing; their indoor temperature is that outdoors.

    Parameters
    ----------
    city
        With the table ``zone``.
    civil
        Where people live by the clock.
    """

    name = "buildings"
    version = "2"
    reads = (
        Read("outdoor_temperature", "building"),
        Read("sky_infrared_irradiance", "building"),
        Read("irradiance", "surface"),
        Read("internal_gain", "zone", gather="sum"),
        Read("heating_set_point_shift", "building", gather="sum"),
    )
    writes = (
        Write("space_heating_demand", "building"),
        Write("space_cooling_demand", "building"),
        Write("indoor_temperature", "building"),
        Write("operative_temperature", "zone"),
        Write("temperature_shortfall", "zone"),
        Write("temperature_excess", "zone"),
    )

    def __init__(
        self, city: City, archetypes: Archetypes, civil: CivilTime, step_s: int, settings: BuildingSettings
    ) -> None:
        self.step_s = step_s
        self._archetypes, self._civil = archetypes, civil
        self._by_operative = settings.set_points == "operative"
        self._zones = zones = ThermalZones(city)
        self._n_buildings = len(city.buildings)
        self._add_up = ZoneSums(zones.building, self._n_buildings)
        self._unheated = np.setdiff1d(np.arange(self._n_buildings), zones.building)
        self._ground = GroundTemperature(zones) if "weather" in city.tables else None
        self._sun = SolarGain(zones, *solar_areas(city))
        self._sky = SkyGain(zones.sum(sky_areas(city)))
        self._set_up_control(zones)
        self._use_factor = zones.of_building("heating_use_factor")
        self._method: SimpleHourly | MultiNode
        if settings.method == "multinode":
            self._method = MultiNode(networks(zones), step_s, self._set_point, self._by_operative)
        else:
            self._method = SimpleHourly(zones, step_s, self._set_point, self._by_operative, settings.precision)

    def _set_up_control(self, zones: ThermalZones) -> None:
        table, cooled = zones.table, zones.of_building("cooled")
        self._uses = self._archetypes.use_rows(table["use_type"])
        self._set_point = table["heating_set_point_degc"]
        self._set_back = np.minimum(table["heating_setback_degc"], self._set_point)
        self._cooling = np.where(cooled, table["cooling_set_point_degc"], np.inf)
        self._heating_max = zones.of_building("heating_capacity_w") * zones.heat_load_share
        self._cooling_max = None
        if "cooling_capacity_w" in zones.city.buildings:
            stated = zones.of_building("cooling_capacity_w")
            self._cooling_max = np.where(np.isnan(stated), np.inf, stated) * zones.floor_share
        self._heating_sets = SetPoints(self._uses, self._set_point - self._set_back, self._set_back)
        level = np.minimum(self._cooling, OUT_OF_REACH_DEGC)
        self._cooling_sets = SetPoints(self._uses, np.full(len(level), OUT_OF_REACH_DEGC), level)
        warm = np.maximum(AIRING_FROM_DEGC, self._set_point + AIRING_ABOVE_SET_POINT_K)
        # air let in works on the air: nobody opens windows where the operative temperature is kept
        self._airing_from = None if self._by_operative else np.where(cooled, np.inf, warm)
        self._airing_max = None if self._by_operative else zones.airing
        at_night = zones.of_building("night_ventilation_1_h") * zones.air_w_k_per_change
        self._night = NightAir(at_night, self._civil, self.step_s)
        self._check_control()

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Begin with masses at the heating set point; a warm-up lets that fade."""
        self._now, self._night.mean = self._method.start(), None

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return demands and indoor temperatures of a window."""
        clock = read_clock(window, self._civil)
        outdoor = _of_zones(inputs["outdoor_temperature"], self._zones.building)
        infrared = _of_zones(inputs["sky_infrared_irradiance"], self._zones.building)
        control = self._control(window, clock, outdoor, inputs["heating_set_point_shift"])
        gains = self._sun(inputs["irradiance"])
        gains += self._sky(outdoor, infrared)
        ground = None if self._ground is None else self._ground(window)
        result, self._now = self._method.run(self._now, outdoor, inputs["internal_gain"], gains, ground, control)
        kept = result.operative if self._by_operative else result.air
        assert result.operative is not None
        assert kept is not None
        return {
            "space_heating_demand": self._add_up(np.maximum(result.power, 0.0) * self._use_factor),
            "space_cooling_demand": self._add_up(np.maximum(-result.power, 0.0)),
            "indoor_temperature": self._mean(result.air, inputs["outdoor_temperature"]),
            "operative_temperature": result.operative.astype(np.float64, copy=False),
            "temperature_shortfall": np.maximum(_expanded(control.heating_set, kept.shape) - kept, 0.0),
            "temperature_excess": np.maximum(kept - _expanded(control.cooling_set, kept.shape), 0.0),
        }

    def state(self) -> _State:
        """Return the temperatures of the masses, and how warm the last day was."""
        return _State(self._now.copy(), self._night.mean)

    def restore(self, state: _State) -> None:
        """Take the masses back to temperatures they had, and the last day to how warm it was."""
        self._now, self._night.mean = state.masses.copy(), state.last_day

    def _check_control(self) -> None:
        crossed = self._zones.named(self._cooling < self._set_point)
        if crossed:
            raise TwinError(
                Problem(
                    f"{crossed} to be cooled below the heating set point",
                    expected="a cooling_set_point_degc above heating_set_point_degc",
                )
            )
        if self._by_operative and self._night:
            aired = self._zones.named(self._zones.of_building("night_ventilation_1_h") > 0)
            raise TwinError(
                Problem(
                    f"{aired} to be ventilated at night, which works on the air, while set points are operative "
                    "temperatures",
                    expected='[buildings] set_points = "air", or no night_ventilation',
                )
            )

    def _control(self, window: TimeAxis, clock: Clock, outdoor: Floats, shift: Floats) -> Control:
        return Control(
            heating_set=self._heating_set(clock, shift),
            cooling_set=self._cooling_set(clock),
            heating_max=self._heating_max,
            cooling_max=self._cooling_max,
            airing_from=self._airing_from,
            airing_max=self._airing_max,
            ventilation=self._night(window, outdoor) if self._night else None,
        )

    def _heating_set(self, clock: Clock, shift: Floats) -> Shared | Floats:
        usual = self._heating_sets(profile(self._archetypes, "heating", clock, seasonal=False))
        return usual.expand() + shift[:, self._zones.building] if shift.any() else usual

    def _cooling_set(self, clock: Clock) -> Shared | None:
        if np.isinf(self._cooling).all():
            return None
        off = profile(self._archetypes, "cooling", clock, seasonal=False) < 0.5
        return self._cooling_sets(off.astype(np.float64))

    def _mean(self, values: Floats, otherwise: Floats) -> Floats:
        """Return the mean of zones by floor area; in buildings that are not heated what is given."""
        mean = self._add_up(values * self._zones.floor_share)
        if len(self._unheated):
            mean[:, self._unheated] = otherwise[:, self._unheated]
        return mean


def _of_zones(values: Floats, building: NDArray[np.int64]) -> Floats:
    """Return the values of each zone's building; one column if all are the same one repeated, as from a site."""
    return values[:, :1] if values.strides[1] == 0 else values[:, building]


def _expanded(series: Shared | Floats | None, shape: tuple[int, int]) -> Floats:
    """Return set points of every zone; where there are none, what no temperature reaches."""
    if series is None:
        return np.full((1, shape[1]), OUT_OF_REACH_DEGC)
    return series.expand() if isinstance(series, Shared) else series


def build(setup: Setup) -> BuildingsSimulator | None:
    """Return the simulator, or None where nothing is heated."""
    if "zone" not in setup.city.tables:
        return None
    settings = setup.inputs.get("buildings", BuildingSettings())
    return BuildingsSimulator(setup.city, setup.inputs["archetypes"], setup.civil, setup.step_s, settings)
