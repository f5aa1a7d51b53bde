"""From the blocks of a `Found` to surfaces in metres, welded, sorted by object and facing outward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.axes import winding
from twin.city.crs import Settled, settle
from twin.city.derive import Figures
from twin.city.found import TYPE_CODES, Block, Found
from twin.city.geometry.openings import Openings, Thematic, find_hosts, measure_openings
from twin.city.geometry.rings import compact, is_sorted, reverse_rings, take_surfaces
from twin.city.geometry.shells import Shells, shells, turned_faces
from twin.city.geometry.sizes import Measured, dot, measure
from twin.city.geometry.tidy import Tidied, tidy
from twin.city.model import Geometry
from twin.city.objects import BUILDING, OTHER, Objects
from twin.errors import Problem, TwinError

__all__ = ["OPENINGS", "Faces", "Hosts", "face_outward", "take_faces"]

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

FARTHEST_M = 1e8  # no projected coordinate on Earth is larger

# Corners farther off their plane are reported. val3dity's default, 0.01 m, is met by few measured models.
PLANAR_M = 0.1

OPENINGS = [TYPE_CODES["Window"], TYPE_CODES["Door"]]
_NO_BLOCK = Block(np.zeros((0, 3)), *(np.zeros(0, dtype=np.int64) for _ in range(7)))
_PER_SURFACE = ("surface_objects", "surface_types", "surface_groups", "surface_hosts")


@dataclass(frozen=True, slots=True)
class Faces:
    """Surfaces sorted by object, with what a `Block` knows of each.

    Attributes
    ----------
    geometry
        Of the surfaces.
    found
        Their numbers in `Found`.
    object, type, group, host
        As in `Block`.
    """

    geometry: Geometry
    found: Ints
    object: Ints
    type: Ints
    group: Ints
    host: Ints


def take_faces(found: Found, objects: Objects, crs: str | None, target: str | None) -> tuple[str | None, Faces, Faces]:
    """Return the reference system, the surfaces of buildings and parts, and those of all other objects.

    What only geometry needs is taken out of ``found.blocks``, so that a large city is not held twice.

    Raises
    ------
    TwinError
        If coordinates cannot be on Earth.
    """
    blocks = found.blocks or [_NO_BLOCK]
    settled = _settle(found, blocks, crs, target)
    corners, ring_sizes, surface_rings = (
        _corners(blocks),
        _joined(blocks, "ring_sizes"),
        _joined(blocks, "surface_rings"),
    )
    per_surface = {name: _joined(blocks, name) for name in _PER_SURFACE}
    found.blocks = [] if found.energy is None else [replace(_NO_BLOCK, **per_surface)]
    tidied = tidy(settled.coordinates, corners, ring_sizes, surface_rings, found.rings_closed)
    bounding, others = _by_object(found, objects, tidied, *per_surface.values())
    return settled.crs, bounding, replace(others, geometry=compact(others.geometry))


def _joined(blocks: Sequence[Block], name: str) -> Any:
    arrays = [getattr(block, name) for block in blocks]
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _corners(blocks: Sequence[Block]) -> Ints:
    """Return the rows of all corners in the joined coordinates."""
    if len(blocks) == 1:
        return blocks[0].ring_vertices
    starts = np.cumsum([0, *(len(block.coordinates) for block in blocks)])
    return np.concatenate([block.ring_vertices + start for block, start in zip(blocks, starts, strict=False)])


def _settle(found: Found, blocks: Sequence[Block], crs: str | None, target: str | None) -> Settled:
    coordinates = _joined(blocks, "coordinates")
    try:
        settled = settle(coordinates, found.crs_as_found, crs, target, lambda: winding(blocks))
    except TwinError as error:
        raise TwinError(*(replace(problem, file=found.file) for problem in error.problems)) from error
    for code, text in settled.remarks:
        found.warn(code, text)
    if len(coordinates) and not (settled.coordinates.max() <= FARTHEST_M and settled.coordinates.min() >= -FARTHEST_M):
        there = (np.abs(settled.coordinates) <= FARTHEST_M).all(axis=1)
        row = int(np.flatnonzero(~there)[0])
        text = f"vertex {row} lies at {coordinates[row].tolist()}, which is not finite or not on Earth"
        raise TwinError(Problem(text, found.file, expected="coordinates in metres"))
    return settled


def _by_object(found: Found, objects: Objects, tidied: Tidied, owner: Ints, *further: Ints) -> tuple[Faces, Faces]:
    """Sort surfaces by object: those of buildings and parts, and all others."""
    _warn_per_object(found, "103", owner[tidied.unclosed], "a ring that is not closed; it was closed")
    text = "a ring of fewer than three different corners; it was dropped"
    _warn_per_object(found, "101", owner[tidied.too_few], text)
    per_surface = [owner, *further]
    if len(tidied.kept) < len(owner):
        per_surface = [values[tidied.kept] for values in per_surface]
    place = objects.places()[per_surface[0]]
    order = np.arange(len(place)) if is_sorted(place) else np.argsort(place, kind="stable")
    n = int(np.count_nonzero(objects.kind[per_surface[0]] != OTHER))
    bounding, others = (
        Faces(take_surfaces(tidied.geometry, some), tidied.kept[some], *(values[some] for values in per_surface))
        for some in (order[:n], order[n:])
    )
    return bounding, others


def _warn_per_object(found: Found, code: str, objects: Ints, what: str) -> None:
    for row in np.unique(objects):
        kind = "building" if found.types[row] in ("Building", "BuildingPart") else found.types[row]
        found.warn(code, f"{kind} {found.ids[row]} has {what}", found.ids[row])


@dataclass(frozen=True, slots=True)
class Hosts:
    """Windows and doors, the surface that each is in, and whether the file says so; those without one are left out."""

    opening: Ints
    host: Ints
    stated: Mask


def face_outward(found: Found, faces: Faces, objects: Objects) -> tuple[Faces, Figures, Hosts]:
    """Turn surfaces of buildings that face the wrong way, note what is wrong with them, and measure them.

    Shells that are inside out are turned round; single surfaces where the others of a shell say how, and windows and
    doors that face into the wall they lie on.

    Returns
    -------
    faces, figures, hosts
        The surfaces, their sizes, and what windows and doors are in.
    """
    rows = objects.owners()
    number = np.empty(len(objects.kind), dtype=np.int64)
    number[rows] = np.arange(len(rows))
    shape = _Shape.of(faces, number[faces.object], len(rows), objects)
    disagreeing = shape.disagreeing
    if disagreeing.any():
        shape = shape.agreeing(disagreeing)
    inside_out = shape.enclosed.closed & (shape.enclosed.volume < 0)
    _note_shells(found, rows, shape, disagreeing, inside_out)
    shape, inward = shape.outward(inside_out, faces.group)
    _warn_per_object(found, "307", faces.object[inward], "a window or door that faces inward; it was turned")
    _note_surfaces(found, faces, shape.measured, objects)
    figures = Figures.taken(shape.measured, shape.enclosed, shape.openings)
    geometry, hosts = shape.geometry, shape.hosts
    del shape  # before vertices are copied
    return replace(faces, geometry=compact(geometry)), figures, hosts


@dataclass(frozen=True, slots=True)
class _Shape:
    """Surfaces of buildings, their sizes, and what they enclose.

    Attributes
    ----------
    owner, n
        Building or part that each surface bounds, and how many there are.
    """

    geometry: Geometry
    measured: Measured
    enclosed: Shells
    hosts: Hosts
    openings: Openings
    owner: Ints
    n: int

    @classmethod
    def of(cls, faces: Faces, owner: Ints, n: int, objects: Objects) -> _Shape:
        """Measure surfaces."""
        geometry, measured = faces.geometry, measure(faces.geometry)
        hosts = _hosts(faces, measured, objects)
        openings = measure_openings(geometry, measured, hosts.opening, hosts.host)
        enclosed = shells(geometry, measured, owner, n, openings.counted)
        return cls(geometry, measured, enclosed, hosts, openings, owner, n)

    @property
    def filled(self) -> Mask:
        """Which buildings and parts have surfaces."""
        return np.asarray(np.bincount(self.owner, minlength=self.n) > 0)

    @property
    def disagreeing(self) -> Mask:
        """Which shells would be closed but for surfaces that face the wrong way."""
        return self.enclosed.paired & ~self.enclosed.closed

    def turned(self, surfaces: Mask) -> _Shape:
        """Return the same with some surfaces facing the other way, and shells measured again."""
        geometry, measured = reverse_rings(self.geometry, surfaces), self.measured.turned(surfaces)
        enclosed = shells(geometry, measured, self.owner, self.n, self.openings.counted)
        return replace(self, geometry=geometry, measured=measured, enclosed=enclosed)

    def agreeing(self, some: Mask) -> _Shape:
        """Return the same with surfaces of some shells turned to face one way, where that closes the shell."""
        rows = np.flatnonzero(some[self.owner] & self.openings.counted)
        wrong = np.zeros(len(self.owner), dtype=bool)
        wrong[rows] = turned_faces(take_surfaces(self.geometry, rows), self.owner[rows])
        tried = self.turned(wrong)
        left = wrong & ~tried.enclosed.closed[self.owner]
        return tried.turned(left) if left.any() else tried

    def outward(self, inside_out: Mask, group: Ints) -> tuple[_Shape, Ints]:
        """Return the same with some shells turned round, and the windows and doors that were turned beside those."""
        turn = inside_out[self.owner]
        inward = self._inward(turn, group)
        turn[inward] ^= True
        enclosed = replace(self.enclosed, volume=np.where(inside_out, -self.enclosed.volume, self.enclosed.volume))
        geometry, measured = reverse_rings(self.geometry, turn), self.measured.turned(turn)
        return replace(self, geometry=geometry, measured=measured, enclosed=enclosed), inward

    def _inward(self, turn: Mask, group: Ints) -> Ints:
        """Return windows and doors of one polygon that lie on their host and face into it, once some are turned."""
        opening, host = self.hosts.opening, self.hosts.host
        against = dot(self.measured.normal[opening], self.measured.normal[host]) < 0
        against ^= turn[opening] ^ turn[host]
        _, window, polygons = np.unique(group[opening], return_inverse=True, return_counts=True)
        single: Ints = opening[against & ~self.openings.counted[opening] & (polygons[window] == 1)]
        return single


def _hosts(faces: Faces, measured: Measured, objects: Objects) -> Hosts:
    """Find the surfaces that windows and doors are in."""
    is_opening = np.isin(faces.type, OPENINGS)
    opening = np.flatnonzero(is_opening)
    if not len(opening):
        return Hosts(opening, opening, np.zeros(0, dtype=bool))
    thematic = Thematic(faces.group, faces.host, objects.building[faces.object])
    return Hosts(*find_hosts(faces.geometry, measured, opening, np.flatnonzero(~is_opening), thematic))


def _note_shells(found: Found, rows: Ints, shape: _Shape, disagreeing: Mask, inside_out: Mask) -> None:
    """Note shells that were or are wrong; ``rows`` are those of their objects in `Found`."""
    closed, paired = shape.enclosed.closed, shape.enclosed.paired
    leaking = shape.filled & ~closed
    for code, some, what in (
        ("307", disagreeing & closed, "surfaces that face the wrong way; they were turned round"),
        ("405", inside_out, "a shell that is inside out; it was turned round"),
        ("307", leaking & paired, "surfaces that face different ways; its volume is estimated"),
        ("302", leaking & ~paired, "an open shell; its volume is estimated"),
    ):
        _warn_per_object(found, code, rows[some], what)


def _note_surfaces(found: Found, faces: Faces, measured: Measured, objects: Objects) -> None:
    """Note surfaces that are bent or have no area, and buildings that have none at all."""
    bent = faces.object[measured.off_plane > PLANAR_M]
    _warn_per_object(found, "203", bent, "a surface that is not planar; its mean plane is used")
    _warn_per_object(
        found, "no-area", faces.object[measured.area == 0], "a surface without area; it counts for nothing"
    )
    has_surfaces = np.zeros(len(objects.kind), dtype=bool)
    has_surfaces[objects.building[faces.object]] = True
    without = np.flatnonzero((objects.kind == BUILDING) & ~has_surfaces)
    _warn_per_object(found, "no-geometry", without, "no geometry at level of detail 1 or above")
