"""What was seen is remembered: within a run for options that share a geometry, on disk for the runs to come."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from twin import cache
from twin.engine.workers import available
from twin.errors import Problem, TwinError
from twin.progress import Progress, silent
from twin.sun.sight.march import march
from twin.sun.sight.patches import SkyPatches
from twin.sun.sight.rays import Caster, embree, has_embree
from twin.sun.sight.scene import Scene
from twin.sun.sight.visibility import VERSION, Hits, Visibility, follow, look

__all__ = ["caster_of", "chosen", "see"]

_MOST = 6  # scenes and halves of the sphere that are remembered
_WORTH_KEEPING_S = 2.0  # what took longer to find goes to disk
_MANY = 20_000  # surfaces from which on several processes are worth their start
_ALIKE = 0.5  # share of surfaces that two scenes must have in common for one to be followed from the other


@dataclass(frozen=True)
class _Seen:
    scene: Scene
    visibility: Visibility
    rays: str


_memory: OrderedDict[str, _Seen] = OrderedDict()


def see(scene: Scene, patches: SkyPatches, rays: str = "auto", progress: Progress = silent) -> Visibility:
    """Return what the surfaces of a scene see of some patches: remembered, followed from a similar scene, or found.

    Parameters
    ----------
    rays
        ``embree``, ``numpy``, or ``auto`` for the first where that is installed.

    Raises
    ------
    TwinError
        If ``embree`` is asked for and not installed.
    """
    rays = chosen(rays)
    where = hashlib.blake2b(patches.directions.tobytes(), digest_size=8).hexdigest()
    key = f"sun-{VERSION}-{rays}-{where}-{scene.digest}"
    if key not in _memory:
        kept = cache.load(key)
        if kept is None:
            began = perf_counter()
            found = _find(scene, patches, rays, progress)
            if perf_counter() - began > _WORTH_KEEPING_S:
                cache.store(key, _arrays(found))
        else:
            found = _visibility(kept, scene, patches)
        _memory[key] = _Seen(scene, found, rays)
    _memory.move_to_end(key)
    while len(_memory) > _MOST:
        _memory.popitem(last=False)
    return _memory[key].visibility


def caster_of(scene: Scene, rays: str) -> Caster:
    """Return what casts rays at a scene.

    Raises
    ------
    TwinError
        If ``embree`` is asked for and not installed.
    """
    return embree(scene) if chosen(rays) == "embree" else march(scene)


def chosen(rays: str) -> str:
    """Return what casts the rays here, ``embree`` or ``numpy``.

    Raises
    ------
    TwinError
        If ``embree`` is asked for and not installed.
    """
    if rays == "embree" and not has_embree():
        message = "embreex, which casts rays, is not installed here"
        raise TwinError(Problem(message, expected='rays = "auto" or "numpy", or pip install embreex'))
    return rays if rays != "auto" else "embree" if has_embree() else "numpy"


def _find(scene: Scene, patches: SkyPatches, rays: str, progress: Progress) -> Visibility:
    caster, near = caster_of(scene, rays), _nearest(scene, patches, rays)
    workers = available() if scene.n_surfaces >= _MANY else 1
    if near is None:
        return look(scene, patches, caster, progress, workers)
    return follow(near.visibility, near.scene, scene, caster, progress, workers)


def _nearest(scene: Scene, patches: SkyPatches, rays: str) -> _Seen | None:
    """Return what was seen of the same patches in the scene that has most in common with this one."""
    known = [
        seen
        for seen in _memory.values()
        if seen.rays == rays
        and np.array_equal(seen.visibility.patches.directions, patches.directions)
        and np.array_equal(seen.scene.ground, scene.ground)
    ]
    shares = [np.isin(scene.keys, seen.scene.keys).mean() if len(scene.keys) else 0.0 for seen in known]
    if not shares or max(shares) < _ALIKE:
        return None
    return known[int(np.argmax(shares))]


def _arrays(seen: Visibility) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {"bits": seen.bits}
    if seen.hits:
        arrays |= {"offsets": seen.hits.offsets, "patch": seen.hits.patch, "surface": seen.hits.surface}
    return arrays


def _visibility(kept: dict[str, np.ndarray], scene: Scene, patches: SkyPatches) -> Visibility:
    hits = Hits(kept["offsets"], kept["patch"], kept["surface"]) if "offsets" in kept else None
    return Visibility(patches, kept["bits"], hits, scene.normals)
