"""Rows of modules on flat roofs: how far apart they stand, and how much of the sky they hide from each other.

Rows are taken as endless. Coverage is the area of modules over the area of roof they are spread over.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = ["masked_sky", "row_coverage", "winter_noon_elevation"]

OBLIQUITY_DEG = 23.44  # tilt of the Earth's axis, so the sun's declination at the solstices
LOWEST_ELEVATION_DEG = 5.0  # nobody spaces rows for a sun below it (planning assumption)


def winter_noon_elevation(latitude_deg: float) -> float:
    """Return how high the sun stands at noon of the winter solstice, deg, 5 at least: ``90 - |latitude| - 23.44``."""
    return max(90.0 - abs(latitude_deg) - OBLIQUITY_DEG, LOWEST_ELEVATION_DEG)


def row_coverage(tilt_deg: float, elevation_deg: float) -> float:
    """Return the coverage of rows that face the sun and just do not shade each other while it stands so high.

    The row of slant length L shades ``L sin(tilt) / tan(elevation)`` behind its upper edge, so rows repeat every
    ``L (cos(tilt) + sin(tilt) / tan(elevation))`` (Quaschning 2022, Regenerative Energiesysteme, chapter on shading of
    rows on racks). Never more than 1: where the sun stands steeply behind low racks, modules touch.
    """
    tilt, elevation = math.radians(tilt_deg), math.radians(elevation_deg)
    pitch = math.cos(tilt) + math.sin(tilt) / math.tan(elevation)
    return min(1.0 / pitch, 1.0)


def masked_sky(tilt_deg: float, coverage: float) -> float:
    """Return the share of an even sky's light on tilted rows that the row in front hides, 0 to 1.

    Mean over the slant of ``1 - (1 + cos(tilt + p)) / (1 + cos(tilt))`` with the angle ``p`` under which a point sees
    the upper edge in front: crossed strings between endless rows, as in the view factors of Mikofski et al. 2019
    (doi 10.1109/PVSC40753.2019.8980572); ``p`` after Passias & Källbäck 1984 (doi 10.1016/0379-6787(84)90017-6).

    Parameters
    ----------
    coverage
        Slant length over pitch. Pairs that lean on each other (east and west) hide from each other as rows at the
        pitch of the pairs do: half of what they cover.
    """
    tilt = math.radians(tilt_deg)
    points, weights = np.polynomial.legendre.leggauss(32)
    below = (1.0 - points) / 2.0  # of the slant, from the point up to the upper edge
    seen = np.arctan2(below * np.sin(tilt), 1.0 / coverage - below * np.cos(tilt))
    left = (1.0 + np.cos(tilt + seen)) / (1.0 + np.cos(tilt))
    return float(1.0 - weights @ left / 2.0)
