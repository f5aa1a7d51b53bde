"""Solids and what is made of them: cavities, composites, parts of buildings. Codes 401 to 404, 501 to 503 and 601."""

from __future__ import annotations

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.check.bodies import Bodies, bodies_of, inside, probes
from twin.city.check.chambers import falls_apart
from twin.city.check.primitives import COMPOSITE, SOLIDS, Fault, Primitives, Tolerances
from twin.city.check.shells import Shells, connected
from twin.city.check.surfaces import Surfaces
from twin.city.geometry.rings import number_rows, owners, successors, surface_of_corner

__all__ = ["check_solids"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_EXACT_M = 1e-6  # shells of one solid may touch but not cross, by however little


def check_solids(primitives: Primitives, surfaces: Surfaces, shells: Shells, tolerances: Tolerances) -> list[Fault]:
    """Find what is wrong with solids whose shells are sound, with composites and buildings of such solids."""
    of_shell, of_solid = owners(primitives.solid_offsets), owners(primitives.primitive_offsets)
    n = len(primitives.solid_offsets) - 1
    sound = (np.bincount(of_shell[~shells.sound], minlength=n) == 0) & (primitives.levels[of_solid] >= SOLIDS)
    faults = _check_cavities(primitives, surfaces, shells, sound)
    sound[[fault.row for fault in faults]] = False
    solids = _bodies(surfaces, of_shell[shells.of_surface], sound)
    volume = np.bincount(of_shell, shells.volume, n).astype(np.float64)
    twin = _twins(surfaces, of_shell[shells.of_surface], volume, sound)
    faults += _check_composites(primitives, solids, twin, sound, tolerances)
    return faults + _check_buildings(primitives, solids, sound, tolerances)


def _bodies(surfaces: Surfaces, of_surface: Ints, asked: Mask, turned: Mask | None = None) -> Bodies:
    """Return bodies of those asked for; ``turned`` bodies are made to face the other way."""
    geometry, n = surfaces.geometry, len(asked)
    turned = np.zeros(n, dtype=bool) if turned is None else turned
    body = of_surface[surfaces.of_triangle]
    rows = np.flatnonzero(asked[body])
    triangles = geometry.vertices[surfaces.triangles[rows]]
    triangles = np.where(turned[body[rows]][:, None, None], triangles[:, ::-1], triangles)
    surface = surface_of_corner(geometry)
    corner = np.flatnonzero(asked[of_surface[surface]])
    ends = geometry.corners[np.stack([corner, successors(geometry.ring_offsets)[corner]], axis=1)]
    normals = surfaces.normal[surface[corner]]
    backwards = turned[of_surface[surface[corner]]]
    ends = np.where(backwards[:, None, None], ends[:, ::-1], ends)
    normals = np.where(backwards[:, None], -normals, normals)
    return bodies_of(triangles, body[rows], ends, normals, of_surface[surface[corner]], n)


def _twins(surfaces: Surfaces, of_surface: Ints, volume: Floats, asked: Mask) -> Ints:
    """Return a number for each body that bodies with the same corners and volume share."""
    geometry = surfaces.geometry
    body = of_surface[surface_of_corner(geometry)]
    pairs = np.unique(np.stack([body, geometry.ring_vertices], axis=1)[asked[body]], axis=0)
    rank = np.random.default_rng(0).random((len(geometry.vertices), 2))  # sets are equal if sums of random numbers are
    sums = [np.bincount(pairs[:, 0], rank[pairs[:, 1], k], len(asked)) for k in range(2)]
    return number_rows(*(np.round(column, 6) for column in (*sums, np.abs(volume))))


def _pairs_within(group: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return all pairs of rows of one group, each once."""
    order = rows[np.argsort(group[rows], kind="stable")]
    sizes = np.unique(group[order], return_counts=True)[1]
    ends = np.repeat(np.cumsum(sizes), sizes)
    later = ends - np.arange(len(order)) - 1
    first = np.repeat(np.arange(len(order)), later)
    step = np.arange(len(first)) - np.repeat(np.cumsum(later) - later, later) + 1
    return order[first], order[first + step]


def _any(pair: Ints, hit: Mask, n: int) -> Mask:
    found: Mask = np.bincount(pair[hit], minlength=n) > 0
    return found


def _some_inside(bodies: Bodies, a: Ints, b: Ints, depth: float, outward: bool) -> Mask:
    """Return for each pair whether a point just under (or above) a face of either lies in the other."""
    found = np.zeros(len(a), dtype=bool)
    for first, second in ((a, b), (b, a)):
        probe = probes(bodies, first, second, depth, outward)
        hit = np.flatnonzero(inside(bodies, probe.points, second[probe.pair]))
        pair = probe.pair[hit]
        own = inside(bodies, probe.points[hit], first[pair]) != outward  # not out again through the next face
        found |= _any(pair, own, len(a))
    return found


def _check_cavities(primitives: Primitives, surfaces: Surfaces, shells: Shells, sound: Mask) -> list[Fault]:
    """Find inner shells that cross, touch along faces, lie outside, or cut the solid in two."""
    of_shell = owners(primitives.solid_offsets)
    several = sound & (np.diff(primitives.solid_offsets) > 1)
    if not several.any():
        return []
    asked = several[of_shell]
    outer = np.zeros(len(of_shell), dtype=bool)
    outer[primitives.solid_offsets[:-1]] = True
    bodies = _bodies(surfaces, shells.of_surface, asked, turned=~outer)
    twin = _twins(surfaces, shells.of_surface, shells.volume, asked)
    a, b = _pairs_within(of_shell, np.flatnonzero(asked))
    cavities = ~outer[a]
    code = np.full(len(a), "", dtype="U3")
    inner = probes(bodies, b, a, _EXACT_M, everywhere=True)
    beside = probes(bodies, b, a, _EXACT_M, outward=True, everywhere=True)
    n = len(a)
    hit, near = inside(bodies, inner.points, a[inner.pair]), inside(bodies, beside.points, a[beside.pair])
    some_in, some_out = _any(inner.pair, hit, n), _any(inner.pair, ~hit, n)
    near_in, near_out = _any(beside.pair, near, n), _any(beside.pair, ~near, n)
    dents = probes(bodies, a, b, _EXACT_M, outward=True)
    dented = _any(dents.pair, inside(bodies, dents.points, b[dents.pair]), n)
    crossing = np.where(cavities, _some_inside(bodies, a, b, _EXACT_M, False) | near_in, some_out | near_out | dented)
    code[crossing] = "401"
    code[~cavities & ~some_in & ~near_in] = "403"
    code[twin[a] == twin[b]] = "402"
    faults = {int(of_shell[a[k]]): str(code[k]) for k in np.flatnonzero(code != "")[::-1]}
    for solid in np.flatnonzero(several).tolist():
        first, last = primitives.solid_offsets[solid : solid + 2].tolist()
        if solid not in faults and falls_apart(surfaces, shells.of_surface, bodies, first, np.arange(first + 1, last)):
            faults[solid] = "404"
    return [Fault(what, "solid", solid) for solid, what in sorted(faults.items())]


def _check_composites(
    primitives: Primitives, solids: Bodies, twin: Ints, sound: Mask, tolerances: Tolerances
) -> list[Fault]:
    """Find composites of which two solids are the same or overlap, or that hang together by less than faces."""
    of_solid, n = owners(primitives.primitive_offsets), len(primitives.kinds)
    asked = (primitives.levels == COMPOSITE) & (np.bincount(of_solid[~sound], minlength=n) == 0)
    members = np.flatnonzero(asked[of_solid])
    a, b = _pairs_within(of_solid, members)
    if not len(a):
        return []
    same = twin[a] == twin[b]
    overlap = _some_inside(solids, a, b, tolerances.overlap_m, False)
    touching = _some_inside(solids, a, b, 2 * tolerances.snap_m, True) | overlap
    piece = connected(a[touching], b[touching], len(of_solid))
    pieces = np.unique(np.stack([of_solid[members], piece[members]], axis=1), axis=0)[:, 0]
    faults = dict.fromkeys(np.flatnonzero(np.bincount(pieces, minlength=n) > 1).tolist(), "503")
    for code, bad in (("501", overlap), ("502", same)):
        faults |= dict.fromkeys(of_solid[a[bad]].tolist(), code)
    return [Fault(code, "primitive", row) for row, code in sorted(faults.items())]


def _check_buildings(primitives: Primitives, solids: Bodies, sound: Mask, tolerances: Tolerances) -> list[Fault]:
    """Find parts of one building that overlap, each level of detail by itself."""
    of_solid = owners(primitives.primitive_offsets)
    building = np.array([owner.building for owner in primitives.objects], dtype=np.int64)[primitives.owners]
    lods = np.unique(np.array(primitives.lods, dtype=np.str_), return_inverse=True)[1]
    group = np.where(building >= 0, number_rows(building, lods), -1)[of_solid]
    rows = np.flatnonzero(sound & (group >= 0))
    several = np.bincount(group[rows], minlength=1)[group[rows]] > 1 if len(rows) else np.zeros(0, dtype=bool)
    rows = rows[several]
    if not len(rows):
        return []
    low, high = (corner[rows] for corner in solids.boxes())
    boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    a, b = shapely.STRtree(boxes).query(boxes)
    near = (a < b) & (low[a] < high[b]).all(axis=1) & (low[b] < high[a]).all(axis=1)
    a, b = rows[a[near]], rows[b[near]]
    near = (group[a] == group[b]) & (of_solid[a] != of_solid[b])
    a, b = a[near], b[near]
    overlap = _some_inside(solids, a, b, tolerances.overlap_m, False)
    names = [primitives.objects[row].id for row in primitives.owners.tolist()]
    pairs = np.unique(np.stack([of_solid[a[overlap]], of_solid[b[overlap]]], axis=1), axis=0).tolist()
    return [Fault("601", "primitive", one, 0.0, _both(names[one], names[other])) for one, other in pairs]


def _both(one: str, other: str) -> str:
    return f"{one} and {other}" if one != other else f"two geometries of {one}"
