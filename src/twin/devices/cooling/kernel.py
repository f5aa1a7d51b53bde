"""How much power cold takes, and the air that ventilation moves.

The energy efficiency ratio (EER) of the rating point, 35 degC outdoors and full load, goes with the share of Carnot's
that it is: a chiller or split unit takes heat at a fixed temperature and gives it off to air some kelvins warmer than
outdoors. At part load it switches, or turns slower down to a limit below which it switches, as in EN 14825.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.devices.part_load import part_load_factor
from twin.units import HOUR_S

__all__ = [
    "COLD_SIDE_DEGC",
    "CYCLING_BELOW",
    "NOMINAL_EER",
    "ROOM_HEIGHT_M",
    "WARMER_K",
    "air_flow",
    "cooling_power",
    "energy_efficiency_ratio",
]

Floats = NDArray[np.float64]

# Planning assumptions by system: EER at the rating point (A35; EN 14511), temperature at which heat is taken up (split:
# its evaporator in a room of 27 degC; chiller: 5 K below cold water of 7 degC leaving), load below which it switches
NOMINAL_EER = {"split": 3.2, "chiller": 3.0}
COLD_SIDE_DEGC = {"split": 12.0, "chiller": 2.0}
CYCLING_BELOW = {"split": 0.25, "chiller": 0.25}

RATING_DEGC = 35.0
WARMER_K = 12.0  # condenser above outdoor air; planning assumption
SMALLEST_LIFT_K = 20.0  # pressure that the expansion needs; planning assumption
ROOM_HEIGHT_M = 2.5  # reference room height of TABULA, as of the rooms that are heated


def energy_efficiency_ratio(outdoor: Floats, nominal: Floats, cold_side: Floats) -> Floats:
    """Return cold per power at full load: the same share of Carnot's at every outdoor temperature.

    Parameters
    ----------
    outdoor
        Outdoor air, degC, ``(step, building)``.
    nominal
        At 35 degC, ``(building,)``.
    cold_side
        Temperature at which heat is taken up, degC, ``(building,)``.
    """
    rated = RATING_DEGC + WARMER_K - cold_side
    lift = np.maximum(outdoor + WARMER_K - cold_side, SMALLEST_LIFT_K)
    ratio: Floats = nominal * rated / lift
    return ratio


def cooling_power(
    cold: Floats, capacity: Floats, outdoor: Floats, nominal: Floats, cold_side: Floats, cycling_below: Floats
) -> Floats:
    """Return the power drawn for cold, W, ``(step, building)``.

    Parameters
    ----------
    cold
        Cold given, W, ``(step, building)``.
    capacity
        Most cold there can be, W, ``(building,)``; infinite where nobody knows, and then the load counts as full.
    outdoor
        Outdoor air, degC, ``(step, building)``.
    nominal, cold_side
        As for `energy_efficiency_ratio`.
    cycling_below
        Load below which the machine switches, share of the capacity, ``(building,)``.
    """
    known = np.isfinite(capacity) & (capacity > 0.0)
    load = np.divide(cold, capacity, out=np.ones_like(cold), where=known)
    power: Floats = cold / (
        energy_efficiency_ratio(outdoor, nominal, cold_side) * part_load_factor(load, cycling_below)
    )
    return power


def air_flow(floor_area: Floats, air_change: Floats, infiltration: Floats) -> Floats:
    """Return the air that fans move, m3/s, ``(building,)``: the air change less what leaks in, of rooms 2.5 m high.

    Parameters
    ----------
    floor_area
        Heated floor area, m2, ``(building,)``.
    air_change, infiltration
        All air that is exchanged, and the part of it that leaks in, 1/h, ``(building,)``.
    """
    flow: Floats = floor_area * ROOM_HEIGHT_M * np.maximum(air_change - infiltration, 0.0) / HOUR_S
    return flow
