"""How much power a demand for heat takes: heat pumps with electric back-up.

Coefficient of performance after Ruhnau, Hirth & Praktiknjo 2019, Time series of heat demand and heat pump efficiency
for energy system modeling, Scientific Data 6:189, doi 10.1038/s41597-019-0199-y. The paper prints the coefficients
rounded (6.08 - 0.09 dT + 0.0005 dT2); those here are the unrounded ones of its published code, which made its data.

The paper takes manufacturers' values of full load by EN 14511, which hold the defrosting at these test points, times
0.85 for all that the field adds: cycling, control, pumps, more frost. Who wants to see cycling by itself
(`twin.devices.part_load`) must not count it twice, and takes 0.95 for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "COEFFICIENTS",
    "CORRECTION",
    "CYCLING_BELOW",
    "HOT_WATER_SINK_DEGC",
    "INVERTER_GAIN_K",
    "Supply",
    "air_capacity_factor",
    "coefficient_of_performance",
    "defrost_loss",
    "heat_pump_supply",
    "water_source_temperature",
]

Floats = NDArray[np.float64]

# COP = c0 + c1 dT + c2 dT2 by source
COEFFICIENTS = {
    "air": (6.0801, -0.0941, 0.0005),
    "ground": (10.288, -0.2084, 0.0012),
    "water": (9.9696, -0.2049, 0.0012),
}
HOT_WATER_SINK_DEGC = 50.0
EXCHANGER_K = 5.0  # of the paper: brine below ground, and cold side of the exchanger below groundwater
SMALLEST_LIFT_K = 15.0

# By operation: as the paper's fleet on average, by switching, or by turning slower
CORRECTION = {"fleet": 0.85, "on_off": 0.95, "inverter": 0.95}  # the paper's; without cycling a planning assumption
CYCLING_BELOW = {"fleet": 0.0, "on_off": 1.0, "inverter": 0.3}  # load over capacity; of inverters a planning assumption
INVERTER_GAIN_K = 5.0  # lift lost in heat exchangers at full load, that a slower compressor saves; planning assumption

NOMINAL_AIR_DEGC = -7.0
CAPACITY_PER_K = 0.02
AIR_CAPACITY_FACTORS = (0.7, 1.3)

_FROST_DEGC = (-7.0, 0.0, 3.0, 7.0)  # begin, full, full, end
_FROST_HUMIDITY = (0.5, 0.8)


@dataclass(frozen=True)
class Supply:
    """How a heat pump and its back-up meet a demand, W, ``(step, building)``.

    Attributes
    ----------
    heat
        Heat from the heat pump.
    backup
        Heat from the electric back-up heater.
    unserved
        What both together cannot give.
    electric
        Power drawn by both.
    """

    heat: Floats
    backup: Floats
    unserved: Floats
    electric: Floats


def water_source_temperature(ground: Floats) -> Floats:
    """Return the temperature at the heat pump's cold side from that of ground or groundwater, degC: 5 K lower."""
    return ground - EXCHANGER_K


def coefficient_of_performance(lift: Floats, coefficients: Floats, correction: float | Floats = 0.85) -> Floats:
    """Return heat per power of heat pumps in the field.

    Parameters
    ----------
    lift
        Sink less source temperature, K; taken as at least 15 K as in the paper, and at most where the fitted parabola
        turns up again.
    coefficients
        Those of `COEFFICIENTS`, shape ``(3,)`` or ``(3, building)``.
    correction
        From the manufacturers' values to the field, `CORRECTION`.
    """
    constant, linear, square = coefficients
    bounded = np.clip(lift, SMALLEST_LIFT_K, -linear / (2.0 * square))
    cop: Floats = correction * (constant + linear * bounded + square * bounded**2)
    return cop


def air_capacity_factor(outdoor: Floats) -> Floats:
    """Return what an air heat pump can give over what it gives at -7 degC: 2 % more per kelvin, 0.7 to 1.3.

    A planning assumption after values by EN 14511, which at A7 are about a quarter above those at A-7.
    """
    factor: Floats = np.clip(1.0 + CAPACITY_PER_K * (outdoor - NOMINAL_AIR_DEGC), *AIR_CAPACITY_FACTORS)
    return factor


def defrost_loss(outdoor: Floats, humidity: Floats, largest: Floats) -> Floats:
    """Return the share of heat that defrosting takes in humid air around freezing, ``(step, building)``.

    A planning assumption: nothing below -7 and above 7 degC or below 50 % relative humidity, all of ``largest`` between
    0 and 3 degC from 80 % on, linear between.
    """
    begin, full, still, end = _FROST_DEGC
    cold = np.clip(np.minimum((outdoor - begin) / (full - begin), (end - outdoor) / (end - still)), 0.0, 1.0)
    dry, humid = _FROST_HUMIDITY
    loss: Floats = largest * cold * np.clip((humidity - dry) / (humid - dry), 0.0, 1.0)
    return loss


def heat_pump_supply(
    space: Floats, water: Floats, cop_space: Floats, cop_water: Floats, capacity: Floats, backup: Floats
) -> Supply:
    """Meet demands for space heat and hot water up to the capacity, in proportion, and the rest electrically.

    Parameters
    ----------
    space, water
        Demands, W, ``(step, building)``.
    cop_space, cop_water
        Coefficients of performance for the two sinks.
    capacity
        Thermal capacity, W, ``(building,)`` or ``(step, building)``.
    backup
        Power of the back-up heater, W, ``(building,)``.
    """
    demand = space + water
    heat = np.minimum(demand, capacity)
    share = np.divide(heat, demand, out=np.zeros_like(demand), where=demand > 0)
    by_backup = np.minimum(demand - heat, backup)
    electric = share * (space / cop_space + water / cop_water) + by_backup
    return Supply(heat, by_backup, demand - heat - by_backup, electric)
