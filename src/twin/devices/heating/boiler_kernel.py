"""How much fuel boilers burn and district-heat substations take, from the heat they give and how hard they work.

Boilers after the method of EN 15316-4-1 that interpolates the loss of a boiler between three points: full load, 30 %
load, and keeping warm without giving heat. Efficiencies at the first two are those that law or product standard ask
for, which grow with the logarithm of the nominal power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SUBSTATION_KW",
    "SUBSTATION_W",
    "FuelCurve",
    "boiler_efficiency",
    "boiler_fuel",
    "fuel_curve",
    "standby_loss",
    "substation_loss",
    "with_stated_efficiency",
]

Floats = NDArray[np.float64]

# Per cent of the lower heating value, a + b log10(kW), at full load and at 30 %: Council Directive 92/42/EEC, article
# 5, for those of oil and gas; for wood EN 303-5:2012, class 5, which knows one requirement for both.
_EFFICIENCY_PCT = {
    "standard": ((84.0, 2.0), (80.0, 3.0)),
    "low_temperature": ((87.5, 1.5), (87.5, 1.5)),
    "condensing": ((91.0, 1.0), (97.0, 1.0)),
    "wood": ((87.0, 1.0), (87.0, 1.0)),
}
# Heat lost to keep warm, share of the nominal power: planning assumptions
_STANDBY = {"standard": 0.02, "low_temperature": 0.01, "condensing": 0.007, "wood": 0.015}

PART_LOAD = 0.3
RANGE_KW = (4.0, 400.0)  # of the directive
SUBSTATION_W, SUBSTATION_KW = 60.0, 20.0  # standing loss at a capacity; planning assumption


def boiler_efficiency(types: NDArray[np.str_], capacity: Floats) -> tuple[Floats, Floats]:
    """Return useful heat per fuel at full load and at 30 % load, lower heating value, ``(n,)``.

    Parameters
    ----------
    types
        ``standard``, ``low_temperature``, ``condensing`` or ``wood``, ``(n,)``.
    capacity
        Nominal power, W, ``(n,)``; taken within 4 to 400 kW, for which the directive holds.
    """
    points = np.array([_EFFICIENCY_PCT[kind] for kind in types.tolist()]).reshape(-1, 2, 2)
    size = np.log10(np.clip(capacity / 1e3, *RANGE_KW))
    full, part = (points[:, k, 0] + points[:, k, 1] * size for k in (0, 1))
    return full / 100.0, part / 100.0


def standby_loss(types: NDArray[np.str_]) -> Floats:
    """Return what boilers lose while they are warm and give no heat, share of the nominal power, ``(n,)``."""
    return np.array([_STANDBY[kind] for kind in types.tolist()])


@dataclass(frozen=True)
class FuelCurve:
    """Fuel over heat of boilers: two straight lines that meet at 30 % load, every attribute ``(n,)``.

    Attributes
    ----------
    idle
        Fuel burned to keep warm, W of lower heating value.
    slope
        Fuel per heat below 30 % load.
    knee
        Heat at 30 % load, W.
    bend
        What is added to the slope above it.
    """

    idle: Floats
    slope: Floats
    knee: Floats
    bend: Floats


def fuel_curve(capacity: Floats, full: Floats, part: Floats, standby: Floats) -> FuelCurve:
    """Return the fuel of boilers whose loss is linear in the load between standby, 30 % and full load.

    Case specific method of EN 15316-4-1.

    Parameters
    ----------
    capacity
        Nominal power, W, ``(n,)``.
    full, part
        Efficiency at full and at 30 % load, `boiler_efficiency`.
    standby
        Loss without load, share of the capacity, `standby_loss`.
    """
    at_part, at_full = PART_LOAD * (1.0 / part - 1.0), 1.0 / full - 1.0
    below, above = (at_part - standby) / PART_LOAD, (at_full - at_part) / (1.0 - PART_LOAD)
    return FuelCurve(standby * capacity, 1.0 + below, PART_LOAD * capacity, above - below)


def with_stated_efficiency(curve: FuelCurve, efficiency: Floats) -> FuelCurve:
    """Return the curve with the same efficiency at every load where one is stated, ``(n,)``, NaN where none is."""
    stated = ~np.isnan(efficiency)
    return FuelCurve(
        idle=np.where(stated, 0.0, curve.idle),
        slope=np.where(stated, 1.0 / efficiency, curve.slope),
        knee=curve.knee,
        bend=np.where(stated, 0.0, curve.bend),
    )


def boiler_fuel(heat: Floats, curve: FuelCurve) -> Floats:
    """Return the fuel burned, W of lower heating value, ``(step, n)``; none in a step in which no heat is wanted.

    Parameters
    ----------
    heat
        Heat given, W, ``(step, n)``, at most the capacity.
    """
    fuel = heat - curve.knee
    np.maximum(fuel, 0.0, out=fuel)
    fuel *= curve.bend
    fuel += heat * curve.slope
    fuel += curve.idle
    fuel *= heat > 0.0
    return fuel


def substation_loss(capacity: Floats) -> Floats:
    """Return the standing loss of substations, W: that of their surface, which grows with the capacity's cube root.

    The form is that of EN 15316-4-5; 60 W at 20 kW is a planning assumption.

    Parameters
    ----------
    capacity
        Most heat they can give, W, ``(n,)``.
    """
    return SUBSTATION_W * np.cbrt(capacity / (1e3 * SUBSTATION_KW))
