"""The sky cut into patches, and the sun spread over those around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SUBDIVISION",
    "SkyPatches",
    "Weights",
    "below",
    "directions_as_patches",
    "reinhart",
    "sun_weights",
    "thinned",
]

Floats = NDArray[np.float64]

SUBDIVISION = {"standard": 2, "fine": 4}
"""Into how many each side of one of Tregenza's patches is cut, by the quality that a scenario asks for."""

_TREGENZA = (30, 30, 24, 24, 18, 12, 6)  # patches per ring, from the horizon upward
_SPREAD_DEG = {1: 6.0, 2: 4.0, 4: 2.5}  # best annual sums by surface on the Delft scene, found by trial
_AROUND = {1: 6, 2: 9, 4: 16}
_NEAR_SUN_DEG = {1: 18.0, 2: 10.5, 4: 7.0}  # what the spread reaches
_TURN = (np.sqrt(5.0) - 1.0) / 2.0  # of each ring against the one below, in patches: never in line again
_STEPS = 512  # at a time
_GRAINS = 2.0**22  # shares are whole numbers of these, so that single precision adds them up exactly in any order


@dataclass(frozen=True)
class SkyPatches:
    """A subdivision of the sky dome.

    Attributes
    ----------
    subdivision
        Into how many each side of one of Tregenza's patches is cut.
    directions
        Unit vectors towards the middle of the patches (east, north, up), shape ``(p, 3)``.
    solid_angles
        What each stands for, sr, shape ``(p,)``; they sum to 2 pi.
    size_rad
        Height of a ring.
    """

    subdivision: int
    directions: Floats
    solid_angles: Floats
    size_rad: float

    def __len__(self) -> int:
        return len(self.directions)

    @property
    def at_horizon(self) -> NDArray[np.bool_]:
        """Patches of the ring that stands on the horizon, shape ``(p,)``."""
        return np.asarray(np.abs(self.directions[:, 2]) < np.sin(self.size_rad))


