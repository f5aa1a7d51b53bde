"""What all that lies on roofs shares: which way faces look, and how much of them is taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.table import Table

__all__ = ["equator_azimuth", "off_equator", "taken_area"]

Floats = NDArray[np.float64]


def equator_azimuth(city: City) -> float:
    """Return the direction of the equator, clockwise from north, deg; without a site we are north of it."""
    site: Table | None = city.tables.get("site")
    return 180.0 if site is None or float(site["latitude_deg"][0]) >= 0 else 0.0


def off_equator(city: City) -> Floats:
    """Return how far every surface looks away from the equator, 0 to 180 deg, ``(surface,)``."""
    turned = city.surfaces["azimuth_deg"] - equator_azimuth(city)
    return np.asarray(np.abs((turned + 180.0) % 360.0 - 180.0))


def taken_area(city: City) -> Floats:
    """Return how much of every surface modules and collectors take, m2, ``(surface,)``.

    Rows of modules on racks, which lie otherwise than the roof, take all of it: how far apart they stand is not known.
    """
    surfaces, n = city.surfaces, len(city.surfaces)
    taken = np.zeros(n)
    if (modules := city.tables.get("pv_array")) is not None:
        face = modules["surface"]
        racked = modules["tilt_deg"] != surfaces["tilt_deg"][face]
        taken += np.bincount(face, np.where(racked, surfaces["area_m2"][face], modules["module_area_m2"]), n)
    if (collectors := city.tables.get("solar_collector")) is not None:
        taken += np.bincount(collectors["surface"], collectors["roof_area_m2"], n)
    return taken
