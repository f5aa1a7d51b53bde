"""What is left of a plane's view of sky, horizon and ground, from the patches it sees."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twin.sun.kernel import Planes
from twin.sun.sight.patches import SkyPatches
from twin.sun.sight.visibility import Visibility

__all__ = ["overcast", "own_planes", "seen_planes", "view_shares"]

Floats = NDArray[np.float64]

_CHUNK = 1024  # surfaces at a time, a multiple of 8


def view_shares(visibility: Visibility, normals: Floats, patch_weights: Floats) -> Floats:
    """Return what each plane receives from patches, as a share of what it would receive if it stood free.

    Parameters
    ----------
    normals
        Outward unit normals of planes that lie on the surfaces, in their order, shape ``(s, 3)``.
    patch_weights
        Radiance times solid angle of each patch, one column for each sky asked for, shape ``(p, k)``.

    Returns
    -------
    numpy.ndarray
        Shape ``(s, k)``; 1 where a plane faces none of the patches.
    """
    shares = np.ones((len(normals), patch_weights.shape[1]))
    towards = visibility.patches.directions.T
    for start in range(0, len(normals), _CHUNK):
        part = slice(start, min(start + _CHUNK, len(normals)))
        cosines = np.maximum(normals[part] @ towards, 0.0)
        free = cosines @ patch_weights
        cosines *= visibility.seen(slice(None), part).T
        np.divide(cosines @ patch_weights, free, out=shares[part], where=free > 1e-12)
    return shares


def seen_planes(normals: Floats, sky: Visibility, ground: Visibility | None = None) -> Planes:
    """Return planes on the surfaces with what they see of dome, horizon band and ground.

    Parameters
    ----------
    normals
        Shape ``(s, 3)``; zero for a degenerate plane, which receives nothing.
    sky, ground
        What the surfaces see of the patches above and below the horizon; the ground is free to see without.
    """
    up, flat = normals[:, 2], np.hypot(normals[:, 0], normals[:, 1])
    angles = sky.patches.solid_angles
    lowest = np.where(sky.patches.at_horizon, angles, 0.0)
    dome, band = view_shares(sky, normals, np.stack([angles, lowest], axis=1)).T
    floor = np.ones(len(up))
    if ground is not None:
        floor = view_shares(ground, normals, ground.patches.solid_angles[:, None])[:, 0]
    factors = np.stack([(1.0 + up) / 2.0 * dome, flat * band, (1.0 - up) / 2.0 * floor], axis=1)
    there = np.abs(normals).sum(axis=1) > 0.0
    return Planes(normals, np.where(there[:, None], factors, 0.0))


@lru_cache(maxsize=4)
def own_planes(sky: Visibility, ground: Visibility | None = None) -> Planes:
    """Return what `seen_planes` returns for the surfaces themselves, found once for all who ask for the same."""
    return seen_planes(sky.normals, sky, ground)


def overcast(patches: SkyPatches) -> Floats:
    """Return the illuminance of each patch of CIE's overcast sky on a plane facing it, the horizontal plane having 1.

    ISO 15469:2004, type 16 (Moon & Spencer 1942): luminance (1 + 2 sin altitude) / 3 of that at the zenith. Shape
    ``(p,)``.
    """
    height = patches.directions[:, 2]
    weights = (1.0 + 2.0 * height) * patches.solid_angles
    return weights / (weights @ height)
