"""Power of solar modules and their inverter after PVWatts version 5.

Dobos 2014, PVWatts Version 5 Manual, NREL/TP-6A20-62641, doi 10.2172/1158421; here "the manual".
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["behind_rows", "combined_loss", "direct_current", "inverter_output", "weak_light"]

Floats = NDArray[np.float64]

STANDARD_IRRADIANCE_W_M2, STANDARD_TEMPERATURE_DEGC = 1000.0, 25.0
WEAK_W_M2 = 125.0  # below it the older PVWatts takes efficiency to fall in proportion to irradiance
REFERENCE_EFFICIENCY = 0.9637  # of the inverter whose curve the manual scales


def combined_loss(shares: Iterable[float]) -> float:
    """Return the share lost in all where each part loses a share of what the parts before it leave.

    The manual's ``1 - prod(1 - L)``.
    """
    return float(1.0 - np.prod([1.0 - share for share in shares]))


def behind_rows(irradiance: Floats, dome: Floats, masked: Floats) -> Floats:
    """Return the share of the light on racks that rows in front leave, shape ``(step, array)``.

    Parameters
    ----------
    irradiance
        On the plane of the modules as if no row stood in front, W/m2, shape ``(step, array)``.
    dome
        The part of it that an even sky would give, W/m2, shape ``(step, array)``; at most all of it counts.
    masked
        Share of that part that is hidden (`twin.devices.pv.racks.masked_sky`), shape ``(array,)``.
    """
    diffuse = np.divide(dome, irradiance, out=np.zeros_like(irradiance), where=irradiance > 0)
    return np.asarray(1.0 - masked * np.minimum(diffuse, 1.0))


def weak_light(irradiance: Floats) -> Floats:
    """Return the irradiance, W/m2, that would give the same power if efficiency did not fall in weak light.

    The ``0.008 I**2`` below 125 W/m2 of PVWatts version 1 (believed to be PVFORM's: Menicucci & Fernandez 1988,
    SAND85-0376).
    Version 5 as it runs does without it: its published hourly run is in proportion to irradiance down to 7 W/m2.
    """
    return np.asarray(irradiance * np.minimum(irradiance / WEAK_W_M2, 1.0))


def direct_current(irradiance: Floats, cell: Floats, power: Floats, coefficient: Floats | float) -> Floats:
    """Return the direct-current power of modules, W, shape ``(step, array)``: equation 8 of the manual.

    Parameters
    ----------
    irradiance
        That reaches the cells, W/m2, shape ``(step, array)``.
    cell
        Their temperature, degC, shape ``(step, array)``.
    power
        Under standard test conditions, W, shape ``(array,)``.
    coefficient
        Change of power per kelvin, 1/K, negative, shape ``(array,)``.
    """
    warmth = 1.0 + coefficient * (cell - STANDARD_TEMPERATURE_DEGC)
    return np.asarray(power * (irradiance / STANDARD_IRRADIANCE_W_M2) * warmth)


def inverter_output(direct: Floats, rating: Floats, efficiency: Floats | float = 0.96) -> Floats:
    """Return the alternating-current power, W, of inverters that give ``rating`` W at most, shape ``(step, array)``.

    The manual's part-load efficiency ``(-0.0162 z - 0.0059 / z + 0.9858) / 0.9637 * efficiency``, z being the share of
    full input; as polynomial of the power it needs no case for z = 0. It takes nothing from the grid at night.

    Parameters
    ----------
    direct
        Power of the modules, W, shape ``(step, array)``.
    rating
        Most power given, W, shape ``(array,)``.
    efficiency
        Nominal efficiency, shape ``(array,)``; 0.96 is the manual's.
    """
    full = rating / efficiency
    share = direct / full
    curve = efficiency / REFERENCE_EFFICIENCY * (-0.0162 * share**2 + 0.9858 * share - 0.0059)
    return np.clip(full * curve, 0.0, rating)
