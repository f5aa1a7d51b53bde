"""The temperature beyond ground floors over the year, which carries what EN ISO 13370 has into hourly methods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.ground import YEAR_S, Exchange
from twin.buildings.kernel.series import Shared

__all__ = ["Swing", "annual_swing", "virtual_ground_temperature"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Swing:
    """The year's swing of the outdoor temperature: mean - amplitude cos(2 pi (time - coldest) / year).

    ``coldest_s`` counts from the beginning of the year.
    """

    mean_degc: float
    amplitude_k: float
    coldest_s: float


def annual_swing(outdoor_degc: Floats) -> Swing:
    """Return the year's swing in a whole year of outdoor temperatures at equal steps, as its first harmonic."""
    n = len(outdoor_degc)
    middle = (np.arange(n) + 0.5) / n
    wave = -2.0 * complex(np.mean(outdoor_degc * np.exp(2j * np.pi * middle)))
    coldest = np.angle(wave) % (2.0 * np.pi) / (2.0 * np.pi)
    return Swing(float(np.mean(outdoor_degc)), abs(wave), float(coldest) * YEAR_S)


def virtual_ground_temperature(exchange: Exchange, swing: Swing, seconds: NDArray[np.int64]) -> Shared:
    """Return the temperature beyond the conductance ``exchange.steady_w_k``, degC, as three profiles.

    With it an hourly simulation has the steady and the outdoor periodic heat flow of EN ISO 13370 (annex F, as
    EN ISO 52016-1 uses it): mean - H_pe / H_g amplitude cos(2 pi (time - coldest - lag) / year). The flow that the
    standard has for a swing of the year indoors is left out: indoors it is as warm in winter as set. H_pe counts no
    more than H_g, as conduction only damps; the standard's approximation goes beyond for floors a few metres narrow.

    Parameters
    ----------
    seconds
        Middle of each step, since the beginning of any year, such as 1970.

    Returns
    -------
    Shared
        Profiles 1, cosine and sine of the time of the year since the coldest, ``(step, 3)``; shares ``(3, n)``.
    """
    angle = 2.0 * np.pi * (np.asarray(seconds, dtype=np.float64) - swing.coldest_s) / YEAR_S
    late = 2.0 * np.pi * exchange.lag_s / YEAR_S
    none = np.zeros_like(exchange.outdoor_w_k)
    ratio = np.divide(exchange.outdoor_w_k, exchange.steady_w_k, out=none, where=exchange.steady_w_k > 0.0)
    amplitude = -swing.amplitude_k * np.minimum(ratio, 1.0)
    shares = np.stack([np.full_like(ratio, swing.mean_degc), amplitude * np.cos(late), amplitude * np.sin(late)])
    return Shared(np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=1), shares)
