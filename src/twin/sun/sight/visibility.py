"""What every surface sees of the sky: found once per geometry, and followed when that changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.rings import ragged_take
from twin.engine.workers import mapped
from twin.progress import Progress, silent
from twin.sun.sight.patches import SkyPatches
from twin.sun.sight.rays import Caster, Pairs, Targets
from twin.sun.sight.scene import Scene

__all__ = ["VERSION", "Hits", "Visibility", "follow", "look"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
Singles = NDArray[np.float32]

CHUNK = 256  # surfaces whose rays are cast at a time; a multiple of 8
SAMPLE = 4  # one ray in so many is cast first, and no more from surfaces where none gets out
VERSION = 1  # of what is found; raise it when the same scene gives other answers
NOTHING, UNKNOWN = -1, -2
MARGIN_M = 0.1  # around boxes, for rays that start off their surface


@dataclass(frozen=True)
class Hits:
    """Rays that do not reach the sky, sorted by the surface they start from.

    Attributes
    ----------
    offsets
        Surface ``s`` has hits ``offsets[s]:offsets[s + 1]``, shape ``(n_surfaces + 1,)``.
    patch
        Where the ray was headed, shape ``(h,)``.
    surface
        What it hit first, counted as in the scene, shape ``(h,)``.
    """

    offsets: Ints
    patch: NDArray[np.uint16]
    surface: NDArray[np.int32]

    @cached_property
    def origin(self) -> Ints:
        """Surface that each ray starts from, shape ``(h,)``."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


