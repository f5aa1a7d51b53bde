"""Rays from surfaces to the sky: where they start, and what they hit first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.sun.sight.patches import SkyPatches
from twin.sun.sight.scene import Scene

__all__ = ["Caster", "Pairs", "Targets", "embree", "has_embree", "unit_numbers"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

Caster = Callable[[Singles, Singles], NDArray[np.int32]]
"""From origins and directions, each ``(r, 3)``, to the triangle hit first, -1 for none, ``(r,)``."""

LIFT_M = 0.01  # off the surface, so that it does not hit itself; more would look past low sills
_GRAZING = np.float32(0.01)  # sine of the angle above a surface of the rays that graze it
_FACING = 1e-6  # a surface that faces no patch by as much (from below) sees nothing
_REACH = (
    1.75  # how far behind a surface directions still graze it, in sizes of a patch: as far as neighbours of the sun
)

# Roots of x^4 = x + 1 and their powers: Roberts 2018, "The unreasonable effectiveness of quasirandom sequences"
_PLASTIC = 1.2207440846057596
_STEPS = np.array([1.0 / _PLASTIC, 1.0 / _PLASTIC**2, 1.0 / _PLASTIC**3])
_SALTS = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)


def has_embree() -> bool:
    """Tell whether embreex can be imported here: it has no wheel for every platform."""
    try:
        import embreex  # noqa: F401
    except ImportError:
        return False
    return True


def embree(scene: Scene) -> Caster:
    """Return a caster of Intel's Embree, in single precision from the scene's origin on.

    Wald et al. 2014, Embree: a kernel framework for efficient CPU ray tracing (doi 10.1145/2601097.2601199).
    """
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    built = EmbreeScene()
    TriangleMesh(built, (scene.triangles - scene.origin).astype(np.float32))

    def cast(origins: Singles, directions: Singles) -> NDArray[np.int32]:
        found: NDArray[np.int32] = built.run(origins, directions, query="INTERSECT")
        return found

    return cast


@dataclass(frozen=True)
class Pairs:
    """Surfaces and directions they face, sorted by surface.

    Attributes
    ----------
    which, surface
        Number among the surfaces asked for, and row in the scene, shape ``(r,)``.
    direction
        Number of the direction, shape ``(r,)``.
    sine
        Of the direction's angle above the surface, shape ``(r,)``.
    """

    which: Ints
    surface: Ints
    direction: Ints
    sine: Singles

    def __len__(self) -> int:
        return len(self.which)

    def take(self, some: Ints) -> Pairs:
        """Return some of the pairs."""
        return Pairs(self.which[some], self.surface[some], self.direction[some], self.sine[some])


def unit_numbers(n: int) -> Floats:
    """Return ``n`` points spread evenly over the unit cube, the first ones too: Roberts' R3, shape ``(n, 3)``."""
    points: Floats = (np.arange(1, n + 1)[:, None] * _STEPS) % 1.0
    return points


class Targets:
    """Draws the rays of any surfaces of a scene towards patches; what is drawn for a surface depends on it alone.

    Attributes
    ----------
    downward
        Whether the patches are of the ground.
    points
        Whether they have no size: places of the sun, of which one tells nothing of the others.
    reach
        How far behind a surface directions are still taken to graze it, rad.
    altitudes
        Of the patches, rad, shape ``(p,)``.
    """

    def __init__(self, scene: Scene, patches: SkyPatches) -> None:
        self._directions = patches.directions.astype(np.float32)
        self._towards = np.ascontiguousarray(patches.directions.T)
        self.downward = bool(patches.directions[-1, 2] < 0.0)
        self.points = patches.subdivision == 0
        self.reach = 0.0 if self.downward else _REACH * patches.size_rad
        self.altitudes = np.arcsin(patches.directions[:, 2])
        self._numbers = np.ascontiguousarray(unit_numbers(len(patches)).T.astype(np.float32))
        keys = scene.keys[: scene.n_surfaces]
        self._shifts = ((keys * _SALTS[:, None]) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
        self._offsets, self._normals, self._areas = scene.offsets, scene.normals, scene.areas
        self._frames = _frames(scene)
        self._ends = np.cumsum(scene.triangle_areas)
        self._before = np.concatenate([[0.0], self._ends])[scene.offsets[:-1]]

    def __len__(self) -> int:
        return len(self._directions)

    def facing(self, rows: Ints) -> Pairs:
        """Return which of the directions each surface faces; of the sky also those it all but faces.

        A sun just above a surface then finds neighbours all around.
        """
        sine = self._normals[rows] @ self._towards
        there = (sine > -self.reach) & ((self._areas[rows] > 0.0) & (sine.max(axis=1) > _FACING))[:, None]
        which, direction = np.nonzero(there)
        return Pairs(which, rows[which], direction, sine[which, direction].astype(np.float32))

    def draw(self, pairs: Pairs) -> tuple[Singles, Singles]:
        """Return origins, from the scene's, and directions of one ray per pair, each from a point of its own."""
        area, along, across = (self._number(axis, pairs) for axis in range(3))
        frames = self._frames[self._triangles(pairs.surface, area)]
        np.sqrt(along, out=along)  # uniform on a triangle: Turk 1990, Graphics Gems
        across *= along
        along -= across
        origins = np.empty((len(pairs), 3), dtype=np.float32)
        for axis in range(3):
            origins[:, axis] = frames[:, axis] + along * frames[:, 3 + axis] + across * frames[:, 6 + axis]
        return origins, self.directions(pairs)

    def _number(self, axis: int, pairs: Pairs) -> Singles:
        """Return one of the three numbers from 0 to 1 that say where on its surface each ray starts."""
        number: Singles = self._numbers[axis, pairs.direction]
        number += self._shifts[axis, pairs.surface]
        number -= number >= 1.0
        return number

    def _triangles(self, surface: Ints, number: Singles) -> Ints:
        """Return a triangle of each surface, by area."""
        place = self._before[surface] + number * self._areas[surface]
        found = np.searchsorted(self._ends, place, side="right")
        return np.clip(found, self._offsets[surface], self._offsets[surface + 1] - 1)

    def directions(self, pairs: Pairs) -> Singles:
        """Return the rays' directions, those that graze their surface turned to just above it."""
        directions = self._directions[pairs.direction]
        low = np.flatnonzero(pairs.sine < _GRAZING)
        normals = self._normals[pairs.surface[low]].astype(np.float32)
        lifted = directions[low] + (_GRAZING - pairs.sine[low])[:, None] * normals
        directions[low] = lifted / np.linalg.norm(lifted, axis=1, keepdims=True)
        return directions


def _frames(scene: Scene) -> Singles:
    """Return a corner, lifted off its surface, and two edges of every triangle that receives sun, shape ``(n, 9)``."""
    corners = scene.triangles[: scene.own] - scene.origin
    edges = corners[:, 1:] - corners[:, :1]
    lifted = corners[:, 0] + LIFT_M * scene.normals[scene.surface[: scene.own]]
    return np.concatenate([lifted, edges[:, 0], edges[:, 1]], axis=1).astype(np.float32)
