"""A weather year as a building meets it: the sun on its planes, the cold of the sky, wind at its walls, thin air."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.buildings.films import KELVIN, STEFAN_BOLTZMANN, forced_convection
from twin.solar_position import solar_position
from twin.sun.kernel import Components, components, planes_from
from twin.sun.sky import Sky, extraterrestrial, perez_sky
from twin.validation.bestest.shades import Blocker, Window, lit_share, view_shares
from twin.weather.model import Weather

__all__ = ["AIR_J_KGK", "Incident", "Outdoors"]

Floats = NDArray[np.float64]

AIR_J_KGK = 1006.0
_GAS_CONSTANT = 287.05  # of dry air, J/(kg K)
_OPEN_COUNTRY = 0.14  # exponent of the wind's profile, ASHRAE Handbook Fundamentals 2009, 24.3
_MEASURED_AT_M = 10.0


@dataclass(frozen=True)
class Incident:
    """The sun on a plane, W/m2, and the cosine at which its beam comes in, each of shape ``(t,)``."""

    beam: Floats
    diffuse: Floats
    cosine: Floats

    @property
    def total(self) -> Floats:
        """All of it, shape ``(t,)``."""
        return self.beam + self.diffuse


class Outdoors:
    """A weather year around a building.

    Parameters
    ----------
    albedo
        Of the ground.
    height_m
        Of the middle of the walls above the ground.
    """

    def __init__(self, weather: Weather, albedo: float, height_m: float) -> None:
        self.weather, self.albedo, self._height = weather, albedo, height_m
        self.temperature: Floats = weather.table["outdoor_temperature"]
        self.infrared: Floats = weather.table["sky_infrared_irradiance"]
        self.air_density = float(weather.table["air_pressure"].mean()) / (
            _GAS_CONSTANT * (self.temperature.mean() + KELVIN)
        )
        self._incident: dict[tuple[float, float], Incident] = {}

    @cached_property
    def sky(self) -> Sky:
        """The parts of the sky, hour by hour: Perez 1990, the sun where it is in the middle of the hour."""
        w = self.weather
        zenith, azimuth = solar_position(w.labels + w.sun_at_s, w.latitude_deg, w.longitude_deg, w.elevation_m)
        names = ("direct_normal_irradiance", "diffuse_horizontal_irradiance", "global_horizontal_irradiance")
        day = np.arange(len(zenith)) // 24 + 1
        beam, diffuse, total = (w.table[name] for name in names)
        return perez_sky(beam, diffuse, total, zenith, azimuth, extraterrestrial(day), self.albedo)

    def plane(self, tilt_deg: float, azimuth_deg: float) -> Incident:
        """Return the sun on a free plane."""
        key = (tilt_deg, azimuth_deg)
        if key not in self._incident:
            self._incident[key] = self._on(tilt_deg, azimuth_deg)
        return self._incident[key]

    def window(self, azimuth_deg: float, window: Window, before: list[Blocker]) -> Incident:
        """Return the sun on a window in a wall behind overhangs and fins, which let through and reflect nothing."""
        if not before:
            return self.plane(90.0, azimuth_deg)
        a = np.radians(azimuth_deg)
        outward, along = np.array([np.sin(a), np.cos(a)]), np.array([-np.cos(a), np.sin(a)])
        flat = self.sky.sun[:, :2]
        local = np.column_stack([flat @ along, flat @ outward, self.sky.sun[:, 2]])
        shining = (local[:, 1] > 0.0) & (self.sky.beam + self.sky.circumsolar > 0.0)
        lit = np.zeros(len(local))
        lit[shining] = lit_share(window, before, local[shining])
        return self._on(90.0, azimuth_deg, lit[:, None], view_shares(window, before))

    def _on(
        self,
        tilt_deg: float,
        azimuth_deg: float,
        lit: Floats | float = 1.0,
        seen: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> Incident:
        planes = planes_from(np.array([tilt_deg]), np.array([azimuth_deg]))
        planes = replace(planes, factors=planes.factors * np.array(seen))
        parts: Components = components(self.sky, planes, lit)
        cosine = np.clip(self.sky.sun @ planes.normal[0], 0.0, 1.0)
        beam = (parts.beam + parts.circumsolar)[:, 0]  # what comes from around the sun comes in like the sun
        return Incident(beam, parts.total()[:, 0] - beam, cosine)

    @cached_property
    def sky_cold(self) -> Floats:
        """What a black plane at the air's temperature that sees only sky loses, W/m2, shape ``(t,)``."""
        return STEFAN_BOLTZMANN * (self.temperature + KELVIN) ** 4 - self.infrared

    @cached_property
    def sky_temperature(self) -> Floats:
        """Temperature of a black sky, degC, shape ``(t,)``."""
        kelvin: Floats = (self.infrared / STEFAN_BOLTZMANN) ** 0.25
        return kelvin - KELVIN

    @cached_property
    def radiation(self) -> float:
        """Coefficient of heat radiation between black bodies around the year's mean temperature, W/(m2 K)."""
        return float(4.0 * STEFAN_BOLTZMANN * (self.temperature.mean() + KELVIN) ** 3)

    @cached_property
    def wind(self) -> Floats:
        """Wind at the walls, m/s, shape ``(t,)``."""
        return np.asarray(self.weather.table["wind_speed"] * (self._height / _MEASURED_AT_M) ** _OPEN_COUNTRY)

    def convection(self, roughness: float) -> float:
        """Return the year's mean coefficient of convection at the outer surfaces, W/(m2 K)."""
        return float(forced_convection(self.wind, roughness).mean())
