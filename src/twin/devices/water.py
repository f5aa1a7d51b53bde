"""Water that stores heat: what it holds, the standing loss behind an energy label, and how it warms and cools.

Water of one temperature (fully mixed) into which constant heat flows and that loses heat in proportion to its
temperature follows

    dx/dt = a - k x,    x(t) = x(0) exp(-k t) + a (1 - exp(-k t)) / k

(one-node store, as in Duffie & Beckman, Solar Engineering of Thermal Processes, chapter on energy storage): `relax`
says how warm it is then, `arrival` when it reaches a temperature at which something switches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LABELS", "LABEL_LIMITS", "SURROUNDINGS_DEGC", "WATER_J_M3K", "arrival", "label_loss", "relax"]

Floats = NDArray[np.float64]

SURROUNDINGS_DEGC = 20.0
WATER_J_M3K = 4.13e6  # at 50 degC: 988 kg/m3 times 4180 J/(kg K)

LABELS = ("A+", "A", "B", "C", "D", "E", "F")
# Standing loss of a water store below which it gets a label, a + b V**0.4, W of V litres
LABEL_LIMITS = {
    "A+": (5.5, 3.16),
    "A": (8.5, 4.25),
    "B": (12.0, 5.93),
    "C": (16.66, 8.33),
    "D": (21.0, 10.33),
    "E": (26.0, 13.66),
    "F": (31.0, 16.66),
}
LABEL_WARMTH_K = 45.0  # water of 65 degC in a room of 20 degC

_STILL = 1e-30  # K/s; what moves less does not arrive


def label_loss(label: NDArray[np.str_], volume_m3: Floats) -> Floats:
    """Return the standing loss of water stores, W/K: the most that their energy label allows.

    The limits are those of Regulation (EU) No 812/2013, annex II, for stores of up to 2000 l, taken to hold beyond.
    NaN where there is no label.
    """
    loss = np.full(len(label), np.nan)
    for name, (constant, slope) in LABEL_LIMITS.items():
        chosen = label == name
        loss[chosen] = (constant + slope * (1e3 * volume_m3[chosen]) ** 0.4) / LABEL_WARMTH_K
    return loss


def arrival(x: Floats, edge: Floats, drive: Floats, rate: Floats) -> Floats:
    """Return the seconds until water is as warm as ``edge``, inf if it never is or is so now.

    Parameters
    ----------
    drive, rate
        ``a``, K/s, and ``k``, 1/s, of the equation above.
    """
    distance, there = edge - x, drive - rate * edge
    reached = np.where(there > 0.0, (distance > 0.0) & (there > _STILL), (distance < 0.0) & (there < -_STILL))
    linear = np.divide(distance, there, out=np.full_like(distance, np.inf), where=reached)
    bend = np.multiply(rate, linear, out=np.zeros_like(linear), where=reached)
    curve = np.divide(np.log1p(bend), bend, out=np.ones_like(bend), where=bend > 0.0)
    return np.asarray(linear * curve)


def relax(x: Floats, drive: Floats, rate: Floats, seconds: Floats) -> tuple[Floats, Floats]:
    """Return the temperature after some seconds, and its integral over them, K s; ``drive``, ``rate`` as `arrival`."""
    once, twice = _decay_integrals(rate * seconds)
    once *= seconds
    return x + (drive - rate * x) * once, x * once + drive * twice * seconds**2


def _decay_integrals(z: Floats) -> tuple[Floats, Floats]:
    """Return ``(1 - exp(-z)) / z`` and ``(z - 1 + exp(-z)) / z**2``, from series where these quotients cancel."""
    small = z < 0.02
    s = z if small.all() else np.minimum(z, 0.02)
    once = 1.0 - s / 2 * (1.0 - s / 3 * (1.0 - s / 4 * (1.0 - s / 5 * (1.0 - s / 6))))
    twice = 0.5 - s / 6 * (1.0 - s / 4 * (1.0 - s / 5 * (1.0 - s / 6 * (1.0 - s / 7))))
    if s is not z:
        large = z[~small]
        once[~small] = -np.expm1(-large) / large
        twice[~small] = (large + np.expm1(-large)) / large**2
    return once, twice
