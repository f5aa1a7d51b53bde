"""The cases' year hour by hour: set points and fan by the clock, a warm-up before, and what is reported of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.control import Control
from twin.progress import Progress, silent
from twin.units import HOUR_S
from twin.validation.bestest.cases import Case
from twin.validation.bestest.methods import Method
from twin.validation.bestest.schedules import HOURS_A_DAY

__all__ = ["Year", "run_years"]

Floats = NDArray[np.float64]

_WARM_UP_H = 60 * HOURS_A_DAY  # the end of the year, run before its beginning


@dataclass(frozen=True)
class Year:
    """Hourly means of a year: power into the air, W (heating positive), and its temperature, degC, ``(8760,)``.

    ``floating``: nothing heats or cools.
    """

    power: Floats
    air: Floats
    floating: bool

    def quantities(self) -> dict[str, float]:
        """Return loads in MWh and kW, or temperatures in degC where nothing heats or cools, by BESTEST's names."""
        heating, cooling = np.maximum(self.power, 0.0), np.maximum(-self.power, 0.0)
        if self.floating:
            air = self.air
            return {"ff_mean_temp": air.mean(), "ff_min_temp": air.min(), "ff_max_temp": air.max()}
        return {
            "annual_heating": heating.sum() * HOUR_S / 3.6e9,
            "annual_cooling": cooling.sum() * HOUR_S / 3.6e9,
            "peak_heating": heating.max() / 1e3,
            "peak_cooling": cooling.max() / 1e3,
        }


def run_years(
    cases: Sequence[Case], method: Method, h_fan: Floats, hours: int, progress: Progress = silent
) -> list[Year]:
    """Run a year that begins at midnight, after a warm-up, as often as the method asks for.

    Parameters
    ----------
    method
        With the zones of the cases.
    h_fan
        Heat that each case's fan carries while it runs, W/K.
    hours
        Of the year.
    """
    control = _control(cases, h_fan, hours)
    rows = np.arange(-_WARM_UP_H, hours) % hours
    for k in range(method.passes):
        progress("passes", k, method.passes)
        method = method.settled() if k else method
        power, air = method.advance(rows, control)
    progress("passes", method.passes, method.passes)
    floating = [bool(np.isnan((case.heating_degc, case.cooling_degc)).all()) for case in cases]
    years = zip(power[_WARM_UP_H:].T, air[_WARM_UP_H:].T, floating, strict=True)
    return [Year(*year) for year in years]


def _control(cases: Sequence[Case], h_fan: Floats, hours: int) -> Control:
    """Return what the cases' thermostats and fans do in the hours of warm-up and year."""
    clock = np.arange(-_WARM_UP_H, hours) % HOURS_A_DAY
    day = np.arange(HOURS_A_DAY)
    fans = [np.isin(day, case.fan.hours) if case.fan else np.zeros(HOURS_A_DAY) for case in cases]
    return Control(
        heating_set=np.nan_to_num(np.array([case.heating_degc for case in cases]), nan=-np.inf).T[clock],
        cooling_set=np.nan_to_num(np.array([case.cooling_degc for case in cases]), nan=np.inf).T[clock],
        ventilation=(h_fan[:, None] * np.array(fans)).T[clock],
    )
