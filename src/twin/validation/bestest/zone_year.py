"""A case's year hour by hour: set points and fan by the clock, a warm-up before, and what is reported of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.control import Control
from twin.units import HOUR_S
from twin.validation.bestest.cases import Case
from twin.validation.bestest.methods import Method
from twin.validation.bestest.schedules import HOURS_A_DAY

__all__ = ["Year", "run_year"]

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


def run_year(case: Case, method: Method, h_fan: float, hours: int) -> Year:
    """Run a year that begins at midnight, after a warm-up, as often as the method asks for.

    Parameters
    ----------
    h_fan
        Heat that the case's fan carries while it runs, W/K.
    hours
        Of the year.
    """
    year = _once(case, method, h_fan, hours)
    for _ in range(method.passes - 1):
        method = method.settled()
        year = _once(case, method, h_fan, hours)
    return year


def _once(case: Case, method: Method, h_fan: float, hours: int) -> Year:
    clock = np.arange(-_WARM_UP_H, hours) % HOURS_A_DAY
    fan = np.isin(np.arange(HOURS_A_DAY), case.fan.hours) if case.fan else None
    control = Control(
        heating_set=np.nan_to_num(np.array(case.heating_degc), nan=-np.inf)[clock][:, None],
        cooling_set=np.nan_to_num(np.array(case.cooling_degc), nan=np.inf)[clock][:, None],
        ventilation=None if fan is None else (h_fan * fan)[clock][:, None],
    )
    rows = np.arange(-_WARM_UP_H, hours) % hours
    power, air, _ = method.advance(method.start(), rows, control)
    floating = bool(np.isnan((case.heating_degc, case.cooling_degc)).all())
    return Year(power[_WARM_UP_H:], air[_WARM_UP_H:], floating)
