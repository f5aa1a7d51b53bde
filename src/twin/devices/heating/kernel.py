"""How much gas and power a demand for heat takes: boilers and heat pumps with electric back-up.

Coefficient of performance after Ruhnau, Hirth & Praktiknjo 2019, Time series of heat demand and heat pump efficiency
for energy system modeling, Scientific Data 6:189, doi 10.1038/s41597-019-0199-y. The paper prints the coefficients
rounded (6.08 - 0.09 dT + 0.0005 dT2); those here are the unrounded ones of its published code, which made its data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "COEFFICIENTS",
    "CORRECTION",
    "HOT_WATER_SINK_DEGC",
    "SINKS",
    "Supply",
    "boiler_gas",
    "coefficient_of_performance",
    "ground_source_temperature",
    "heat_pump_supply",
    "sink_temperature",
]

Floats = NDArray[np.float64]

# COP = c0 + c1 dT + c2 dT2 by source
COEFFICIENTS = {"air": (6.0801, -0.0941, 0.0005), "ground": (10.288, -0.2084, 0.0012)}
# Sink temperature = s0 + s1 T_outdoor by emission, degC
SINKS = {"radiator": (40.0, -1.0), "floor": (30.0, -0.5)}
HOT_WATER_SINK_DEGC = 50.0
BRINE_BELOW_GROUND_K = 5.0
CORRECTION = 0.85  # of the paper, to what is measured in the field
SMALLEST_LIFT_K = 15.0


@dataclass(frozen=True)
class Supply:
    """How a heat pump and its back-up meet a demand, W, ``(step, building)``.

    Attributes
    ----------
    heat
        Heat from the heat pump.
    backup
        Heat from the electric back-up heater.
    electric
        Power drawn by both.
    """

    heat: Floats
    backup: Floats
    electric: Floats


def boiler_gas(heat: Floats, efficiency: Floats) -> Floats:
    """Return the gas burned for useful heat, W of lower heating value."""
    gas: Floats = heat / efficiency
    return gas


def sink_temperature(outdoor: Floats, intercept: float | Floats, slope: float | Floats) -> Floats:
    """Return the temperature the heat pump heats to, degC: the heating curve of the emission system (`SINKS`)."""
    sink: Floats = intercept + slope * outdoor
    return sink


def ground_source_temperature(ground: Floats) -> Floats:
    """Return the brine temperature from that of the ground, degC: 5 K of the heat exchanger lower."""
    return ground - BRINE_BELOW_GROUND_K


def coefficient_of_performance(lift: Floats, coefficients: Floats) -> Floats:
    """Return heat per power of heat pumps in the field.

    Parameters
    ----------
    lift
        Sink less source temperature, K; taken as at least 15 K as in the paper, and at most where the fitted parabola
        turns up again.
    coefficients
        Those of `COEFFICIENTS`, shape ``(3,)`` or ``(3, building)``.
    """
    constant, linear, square = coefficients
    bounded = np.clip(lift, SMALLEST_LIFT_K, -linear / (2.0 * square))
    cop: Floats = CORRECTION * (constant + linear * bounded + square * bounded**2)
    return cop


def heat_pump_supply(space: Floats, water: Floats, cop_space: Floats, cop_water: Floats, capacity: Floats) -> Supply:
    """Meet demands for space heat and hot water up to the capacity, in proportion, and the rest electrically.

    Parameters
    ----------
    space, water
        Demands, W, ``(step, building)``.
    cop_space, cop_water
        Coefficients of performance for the two sinks.
    capacity
        Thermal capacity, W, ``(building,)``; taken as independent of the source temperature.
    """
    demand = space + water
    heat = np.minimum(demand, capacity)
    share = np.divide(heat, demand, out=np.zeros_like(demand), where=demand > 0)
    backup = demand - heat
    return Supply(heat, backup, share * (space / cop_space + water / cop_water) + backup)
