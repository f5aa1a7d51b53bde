"""Coefficients of heat transfer at surfaces: convection indoors, and by wind outdoors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.units import STEFAN_BOLTZMANN, ZERO_DEGC_K

__all__ = [
    "CONVECTION_W_M2K",
    "ROUGH",
    "SMOOTH",
    "forced_convection",
    "natural_convection",
    "outside_film",
]

Floats = NDArray[np.float64]

# At inner surfaces by direction of the heat that leaves, W/(m2 K): EN ISO 6946:2017, annex C; EN ISO 52016-1:2017
CONVECTION_W_M2K = {"horizontal": 2.5, "up": 5.0, "down": 0.7}
SMOOTH, ROUGH = 1.0, 1.67  # glass; brick or rough plaster: DOE-2 model, EnergyPlus' Engineering Reference
_NATURAL = 0.84 * 10.0 ** (1.0 / 3.0)  # MoWiTT, 10 K warmer than the air: planning assumption
# Of the cube root of the temperature difference, W/(m2 K^(4/3)): G. N. Walton 1983, Thermal Analysis Research Program
# Reference Manual (TARP), NBSIR 83-2655
_VERTICAL = 1.31
_RISING = 9.482 / (7.283 - 1.0)  # horizontal, warm below cold
_LAYERED = 1.810 / (1.382 + 1.0)  # horizontal, cold below warm


def natural_convection(warmer_k: Floats, heat_flow: str) -> Floats:
    """Return the coefficient of convection at an inner surface, W/(m2 K), of the shape given: TARP, Walton 1983.

    Parameters
    ----------
    warmer_k
        By how much the surface is warmer than the air.
    heat_flow
        ``horizontal`` for a wall, ``up`` for a ceiling, ``down`` for a floor, as in `CONVECTION_W_M2K`.
    """
    root = np.cbrt(np.abs(warmer_k))
    if heat_flow == "horizontal":
        return np.asarray(_VERTICAL * root)
    rising = warmer_k < 0.0 if heat_flow == "up" else warmer_k > 0.0
    return np.asarray(np.where(rising, _RISING, _LAYERED) * root)


def forced_convection(wind_m_s: Floats, roughness: float, natural: Floats | float = _NATURAL) -> Floats:
    """Return the coefficient of convection at an outer surface, mean of windward and leeward, W/(m2 K).

    Yazdanian & Klems 1994, Measurement of the exterior convective film coefficient for windows in low-rise buildings
    (MoWiTT), with the roughness of DOE-2; constants as in EnergyPlus' Engineering Reference.

    Parameters
    ----------
    wind_m_s
        At the height of the surface.
    roughness
        `SMOOTH` to `ROUGH`.
    natural
        The part that does not come from wind, W/(m2 K).
    """
    windward = np.hypot(natural, 3.26 * wind_m_s**0.89)
    leeward = np.hypot(natural, 3.55 * wind_m_s**0.617)
    return np.asarray(natural + roughness * ((windward + leeward) / 2.0 - natural))


def outside_film(
    outdoor: Floats, surface: Floats, wind_m_s: Floats, roughness: float, emissivity: float, heat_flow: str
) -> Floats:
    """Return the coefficient of convection and radiation at an outer surface as warm as it is, W/(m2 K).

    Radiation is to surroundings as warm as the air; what is lost to a colder sky comes on top.

    Parameters
    ----------
    outdoor, surface
        Temperatures of air and surface, degC.
    heat_flow
        Of the element, as in `CONVECTION_W_M2K`: a roof's outer side faces up as a floor's inner side does.
    """
    facing = {"up": "down", "down": "up"}.get(heat_flow, heat_flow)
    convection = forced_convection(wind_m_s, roughness, natural_convection(surface - outdoor, facing))
    air, wall = outdoor + ZERO_DEGC_K, surface + ZERO_DEGC_K
    return np.asarray(convection + emissivity * STEFAN_BOLTZMANN * (air**2 + wall**2) * (air + wall))
