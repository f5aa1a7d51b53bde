"""The simulator that says, step by step, what the weather is and where the sun stands."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.random import Streams
from twin.registry import Setup
from twin.solar_position import solar_position
from twin.units import HOUR_S
from twin.weather.model import WEATHER_COLUMNS, Weather

__all__ = ["WeatherSimulator", "build"]


class WeatherSimulator(Stateless):
    """Writes all weather quantities of the one site.

    The sun is where it stands over the *weather's* place at the instant its irradiance stands for, so that beam and
    sun agree; steps within an hour share both. The step is at most an hour: means over longer steps are the engine's.
    """

    name = "weather"
    version = "1"
    reads: Sequence[Read] = ()
    writes: Sequence[Write] = tuple(Write(q, "site") for q in (*WEATHER_COLUMNS, "solar_zenith", "solar_azimuth"))

    def __init__(self, weather: Weather, step_s: int) -> None:
        self.weather = weather
        self.step_s = math.gcd(step_s, HOUR_S, weather.utc_offset_s)

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Find where the sun stands in every step of the horizon at once, which short windows would pay for dearly."""
        weather = self.weather
        self._start = axis.start
        self._sun = solar_position(
            weather.sun_instants(axis), weather.latitude_deg, weather.longitude_deg, weather.elevation_m
        )

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return the weather of the window, each quantity of shape ``(window.n, 1)``."""
        weather = self.weather
        rows = weather.rows(window)
        first = (window.start - self._start) // self.step_s
        zenith, azimuth = (angle[first : first + window.n] for angle in self._sun)
        series = {name: weather.table[name][rows] for name in WEATHER_COLUMNS}
        series |= {"solar_zenith": zenith, "solar_azimuth": azimuth}
        return {name: np.ascontiguousarray(values[:, None]) for name, values in series.items()}


def build(setup: Setup) -> WeatherSimulator | None:
    """Return the simulator of the scenario's weather file, None if there is none."""
    weather = setup.inputs.get("weather")
    return WeatherSimulator(weather, setup.step_s) if weather else None
