"""What was seen is remembered: within a run for options that share a geometry, on disk for the runs to come."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from twin import cache
from twin.progress import Progress, silent
from twin.sun.patches import SkyPatches
from twin.sun.rays import Caster, embree, has_embree
from twin.sun.scene import Scene
from twin.sun.visibility import VERSION, Hits, Visibility, follow, look

__all__ = ["see"]

_MOST = 6  # scenes and halves of the sphere that are remembered
_WORTH_KEEPING_S = 2.0  # what took longer to find goes to disk
_ALIKE = 0.5  # share of surfaces that two scenes must have in common for one to be followed from the other


@dataclass(frozen=True)
class _Seen:
    scene: Scene
    visibility: Visibility


_memory: OrderedDict[str, _Seen] = OrderedDict()


def see(scene: Scene, patches: SkyPatches, rays: str = "auto", progress: Progress = silent) -> Visibility:
    """Return what the surfaces of a scene see of some patches: remembered, followed from a similar scene, or found.

    Parameters
    ----------
    rays
        ``embree``, ``horizon_map``, or ``auto`` for the first where that is installed.

    Raises
    ------
    ImportError
        If ``embree`` is asked for and not installed.
    """
    if rays == "auto":
        rays = "embree" if has_embree() else "horizon_map"
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
        _memory[key] = _Seen(scene, found)
    _memory.move_to_end(key)
    while len(_memory) > _MOST:
        _memory.popitem(last=False)
    return _memory[key].visibility


def _find(scene: Scene, patches: SkyPatches, rays: str, progress: Progress) -> Visibility:
    if rays == "horizon_map":
        from twin.sun.horizon import look_by_horizon

        return look_by_horizon(scene, patches, progress=progress)
    caster: Caster = embree(scene)
    near = _nearest(scene, patches)
    if near is None:
        return look(scene, patches, caster, progress)
    return follow(near.visibility, near.scene, scene, caster, progress)


def _nearest(scene: Scene, patches: SkyPatches) -> _Seen | None:
    """Return what was seen of the same patches in the scene that has most in common with this one."""
    known = [
        seen
        for seen in _memory.values()
        if np.array_equal(seen.visibility.patches.directions, patches.directions) and seen.visibility.hits
    ]
    shares = [np.isin(scene.keys, seen.scene.keys).mean() if len(scene.keys) else 0.0 for seen in known]
    if not shares or max(shares) < _ALIKE:
        return None
    return known[int(np.argmax(shares))]


def _arrays(seen: Visibility) -> dict[str, np.ndarray]:
    arrays = {"bits": seen.bits, "method": np.array(seen.method)}
    if seen.hits:
        arrays |= {"offsets": seen.hits.offsets, "patch": seen.hits.patch, "surface": seen.hits.surface}
    return arrays


def _visibility(kept: dict[str, np.ndarray], scene: Scene, patches: SkyPatches) -> Visibility:
    hits = Hits(kept["offsets"], kept["patch"], kept["surface"]) if "offsets" in kept else None
    return Visibility(patches, kept["bits"], hits, scene.normals, str(kept["method"]))
