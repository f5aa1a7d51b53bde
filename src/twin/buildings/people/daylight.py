"""How much more or less lighting a day asks for than the year's mean at the same hour, because of the daylight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.people.events import QUARTER_S, QUARTERS_A_DAY
from twin.city.model import City
from twin.engine.time import CivilTime, TimeAxis
from twin.solar_position import solar_position
from twin.units import DAY_S

__all__ = ["Daylight", "darkness"]

Floats = NDArray[np.float64]

# Above this altitude of the sun rooms are as light as they get; until then lamps stay on in some (planning assumption)
BRIGHT_DEG = 15.0
NEVERTHELESS = 0.25  # share of lamps that is on by bright day too: bathrooms, corridors, habit (planning assumption)

_YEAR = TimeAxis.at("2021-01-01", QUARTER_S, 365 * QUARTERS_A_DAY)


def darkness(zenith_deg: Floats) -> Floats:
    """Return the need for lamps, 1 when the sun is down; clouds are left out."""
    light = np.clip((90.0 - zenith_deg) / BRIGHT_DEG, 0.0, 1.0)
    need: Floats = 1.0 - (1.0 - NEVERTHELESS) * light
    return need


class Daylight:
    """The need for lamps at a place over its mean at the same time of day, so that the year's lighting stays.

    The sun is where it is in a common year on the same day.
    """

    def __init__(self, latitude_deg: float, longitude_deg: float, civil: CivilTime) -> None:
        self._civil = civil
        zenith, _ = solar_position(_YEAR.seconds + QUARTER_S // 2, latitude_deg, longitude_deg, 0.0)
        need, of_day = darkness(zenith), self._quarter(_YEAR)
        self._mean = np.bincount(of_day, need, QUARTERS_A_DAY) / np.bincount(of_day, minlength=QUARTERS_A_DAY)
        self._need = need.reshape(-1, QUARTERS_A_DAY)

    @classmethod
    def of(cls, city: City, civil: CivilTime) -> Daylight | None:
        """Return the daylight at the city's site, None where that is unknown."""
        if "site" not in city.tables or "latitude_deg" not in (site := city.table("site")):
            return None
        return cls(float(site["latitude_deg"][0]), float(site["longitude_deg"][0]), civil)

    def __call__(self, day: int) -> Floats:
        """Return the factor in every quarter of an hour of a UTC day, counted from 1970-01-01."""
        axis = TimeAxis(day * DAY_S, QUARTER_S, QUARTERS_A_DAY)
        of_year = min(int(axis.between(axis.start, axis.start + QUARTER_S).calendar().day_of_year[0]), len(self._need))
        return np.asarray(self._need[of_year - 1] / self._mean[self._quarter(axis)])

    def _quarter(self, axis: TimeAxis) -> NDArray[np.int64]:
        return np.asarray((axis.calendar(self._civil).hour * 4.0).astype(np.int64))
