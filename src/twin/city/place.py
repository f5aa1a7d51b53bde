"""Where on Earth a city lies."""

from __future__ import annotations

import numpy as np

from twin.city.model import City
from twin.errors import Problem, TwinError

__all__ = ["longitude_latitude"]


def longitude_latitude(city: City) -> tuple[float, float] | None:
    """Return longitude and latitude of the mean vertex, degrees; None without a reference system or without geometry.

    Raises
    ------
    TwinError
        If its reference system is not known.
    """
    if city.crs is None or not len(city.geometry.vertices):
        return None
    from pyproj import Transformer
    from pyproj.exceptions import CRSError

    try:
        to_wgs84 = Transformer.from_crs(city.crs, "EPSG:4326", always_xy=True)
    except CRSError:
        raise TwinError(
            Problem(f"the city's reference system {city.crs!r} is not known", expected="a code such as EPSG:25832")
        ) from None
    x, y = city.geometry.vertices[:, :2].mean(axis=0)
    longitude, latitude = to_wgs84.transform(x, y)
    return (longitude, latitude) if np.isfinite([longitude, latitude]).all() else None
