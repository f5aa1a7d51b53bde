"""A weather year as a building meets it: the sun on its planes, the cold of the sky, wind at its walls, thin air."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.solar_position import solar_position
from twin.sun.kernel import planes_from
from twin.sun.sky import Sky, extraterrestrial, perez_sky, towards_sun
from twin.units import HOUR_S, STEFAN_BOLTZMANN, ZERO_DEGC_K
from twin.validation.bestest.room import Face, fallen
from twin.validation.bestest.shades import Blocker, Window
from twin.weather.model import Weather

__all__ = ["AIR_J_KGK", "AZIMUTH_DEG", "UPRIGHT", "Incident", "Outdoors"]

Floats = NDArray[np.float64]

AZIMUTH_DEG = {"N": 0.0, "E": 90.0, "S": 180.0, "W": 270.0}
UPRIGHT = 90.0
AIR_J_KGK = 1006.0  # specific heat of dry air at room temperature
_GAS_CONSTANT = 287.05  # of dry air, J/(kg K)
_OPEN_COUNTRY = 0.14  # exponent of the wind's profile, ASHRAE Handbook Fundamentals 2009, 24.3
_MEASURED_AT_M = 10.0
_MOMENTS = 4  # of an hour at which the sun is looked at


@dataclass(frozen=True)
class Incident:
    """The sun on a plane, W/m2, in parts by where it comes from.

    Attributes
    ----------
    beam, around
        From the sun and from around it, at some moments of each hour, shape ``(t, k)``; the hour's mean is their sum.
    dome, band, ground
        From the sky, the horizon and the ground, shape ``(t,)``.
    cosine
        At which the beam comes in, shape ``(t, k)``.
    """

    beam: Floats
    around: Floats
    dome: Floats
    band: Floats
    ground: Floats
    cosine: Floats

    @property
    def total(self) -> Floats:
        """All of it, shape ``(t,)``."""
        return np.asarray((self.beam + self.around).sum(axis=1) + self.dome + self.band + self.ground)

    def behind(self, lit: Floats, seen: tuple[float, float, float]) -> Incident:
        """Return what is left where a share of the plane is lit, ``(t, k)``, and some of dome, band and ground seen."""
        dome, band, ground = seen
        direct, diffuse = (
            (self.beam * lit, self.around * lit),
            (self.dome * dome, self.band * band, self.ground * ground),
        )
        return Incident(*direct, *diffuse, self.cosine)


class Outdoors:
    """A weather year around a building.

    Parameters
    ----------
    albedo
        Of the ground.
    """

    def __init__(self, weather: Weather, albedo: float) -> None:
        self.weather, self.albedo = weather, albedo
        self.temperature = _over_the_hour(weather.table["outdoor_temperature"])
        self.infrared = _over_the_hour(weather.table["sky_infrared_irradiance"])
        self.air_density = float(weather.table["air_pressure"].mean()) / (
            _GAS_CONSTANT * (self.temperature.mean() + ZERO_DEGC_K)
        )
        self._incident: dict[tuple[float, float], Incident] = {}
        self._fallen: dict[tuple[Hashable, ...], Floats] = {}

    @cached_property
    def sky(self) -> Sky:
        """The parts of the sky, hour by hour: Perez 1990, the sun where it is in the middle of the hour."""
        w = self.weather
        zenith, azimuth = self._sun(0)
        names = ("direct_normal_irradiance", "diffuse_horizontal_irradiance", "global_horizontal_irradiance")
        day = np.arange(len(zenith)) // 24 + 1
        beam, diffuse, total = (w.table[name] for name in names)
        return perez_sky(beam, diffuse, total, zenith, azimuth, extraterrestrial(day), self.albedo)

    def _sun(self, later_s: int) -> tuple[Floats, Floats]:
        w = self.weather
        found = solar_position(w.labels + w.sun_at_s + later_s, w.latitude_deg, w.longitude_deg, w.elevation_m)
        return found[0], found[1]

    @cached_property
    def sun(self) -> Floats:
        """Unit vectors towards the sun at some moments of each hour (east, north, up), shape ``(t, k, 3)``."""
        later = [(2 * k + 1 - _MOMENTS) * HOUR_S // (2 * _MOMENTS) for k in range(_MOMENTS)]
        return np.stack([towards_sun(*self._sun(s)) for s in later], axis=1)

    @cached_property
    def shining(self) -> Floats:
        """Share of an hour's beam that comes at each of its moments, shape ``(t, k)``: none while the sun is down."""
        up = self.sun[:, :, 2] > 0.0
        return np.asarray(up / np.maximum(up.sum(axis=1, keepdims=True), 1))

    def plane(self, tilt_deg: float, azimuth_deg: float) -> Incident:
        """Return the sun on a free plane."""
        key = (tilt_deg, azimuth_deg)
        if key not in self._incident:
            self._incident[key] = self._on(tilt_deg, azimuth_deg)
        return self._incident[key]

    def _on(self, tilt_deg: float, azimuth_deg: float) -> Incident:
        planes, sky = planes_from(np.array([tilt_deg]), np.array([azimuth_deg])), self.sky
        cosine = np.clip(self.sun @ planes.normal[0], 0.0, 1.0)
        meeting = cosine * self.shining
        dome, band, floor = planes.factors[0]
        from_dome = sky.isotropic * dome
        return Incident(
            beam=sky.beam[:, None] * meeting,
            around=sky.circumsolar[:, None] * meeting,
            dome=from_dome,
            band=np.maximum(sky.horizon * band, -from_dome),  # the horizon may be darker than the dome, not than black
            ground=sky.ground * floor,
            cosine=cosine,
        )

    def fallen(
        self,
        size: tuple[float, float, float],
        orientation: str,
        window: Window,
        before: tuple[Blocker, ...],
        faces: tuple[Face, ...],
    ) -> Floats:
        """Return which share of a window lights which face of the room, shape ``(t, k, face)``; see `room.fallen`."""
        key = (size, orientation, window, before, faces)
        if key not in self._fallen:
            a = np.radians(AZIMUTH_DEG[orientation])
            outward, along = np.array([np.sin(a), np.cos(a)]), np.array([-np.cos(a), np.sin(a)])
            flat = self.sun[..., :2] @ outward
            bright = (self.sky.beam + self.sky.circumsolar > 0.0)[:, None] & (self.shining > 0.0) & (flat > 0.0)
            sun = self.sun[bright]
            local = np.column_stack([sun[:, :2] @ along, flat[bright], sun[:, 2]])
            found = np.zeros((*bright.shape, len(faces)))
            found[bright] = fallen(size, orientation, window, before, (local, sun), faces)
            self._fallen[key] = found
        return self._fallen[key]

    def sky_loss(self, tilt_deg: float) -> Floats:
        """Return what a black plane at the air's temperature loses to the sky, W/m2, shape ``(t,)``.

        It sees sky for the share (1 + cos tilt) / 2 and what is as warm as the air for the rest: EN ISO 13790, 11.4.6,
        and EN ISO 52016-1. By Walton's split (TARP, EnergyPlus) walls lose less to the sky, and more of the cases lie
        outside of the other programs' range.
        """
        black = STEFAN_BOLTZMANN * (self.temperature + ZERO_DEGC_K) ** 4
        share = (1.0 + np.cos(np.radians(tilt_deg))) / 2.0
        return np.asarray(share * (black - self.infrared))

    @cached_property
    def sky_temperature(self) -> Floats:
        """Temperature of a black sky at the hours' ends, as the weather file states it, degC, shape ``(t,)``."""
        kelvin: Floats = (self.weather.table["sky_infrared_irradiance"] / STEFAN_BOLTZMANN) ** 0.25
        return kelvin - ZERO_DEGC_K

    @cached_property
    def radiation(self) -> float:
        """Coefficient of heat radiation between black bodies around the year's mean temperature, W/(m2 K)."""
        return float(4.0 * STEFAN_BOLTZMANN * (self.temperature.mean() + ZERO_DEGC_K) ** 3)

    def wind(self, height_m: float) -> Floats:
        """Return the wind at a height above the ground, m/s, shape ``(t,)``."""
        over_the_hour = _over_the_hour(self.weather.table["wind_speed"])
        return np.asarray(over_the_hour * (height_m / _MEASURED_AT_M) ** _OPEN_COUNTRY)


def _over_the_hour(at_end: Floats) -> Floats:
    """Return the mean of each hour of what is known at the hours' ends, straight in between.

    In typical years of the United States (Wilcox & Marion 2008, Users manual for TMY3 data sets, NREL/TP-581-43156)
    sunshine is that of the hour before the label; temperature, wind and clouds are those at the label. What was before
    the year is not in the file: its first hour is as at its end.
    """
    return np.asarray((at_end + np.concatenate([at_end[:1], at_end[:-1]])) / 2.0)