@lru_cache(maxsize=8)
def reinhart(subdivision: int) -> SkyPatches:
    """Return Tregenza's 145 patches, each cut into ``subdivision`` squared: 577 for 2, 2,305 for 4.

    The rings are turned against each other: patches that stand in line see too much of streets along that line.
    Tregenza 1987, Subdivision of the sky hemisphere for luminance measurements, Lighting Research & Technology 19(1)
    (doi 10.1177/096032718701900103); subdivided as by Reinhart & Walkenhorst 2001 (doi 10.1016/S0378-7788(01)00058-5).
    """
    rings = len(_TREGENZA) * subdivision
    size = np.pi / 2.0 / (rings + 0.5)
    directions, angles = [], []
    for ring in range(rings):
        n = _TREGENZA[ring // subdivision] * subdivision
        altitude, azimuth = (ring + 0.5) * size, (np.arange(n) + _TURN * ring % 1.0) * 2.0 * np.pi / n
        flat = np.cos(altitude)
        directions.append(np.stack([flat * np.sin(azimuth), flat * np.cos(azimuth), np.full(n, np.sin(altitude))], 1))
        angles.append(np.full(n, 2.0 * np.pi / n * (np.sin((ring + 1) * size) - np.sin(ring * size))))
    directions.append(np.array([[0.0, 0.0, 1.0]]))
    angles.append(np.array([2.0 * np.pi * (1.0 - np.cos(size / 2.0))]))
    return SkyPatches(subdivision, np.concatenate(directions), np.concatenate(angles), size)


@lru_cache(maxsize=8)
def below(subdivision: int) -> SkyPatches:
    """Return the same patches of the lower half of the sphere: where ground is seen, if nothing stands before it."""
    sky = reinhart(subdivision)
    return replace(sky, directions=sky.directions * np.array([1.0, 1.0, -1.0]))


def thinned(sky: SkyPatches, sun: Floats) -> SkyPatches:
    """Return the patches that the sun comes near, and of the others one in four, which stands for its neighbours too.

    What comes from there is smooth, and takes fewer rays to find.

    Parameters
    ----------
    sun
        Unit vectors towards all places of the sun that matter, shape ``(t, 3)``.
    """
    near = np.zeros(len(sky), dtype=bool)
    if len(sun):
        from_sun = np.zeros(len(sky))
        for start in range(0, len(sun), _STEPS):
            from_sun = np.maximum(from_sun, _cosines(sky.directions, sun[start : start + _STEPS]).max(axis=1))
        near = from_sun >= np.cos(np.radians(_NEAR_SUN_DEG[sky.subdivision]))
    ring = np.round(np.arcsin(sky.directions[:, 2]) / sky.size_rad - 0.5).astype(np.int64)
    first = np.searchsorted(ring, ring)
    kept = near | ((np.arange(len(sky)) - first + 2 * (ring % 2)) % 4 == 0)
    kept[-1] = True  # the zenith has its ring to itself
    stands_in = np.arange(len(sky))
    for lost in np.flatnonzero(~kept):
        others = np.flatnonzero(kept & (ring == ring[lost]))
        stands_in[lost] = others[np.argmax(sky.directions[others] @ sky.directions[lost])]
    angles = np.bincount(stands_in, sky.solid_angles, len(sky))
    return replace(sky, directions=sky.directions[kept], solid_angles=angles[kept])


def directions_as_patches(directions: Floats) -> SkyPatches:
    """Return points of the sky, of no size, to be looked at like patches, shape ``(p, 3)``."""
    return SkyPatches(0, directions, np.zeros(len(directions)), 0.0)


@dataclass(frozen=True)
class Weights:
    """How much each of the patches around the sun counts, per step.

    Attributes
    ----------
    patch
        Shape ``(t, k)``.
    share
        Of the beam, summing to 1 exactly, in whatever order, shape ``(t, k)``.
    """

    patch: NDArray[np.int64]
    share: NDArray[np.float32]

    def during(self, steps: slice | NDArray[np.intp]) -> Weights:
        """Return those of some of the steps."""
        return Weights(self.patch[steps], self.share[steps])

    def matrix(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the patches that count in any step, shape ``(u,)``, and their weights, shape ``(t, u)``."""
        used, column = np.unique(self.patch, return_inverse=True)
        dense = np.zeros((len(self.patch), len(used)), dtype=np.float32)
        np.put_along_axis(dense, column.reshape(self.patch.shape), self.share, axis=1)
        return used, dense


def sun_weights(sun: Floats, patches: SkyPatches) -> Weights:
    """Spread the beam over the patches around the sun, by a Gaussian of their distance.

    One patch is seen by one ray, which the surface's whole area must make do with; neighbours start elsewhere on it,
    so that their mean is nearer to its lit share. A wider spread blurs when shadows come and go.

    Parameters
    ----------
    sun
        Unit vectors towards the sun, shape ``(t, 3)``.
    """
    k = _AROUND[patches.subdivision]
    patch, cosine = np.zeros((len(sun), k), dtype=np.int64), np.zeros((len(sun), k))
    for start in range(0, len(sun), _STEPS):
        steps = slice(start, start + _STEPS)
        all_cosines = _cosines(sun[steps], patches.directions)
        patch[steps] = np.argpartition(-all_cosines, k - 1, axis=1)[:, :k]
        cosine[steps] = np.take_along_axis(all_cosines, patch[steps], axis=1)
    angle = np.arccos(np.minimum(cosine, 1.0))
    spread = np.radians(_SPREAD_DEG[patches.subdivision])
    nearest = angle.min(axis=1, keepdims=True)
    share = np.exp((nearest**2 - angle**2) / (2.0 * spread**2))
    share = np.round(share / share.sum(axis=1, keepdims=True) * _GRAINS) / _GRAINS
    share[np.arange(len(sun)), angle.argmin(axis=1)] += 1.0 - share.sum(axis=1)
    return Weights(patch, share.astype(np.float32))


def _cosines(a: Floats, b: Floats) -> Floats:
    """Return the cosines between unit vectors, to the last digit the same however they are cut into blocks."""
    return np.asarray(sum(np.multiply.outer(a[:, axis], b[:, axis]) for axis in range(3)))