@dataclass(frozen=True, repr=False, eq=False)
class Visibility:
    """Which patches of the sky each surface sees, by one ray each.

    Attributes
    ----------
    bits
        One bit per patch and surface, eight surfaces to the byte, shape ``(p, ceil(n_surfaces / 8))``: a step of the
        sun needs but a few rows.
    hits
        What the other rays hit; None of surfaces taken out of a scene.
    normals
        Of the surfaces, shape ``(n_surfaces, 3)``.
    """

    patches: SkyPatches
    bits: Bits
    hits: Hits | None
    normals: Floats

    def __len__(self) -> int:
        return len(self.normals)

    def __repr__(self) -> str:
        return f"Visibility({len(self):,} surfaces, {len(self.patches):,} patches)"

    def seen(self, patches: Ints | slice, surfaces: slice) -> NDArray[np.float32]:
        """Return 1 where a patch is seen and 0 where not, shape ``(patches, surfaces)``.

        Parameters
        ----------
        surfaces
            A run that starts at a multiple of eight.
        """
        start, stop, _ = surfaces.indices(len(self))
        packed = self.bits[patches, start // 8 : -(-stop // 8)]
        return np.unpackbits(packed, axis=1, count=stop - start).astype(np.float32)

    def seen_from(self, rows: Ints) -> Bits:
        """Return 1 where any surfaces see a patch and 0 where not, shape ``(p, rows)``."""
        return self.bits[:, rows // 8] >> (7 - rows % 8).astype(np.uint8) & np.uint8(1)

    def take(self, rows: Ints) -> Visibility:
        """Return what some surfaces see; surfaces may come more than once."""
        return replace(self, bits=np.packbits(self.seen_from(rows), axis=1), hits=None, normals=self.normals[rows])


def look(
    scene: Scene, patches: SkyPatches, caster: Caster, progress: Progress = silent, workers: int = 1
) -> Visibility:
    """Cast one ray from every surface to every patch that it faces, each from another point of its area.

    Parameters
    ----------
    patches
        Of the sky; or of the ground, where rays end at whatever is ground.
    caster
        What casts the rays (`twin.sun.sight.rays.embree`).
    workers
        Processes that share the work; the result does not depend on them.
    """
    return _follow(scene, patches, caster, None, progress, workers)


def follow(
    before: Visibility, old: Scene, scene: Scene, caster: Caster, progress: Progress = silent, workers: int = 1
) -> Visibility:
    """Return what the surfaces of a changed scene see, casting only the rays that the change may concern.

    These are the rays from new surfaces, those that had hit what is gone, and those headed for the box around what is
    new. The same, but for rays that graze an edge, as looking anew.

    Parameters
    ----------
    before, old
        What was seen, and the scene it was seen in.
    """
    return _follow(scene, before.patches, caster, _Past(before, old, scene), progress, workers)


class _Past:
    """What is known of the rays of a changed scene."""

    def __init__(self, before: Visibility, old: Scene, scene: Scene) -> None:
        assert before.hits is not None
        self._before, self._hits = before, before.hits
        self._row = _row_of(scene.keys[: scene.n_surfaces], old.keys[: old.n_surfaces])
        became = _row_of(old.keys, scene.keys)
        self._became = np.where(became >= 0, became, UNKNOWN)
        added = _row_of(scene.keys, old.keys) < 0
        self._corners = scene.triangles[added[scene.surface]].reshape(-1, 3)
        self._low, self._high = _boxes(scene)

    def known(self, rows: Ints) -> NDArray[np.int32]:
        """Return what the rays of some surfaces hit, NOTHING, or UNKNOWN if they must be cast, ``(rows, p)``."""
        patches, old = self._before.patches, self._row[rows]
        table = np.full((len(rows), len(patches)), UNKNOWN, dtype=np.int32)
        there = np.flatnonzero(old >= 0)
        table[there] = np.where(self._before.seen_from(old[there]).T, NOTHING, UNKNOWN)
        each, offsets = ragged_take(self._hits.offsets, old[there])
        table[np.repeat(there, np.diff(offsets)), self._hits.patch[each]] = self._became[self._hits.surface[each]]
        return table

    def concerned(self, rows: Ints, targets: Targets, pairs: Pairs) -> Ints:
        """Return which rays may meet the box around what is new, wherever on their surface they start.

        A ray from a box meets another box if from the origin it meets their difference (Minkowski): the slab method
        of Kay & Kajiya 1986 (doi 10.1145/15886.15916).
        """
        if not len(self._corners):
            return np.zeros(0, dtype=np.int64)
        near = self._corners.min(axis=0) - self._high[rows] - MARGIN_M
        far = self._corners.max(axis=0) - self._low[rows] + MARGIN_M
        low_enough = np.flatnonzero(targets.altitudes[pairs.direction] <= _steepest(near, far) + targets.reach)
        some = pairs.take(low_enough)
        directions = targets.directions(some)
        enter, leave = np.zeros(len(some)), np.full(len(some), np.inf)
        for axis in range(3):
            along = directions[:, axis].astype(np.float64)
            along = np.where(np.abs(along) < 1e-9, 1e-9, along)
            a, b = near[some.which, axis] / along, far[some.which, axis] / along
            enter, leave = np.maximum(enter, np.minimum(a, b)), np.minimum(leave, np.maximum(a, b))
        return low_enough[enter <= leave]


def _steepest(near: Floats, far: Floats) -> float:
    """Return the steepest altitude, rad, at which any of some boxes reaches to, seen from the origin."""
    gap = np.maximum(np.maximum(near[:, :2], -far[:, :2]), 0.0)
    return float(np.arctan2(far[:, 2], np.hypot(gap[:, 0], gap[:, 1])).max())


def _row_of(wanted: NDArray[np.uint64], among: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return where each number stands among others, -1 if nowhere."""
    if not len(among):
        return np.full(len(wanted), -1)
    order = np.argsort(among, kind="stable")
    place = np.minimum(np.searchsorted(among[order], wanted), len(among) - 1)
    found = order[place]
    return np.where(among[found] == wanted, found, -1)


def _boxes(scene: Scene) -> tuple[Floats, Floats]:
    """Return the lowest and the highest corner of every surface, each ``(n_surfaces, 3)``."""
    low, high = np.full((scene.n_surfaces, 3), np.inf), np.full((scene.n_surfaces, 3), -np.inf)
    owner, corners = scene.surface[: scene.own], scene.triangles[: scene.own]
    np.minimum.at(low, owner, corners.min(axis=1))
    np.maximum.at(high, owner, corners.max(axis=1))
    return low, high


def _follow(
    scene: Scene, patches: SkyPatches, caster: Caster, past: _Past | None, progress: Progress, workers: int
) -> Visibility:
    targets, n = Targets(scene, patches), scene.n_surfaces
    chunks = [np.arange(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]
    parts = [_NOBODY]
    for part in mapped(partial(_look, scene, targets, caster, past), chunks, workers):
        parts.append(part)
        progress("sun: rays", len(parts) - 1, len(chunks))
    bits = np.concatenate([np.zeros((len(patches), 0), dtype=np.uint8), *(part.bits for part in parts[1:])], axis=1)
    offsets = np.concatenate([[0], np.cumsum(np.concatenate([part.counts for part in parts]))])
    patch, surface = (np.concatenate([getattr(part, name) for part in parts]) for name in ("patch", "surface"))
    return Visibility(patches, bits, Hits(offsets, patch, surface), scene.normals)


@dataclass(frozen=True)
class _Part:
    """What a chunk of surfaces sees: packed bits, number of hits per surface, and the hits."""

    bits: Bits
    counts: Ints
    patch: NDArray[np.uint16]
    surface: NDArray[np.int32]


_NOBODY = _Part(np.zeros((0, 0), np.uint8), np.zeros(0, np.int64), np.zeros(0, np.uint16), np.zeros(0, np.int32))


def _look(scene: Scene, targets: Targets, caster: Caster, past: _Past | None, rows: Ints) -> _Part:
    """Look from a chunk of surfaces: a sample of the rays first, the others only where one of it gets out."""
    pairs = targets.facing(rows)
    hit = np.full(len(pairs), UNKNOWN, dtype=np.int32)
    if past:
        hit = past.known(rows)[pairs.which, pairs.direction]
        hit[past.concerned(rows, targets, pairs)] = UNKNOWN
    sample = pairs.direction % (1 if targets.points else SAMPLE) == 0
    todo = np.flatnonzero((hit == UNKNOWN) & sample)
    hit[todo] = _cast(scene, targets, caster, pairs.take(todo))
    is_open = np.zeros(len(rows), dtype=bool)
    is_open[pairs.which[sample & (hit == NOTHING)]] = True
    hit[~sample & ~is_open[pairs.which]] = UNKNOWN  # even if known: what is found must not depend on what was
    todo = np.flatnonzero((hit == UNKNOWN) & is_open[pairs.which])
    hit[todo] = _cast(scene, targets, caster, pairs.take(todo))
    free = np.zeros((len(rows), len(targets)), dtype=bool)
    out = hit == NOTHING
    free[pairs.which[out], pairs.direction[out]] = True
    ended = hit >= 0
    return _Part(
        np.packbits(free.T, axis=1),
        np.bincount(pairs.which[ended], minlength=len(rows)),
        pairs.direction[ended].astype(np.uint16),
        hit[ended],
    )


def _cast(scene: Scene, targets: Targets, caster: Caster, pairs: Pairs) -> NDArray[np.int32]:
    """Return the surface each ray hits first, or NOTHING."""
    triangle = caster(*targets.draw(pairs))
    hit = np.where(triangle < 0, NOTHING, scene.surface[triangle])
    if targets.downward:
        hit[scene.is_ground[triangle]] = NOTHING
    return hit.astype(np.int32)
