"""Which coordinate of a file is the easting: reference systems say one thing, files another; a wrong guess mirrors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyproj

    from twin.city.found import Block

__all__ = [
    "WEST_SOUTH",
    "covers",
    "degrees_of",
    "easting_first",
    "middle",
    "northing_first",
    "projection",
    "turned",
    "winding",
]

Floats = NDArray[np.float64]
Winding = Callable[[], float]

_MARGIN_DEG = 0.5  # around the area of use: systems are used a little beyond it
_NEAR_DEG = 10.0  # and some, of national zones, for the whole country
_CLEAR = 0.5  # a winding that leaves no doubt; 1 where every roof agrees
_SAMPLE = 1000

WEST_SOUTH = {"west", "south"}


def middle(coordinates: Floats) -> Floats:
    """Return the median position of a sample, shape ``(3,)``."""
    return np.asarray(np.median(coordinates[:: max(len(coordinates) // _SAMPLE, 1)], axis=0))


def northing_first(system: pyproj.CRS) -> bool:
    """Tell whether the registry puts north (or latitude) before east."""
    return bool(system.axis_info[0].direction == "north")


def degrees_of(system: pyproj.CRS, east: float, north: float) -> tuple[float, float]:
    """Return longitude and latitude of a position on the system's own datum; infinite if there is none."""
    if system.is_geographic:
        return east, north
    longitude, latitude = projection(system)(east, north, inverse=True)
    return float(longitude), float(latitude)


def projection(system: pyproj.CRS) -> pyproj.Proj:
    """Return the projection of a system, to be used in this thread."""
    return _projection(system.srs, threading.get_ident())


@lru_cache(maxsize=64)
def _projection(definition: str, _thread: int) -> pyproj.Proj:
    import pyproj

    return pyproj.Proj(definition)


def covers(system: pyproj.CRS, longitude: float, latitude: float) -> bool:
    """Tell whether a place lies in the area that a system is made for."""
    return _outside(system, longitude, latitude) <= _MARGIN_DEG


def _beyond(system: pyproj.CRS, east: float, north: float) -> float:
    """Return how far a position lies outside the area that a system is made for, degrees; infinite if nowhere."""
    return _outside(system, *degrees_of(system, east, north))


def _outside(system: pyproj.CRS, longitude: float, latitude: float) -> float:
    area = system.area_of_use
    if area is None or not np.isfinite([longitude, latitude]).all():
        return 0.0 if area is None else np.inf
    half_width = (area.east - area.west) % 360 / 2 or 180.0  # also of areas across the date line
    from_middle = abs((longitude - area.west - half_width + 180) % 360 - 180)
    return float(max(from_middle - half_width, abs(longitude) - 180, area.south - latitude, latitude - area.north, 0.0))


def easting_first(system: pyproj.CRS, at: Floats, usual: bool, turn: Winding | None) -> tuple[bool, str]:
    """Tell whether the first coordinate of a file is the easting (or longitude), and why if that is not the usual.

    The order is the one that falls into the area the system is made for, or clearly nearer to it. Where both do and
    the registry has north first, the winding of the roofs decides; where neither does, it is as usual.

    Parameters
    ----------
    system
        A horizontal system whose axes point east and north, in either order.
    at
        Middle of the coordinates, in the file's order.
    usual
        What files in such a system usually do.
    turn
        Returns the winding of the roofs (see `winding`), asked only in doubt.
    """
    first, second = float(at[0]), float(at[1])
    beyond = {True: _beyond(system, first, second), False: 0.0}
    if beyond[True] <= _MARGIN_DEG and usual and system.is_projected and not northing_first(system):
        return usual, ""
    beyond[False] = _beyond(system, second, first)
    here, there = beyond[usual], beyond[not usual]
    if here > _MARGIN_DEG:
        nearer = there <= _NEAR_DEG and there < here - _MARGIN_DEG
        return (not usual, "else they would lie outside its area of use") if nearer else (usual, "")
    sense = turn() if there <= _MARGIN_DEG and turn else 0.0
    if abs(sense) > _CLEAR and (sense > 0) != usual:
        return not usual, "else the city would be mirrored"
    return usual, ""


def turned(system: pyproj.CRS, at: Floats) -> tuple[int, ...] | None:
    """Return how coordinates become those of a system whose axes point west or south; None if in no way.

    Files write westing and southing in either order, or their negatives, which are easting and northing.

    Returns
    -------
    tuple of int or None
        Column of the file, from 1, of each axis of the system; negative if its sign is to be changed.
    """
    import pyproj

    to_degrees = pyproj.Transformer.from_crs(system, system.geodetic_crs)
    for columns in ((1, 2), (2, 1), (-1, -2), (-2, -1)):
        latitude, longitude = to_degrees.transform(*(np.sign(c) * at[abs(c) - 1] for c in columns))
        if covers(system, longitude, latitude):
            return columns
    return None


def winding(blocks: Sequence[Block]) -> float:
    """Return how surfaces run, seen with the first coordinate to the right and the second upward.

    This is the volume above each object's lowest corner by the divergence theorem, over the same with all surfaces
    counted positive: 1 if roofs run counter-clockwise, as they do seen from above, -1 if the two coordinates are the
    other way round. Ground surfaces lie at the lowest corner and count nothing.
    """
    if not blocks:
        return 0.0
    lowest = np.full(1 + max(int(block.surface_objects.max(initial=0)) for block in blocks), np.inf)
    rings = [_rings(block) for block in blocks]
    for owner, _, _, bottom in rings:
        np.minimum.at(lowest, owner, bottom)
    signed = total = 0.0
    for owner, area, height, _ in rings:
        volume = area * (height - lowest[owner])
        signed, total = signed + float(volume.sum()), total + float(np.abs(volume).sum())
    return signed / total if total > 0 and np.isfinite(total) else 0.0


def _rings(block: Block) -> tuple[NDArray[np.int64], Floats, Floats, Floats]:
    """Return of every ring its object, signed projected area, mean and lowest height."""
    filled = block.ring_sizes > 0
    sizes = block.ring_sizes[filled]
    owner = np.repeat(block.surface_objects, block.surface_rings)[filled]
    if not len(sizes):
        return owner, np.zeros(0), np.zeros(0), np.zeros(0)
    starts = np.cumsum(sizes) - sizes
    following = np.arange(1, int(sizes.sum()) + 1)
    following[starts + sizes - 1] = starts
    corners = block.coordinates[block.ring_vertices]
    x, y = (corners[:, k] - np.repeat(corners[starts, k], sizes) for k in (0, 1))
    area = np.add.reduceat(x * y[following] - x[following] * y, starts) / 2
    height = corners[:, 2]
    return owner, area, np.add.reduceat(height, starts) / sizes, np.minimum.reduceat(height, starts)
