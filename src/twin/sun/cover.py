"""What glass lets through, by the angle at which light falls on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["diffuse_transmission", "transmission"]

Floats = NDArray[np.float64]

REFRACTIVE_INDEX = 1.526
EXTINCTION_1_M, THICKNESS_M = 4.0, 0.002


def transmission(cosine: Floats) -> Floats:
    """Return what a cover lets through of a beam over what it lets through of one that falls on it straight.

    Fresnel reflection at the first face and absorption on the way: De Soto, Klein & Beckman 2006 (doi
    10.1016/j.solener.2005.06.010), equations 17 to 20, with their values for glass; as PVWatts version 5 has it.

    Parameters
    ----------
    cosine
        Of the angle of incidence; 0 and below give 0.
    """
    shown = np.clip(cosine, 1e-6, 1.0)
    within = np.sqrt(1.0 - (1.0 - shown**2) / REFRACTIVE_INDEX**2)  # cosine of the refracted angle, by Snell's law
    across = ((shown - REFRACTIVE_INDEX * within) / (shown + REFRACTIVE_INDEX * within)) ** 2
    along = ((within - REFRACTIVE_INDEX * shown) / (within + REFRACTIVE_INDEX * shown)) ** 2
    passed = np.exp(-EXTINCTION_1_M * THICKNESS_M / within) * (1.0 - (across + along) / 2.0)
    straight = np.exp(-EXTINCTION_1_M * THICKNESS_M) * (
        1.0 - ((1.0 - REFRACTIVE_INDEX) / (1.0 + REFRACTIVE_INDEX)) ** 2
    )
    return np.where(cosine > 0.0, passed / straight, 0.0)


def diffuse_transmission(tilt_deg: Floats) -> tuple[Floats, Floats]:
    """Return the same for light from the sky and from the ground, by the tilt of the plane, each of its shape.

    At the equivalent angles of Brandemuehl & Beckman 1980 (doi 10.1016/0038-092X(80)90453-X), in the form of Duffie &
    Beckman 2013, equations 5.4.1 and 5.4.2.
    """
    sky = 59.7 - 0.1388 * tilt_deg + 0.001497 * tilt_deg**2
    ground = 90.0 - 0.5788 * tilt_deg + 0.002693 * tilt_deg**2
    return transmission(np.cos(np.radians(sky))), transmission(np.cos(np.radians(ground)))
