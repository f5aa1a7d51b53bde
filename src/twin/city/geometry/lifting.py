"""Raising buildings: what stands on the ground stays, all else is lifted, and walls reach down to where they stood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.polygons import mended, polygons
from twin.city.geometry.rings import (
    corner_offsets,
    following,
    number_rows,
    offsets_of,
    owners,
    segments,
    successors,
    surface_of_corner,
    take_surfaces,
)
from twin.city.geometry.sizes import Measured
from twin.city.model import Geometry

__all__ = ["AT_GROUND_M", "ENTRANCE_M", "Lifted", "Roles", "lift", "standing"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

AT_GROUND_M = 0.1  # corners so near the ground stand on it
ENTRANCE_M = 1.0  # a door that begins so near the foot of its wall is an entrance: it stays where it is
LEAN_M = 0.02  # a wall that leans less in plan stays planar when its upper corners alone are lifted
STEEP = 0.5  # vertical share of the normal above which a surface is no wall
COVERED = 0.1  # share of a ground surface above a roof of the same building, from which on it stands on that roof
ALONG_M = 1e-3  # edges that run less far along their wall are upright


@dataclass(frozen=True, slots=True)
class Roles:
    """What is known of the surfaces to be raised; arrays of shape ``(n_surfaces,)``.

    Attributes
    ----------
    shell
        Of every surface, 0 to ``n_shells - 1``: its building or part.
    ground
        Which are ground surfaces.
    standing
        Which of these stand on the ground, and not on other parts of their building (`standing`).
    opening, door
        Which are windows and doors, and which of these are doors.
    host
        Of windows and doors, the surface that each is in, -1 for all else.
    """

    shell: Ints
    n_shells: int
    ground: Mask
    standing: Mask
    opening: Mask
    door: Mask
    host: Ints


@dataclass(frozen=True, slots=True)
class Lifted:
    """Raised surfaces in the order given, and behind them the walls that had to be added.

    Attributes
    ----------
    geometry
        Its first vertices are those given; not all of them are used any more.
    added
        Shell of every wall added.
    """

    geometry: Geometry
    added: Ints


def standing(geometry: Geometry, measured: Measured, ground: Mask, shell: Ints, building: Ints) -> Mask:
    """Return which ground surfaces stand on the ground, and not on a roof of their own building.

    A ground surface stands on a roof if at least a tenth of it lies above surfaces of the same building that face up:
    those of another part not above it, those of its own shell below it (the ceiling of a passage over a lower wing).
    """
    rows, up = np.flatnonzero(ground), np.flatnonzero(measured.normal[:, 2] > STEEP)
    shapes, roofs = _plans(geometry, rows), _plans(geometry, up)
    of, roof = shapely.STRtree(roofs).query(shapes)
    rise = measured.centroid[up[roof], 2] - measured.centroid[rows[of], 2]
    near = np.where(shell[rows[of]] == shell[up[roof]], -AT_GROUND_M, AT_GROUND_M)
    pairs = np.flatnonzero((building[rows[of]] == building[up[roof]]) & (rise <= near))
    covered = np.bincount(
        of[pairs], shapely.area(shapely.intersection(shapes[of[pairs]], roofs[roof[pairs]])), minlength=len(rows)
    )
    free = ground.copy()
    free[rows] = covered < COVERED * np.maximum(shapely.area(shapes), ALONG_M**2)
    return free


def _plans(geometry: Geometry, rows: Ints) -> NDArray[np.object_]:
    some = take_surfaces(geometry, rows)
    return mended(polygons(some, some.corners[:, :2]))


def lift(geometry: Geometry, measured: Measured, roles: Roles, height: float) -> Lifted:
    """Raise buildings by a height, m.

    Ground surfaces that stand on the ground stay. Of upright surfaces the corners on the ground stay and the others are
    lifted, so that walls grow longer. All other surfaces (roofs, dormers, leaning walls, ceilings of passages, parts
    that stand on other parts) are lifted as they are; where one of them met the ground, a wall is added below it.
    Windows go up with their walls, but for those that touch the ground; entrances stay.

    Every edge is moved alike for the two surfaces that share it, so that a closed shell stays closed and faces the same
    way, and gains its standing ground surfaces in plan times the height.
    """
    edges = _Edges.of(geometry, roles.shell)
    upright = _upright(geometry, measured) & ~roles.standing
    rigid = ~upright & ~roles.standing
    foot = _feet(geometry, measured, edges, roles, upright)
    low = _low_corners(geometry, edges, roles, upright, foot)
    # an edge of a wall goes up as a whole with what is lifted as a whole, else as its vertices do
    carried = edges.beside(rigid) & ~edges.beside(roles.standing)
    is_upright, stays = upright[edges.surface], roles.standing[edges.surface]
    starts, ends = (np.where(is_upright, ~carried & end, stays) for end in low)
    walls = np.flatnonzero(stays & edges.beside(rigid) & (edges.uses == 2))
    return _assembled(geometry, edges, starts, ends, walls, roles.shell, height)


@dataclass(frozen=True, slots=True)
class _Edges:
    """The edges that begin at each corner, all of shape ``(n_corners,)``.

    Attributes
    ----------
    a, b
        Vertices it runs between.
    start, end
        The same, told apart by shell.
    surface
        That uses it.
    number, uses
        Of the edge, the same for all surfaces of a shell that use it, and how many do.
    """

    a: Ints
    b: Ints
    start: Ints
    end: Ints
    surface: Ints
    number: Ints
    uses: Ints

    @classmethod
    def of(cls, geometry: Geometry, shell: Ints) -> _Edges:
        surface, a = surface_of_corner(geometry), geometry.ring_vertices
        b, apart = following(a, geometry.ring_offsets), shell[surface] * len(geometry.vertices)
        number = number_rows(shell[surface], np.minimum(a, b), np.maximum(a, b))
        return cls(a, b, apart + a, apart + b, surface, number, np.bincount(number)[number])

    def beside(self, surfaces: Mask) -> Mask:
        """Return which edges some of the surfaces chosen use."""
        n = int(self.number.max(initial=-1)) + 1
        beside: Mask = (np.bincount(self.number[surfaces[self.surface]], minlength=n) > 0)[self.number]
        return beside


def _upright(geometry: Geometry, measured: Measured) -> Mask:
    """Return which surfaces are so upright that they stay planar when some of their corners are lifted."""
    surface, corners = surface_of_corner(geometry), geometry.corners
    east, north = measured.normal[surface, 0], measured.normal[surface, 1]
    middle = measured.centroid[surface]
    off = (corners[:, 0] - middle[:, 0]) * east + (corners[:, 1] - middle[:, 1]) * north
    offsets = corner_offsets(geometry)
    spread = segments(np.maximum, off, offsets) - segments(np.minimum, off, offsets)
    return np.asarray((spread <= LEAN_M) & (np.abs(measured.normal[:, 2]) <= STEEP))


def _feet(geometry: Geometry, measured: Measured, edges: _Edges, roles: Roles, upright: Mask) -> Mask:
    """Return the edges on which walls stand that meet no ground surface: below their wall, and nothing else uses them.

    They are looked for where a shell has no ground surface at all, else no higher than its ground (where the two do not
    share their corners).
    """
    surface, z = edges.surface, geometry.vertices[:, 2]
    highest = np.full(roles.n_shells, -np.inf)
    on_ground = roles.standing[surface]
    np.maximum.at(highest, roles.shell[surface[on_ground]], z[edges.a[on_ground]])
    grounded = np.bincount(roles.shell[roles.ground], minlength=roles.n_shells) > 0
    limit = np.where(grounded, highest + AT_GROUND_M, np.inf)[roles.shell[surface]]
    first_rings = np.zeros(len(geometry.ring_offsets) - 1, dtype=bool)
    first_rings[geometry.surface_offsets[:-1]] = True
    way = geometry.vertices[edges.b] - geometry.vertices[edges.a]
    along = way[:, 1] * measured.normal[surface, 0] - way[:, 0] * measured.normal[surface, 1]
    feet = (edges.uses == 1) & upright[surface] & ~roles.opening[surface] & first_rings[owners(geometry.ring_offsets)]
    return np.asarray(feet & (along > ALONG_M) & (np.maximum(z[edges.a], z[edges.b]) <= limit))


def _low_corners(geometry: Geometry, edges: _Edges, roles: Roles, upright: Mask, foot: Mask) -> tuple[Mask, Mask]:
    """Return which edges begin, and which end, at a vertex where walls stand on the ground or an entrance is."""
    offsets, low = corner_offsets(geometry), np.zeros(0, dtype=np.int64)
    fixed = np.unique(np.concatenate([edges.start[roles.standing[edges.surface] | foot], edges.end[foot]]))
    lowest = segments(np.minimum, geometry.corners[:, 2], offsets)
    hosted = np.flatnonzero(roles.door & (roles.host >= 0))
    entrance = np.zeros(len(lowest), dtype=bool)
    grounded = _touching(edges.start, fixed, offsets)[roles.host[hosted]]
    entrance[hosted] = grounded & (lowest[hosted] <= lowest[roles.host[hosted]] + ENTRANCE_M)
    while len(fixed) > len(low):  # a window beside or over an entrance stays with it
        low = fixed
        stays = roles.opening & upright & (entrance | _touching(edges.start, low, offsets))
        fixed = np.union1d(low, edges.start[stays[edges.surface]])
    return np.isin(edges.start, low), np.isin(edges.end, low)


def _touching(corners: Ints, low: Ints, offsets: Ints) -> Mask:
    """Return which surfaces have one of the corners given."""
    return np.asarray(segments(np.logical_or, np.isin(corners, low), offsets))


def _assembled(
    geometry: Geometry, edges: _Edges, starts: Mask, ends: Mask, walls: Ints, shell: Ints, height: float
) -> Lifted:
    """Return the surfaces with every corner where its two edges are; twice, one above the other, where they differ.

    Parameters
    ----------
    starts, ends
        Whether the edge from each corner begins, and ends, low.
    walls
        Corners whose edges, used by the ground, get a wall between where they were and where they are lifted to.
    """
    n = len(geometry.vertices)
    before = np.empty(len(starts), dtype=np.bool_)
    before[successors(geometry.ring_offsets)] = ends
    count = 1 + (before != starts)
    corners = offsets_of(count)
    vertex, is_low = np.repeat(edges.a, count), np.repeat(starts, count)
    is_low[corners[:-1]] = before
    a, b = edges.a[walls], edges.b[walls]
    quads = np.stack([b, a, a + n, b + n], axis=1).ravel()
    rings, surfaces = corners[geometry.ring_offsets], geometry.surface_offsets
    whole = Geometry(
        np.concatenate([geometry.vertices, geometry.vertices + np.array([0.0, 0.0, height])]),
        np.concatenate([vertex + np.where(is_low, 0, n), quads]),
        np.concatenate([rings, rings[-1] + 4 * np.arange(1, len(walls) + 1)]),
        np.concatenate([surfaces, surfaces[-1] + np.arange(1, len(walls) + 1)]),
    )
    return Lifted(whole, shell[edges.surface[walls]])
