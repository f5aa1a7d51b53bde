"""Primitives with their coordinates in metres, as the city read from the same file has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twin.city.axes import winding
from twin.city.check.primitives import Primitives
from twin.city.crs import settle
from twin.city.found import Block
from twin.city.geometry.rings import owners

__all__ = ["in_metres"]


def in_metres(primitives: Primitives, stated: str | None, crs: str | None) -> Primitives:
    """Return primitives in metres, easting first.

    Parameters
    ----------
    stated
        The reference system in the file's own words.
    crs
        One that overrides it.
    """
    of_surface = owners(primitives.primitive_offsets)[owners(primitives.solid_offsets)][
        owners(primitives.shell_offsets)
    ]
    unknown = np.full(len(of_surface), -1)
    block = Block(
        primitives.coordinates,
        primitives.corners,
        np.diff(primitives.ring_offsets),
        np.diff(primitives.surface_offsets),
        primitives.owners[of_surface],
        unknown,
        unknown,
        unknown,
    )
    settled = settle(primitives.coordinates, stated, crs, winding=lambda: winding([block]))
    return replace(primitives, coordinates=settled.coordinates)
