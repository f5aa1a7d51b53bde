"""From the blocks of a `Found` to surfaces in metres, welded, sorted by object and facing outward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.axes import winding
from twin.city.crs import Settled, settle
from twin.city.derive import Figures, volume_methods
from twin.city.found import TYPE_CODES, Block, Found
from twin.city.geometry.openings import Openings, Thematic, find_hosts, measure_openings
from twin.city.geometry.rings import compact, in_order, joined, reverse_rings, runs_of, take_runs, take_surfaces
from twin.city.geometry.shells import Seams, Shells, inside_out, seams, turned_faces, volumes
from twin.city.geometry.sizes import Measured, dot, measure
from twin.city.geometry.tidy import Tidied, tidy
from twin.city.lazy import Once
from twin.city.model import Geometry
from twin.city.objects import BUILDING, OTHER, Objects
from twin.errors import Problem, TwinError

__all__ = ["OPENINGS", "Faces", "Hosts", "Outward", "face_outward", "take_faces"]

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
    return settled.crs, bounding, others


def _joined(blocks: Sequence[Block], name: str) -> Any:
    return joined([getattr(block, name) for block in blocks])


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
    per_surface, kept = [owner, *further], tidied.kept
    if len(kept) < len(owner):
        per_surface = [values.take(kept) for values in per_surface]
    runs = runs_of(per_surface[0])  # surfaces of one object mostly come together
    whose = per_surface[0][runs[:-1]]
    order = in_order(objects.places().take(whose))
    n = int(np.count_nonzero(objects.kind.take(whose) != OTHER))
    all_kept = len(kept) == len(owner)
    bounding, others = (
        Faces(geometry, rows if all_kept else kept.take(rows), *(values.take(rows) for values in per_surface))
        for geometry, rows in (take_runs(tidied.geometry, runs, some) for some in (order[:n], order[n:]))
    )
    return bounding, others


def _warn_per_object(found: Found, code: str, objects: Ints, what: str) -> None:
    for row in np.unique(objects) if len(objects) else ():
        kind = "building" if found.types[row] in ("Building", "BuildingPart") else found.types[row]
        found.warn(code, f"{kind} {found.ids[row]} has {what}", found.ids[row])


@dataclass(frozen=True, slots=True)
class Hosts:
    """Windows and doors, the surface that each is in, and whether the file says so; those without one are left out."""

    opening: Ints
    host: Ints
    stated: Mask


_NO_HOSTS = Hosts(_NO_BLOCK.ring_vertices, _NO_BLOCK.ring_vertices, np.zeros(0, dtype=bool))


@dataclass(frozen=True, slots=True)
class Outward:
    """Surfaces of buildings that face outward.

    Attributes
    ----------
    hosts
        What windows and doors are in.
    figures
        Returns the sizes of the surfaces, which are measured when they are first asked for.
    methods
        As `twin.city.derive.volume_methods`.
    """

    faces: Faces
    hosts: Hosts
    figures: Once[Figures]
    methods: dict[str, int]


def face_outward(found: Found, faces: Faces, objects: Objects) -> Outward:
    """Turn surfaces of buildings that face the wrong way, and note what is wrong with them.

    Shells that are inside out are turned round; single surfaces where the others of a shell say how, and windows and
    doors that face into the wall they lie on.
    """
    rows = objects.owners()
    number = np.empty(len(objects.kind), dtype=np.int64)
    number[rows] = np.arange(len(rows))
    shape = _Shape.of(faces, number[faces.object], len(rows), objects)
    disagreeing = shape.seams.paired & ~shape.seams.closed  # closed but for surfaces that face the wrong way
    if disagreeing.any():
        shape = shape.agreeing(disagreeing)
    shape = shape.told_inside_out()
    _note_shells(found, rows, shape, disagreeing)
    shape, inward = shape.outward(faces.group)
    _warn_per_object(found, "307", faces.object[inward], "a window or door that faces inward; it was turned")
    hosts, methods = shape.hosts, volume_methods(shape.seams.closed, shape.filled)
    shape = shape.compact()
    figures = Once(shape.figures)
    if shape.measured is not None:
        figures()  # which forgets what else was measured
    found.put_off(partial(_odd_surfaces, owner=faces.object, figures=figures))
    _note_missing(found, objects, rows[shape.filled])
    return Outward(replace(faces, geometry=shape.geometry), hosts, figures, methods)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Surfaces of buildings, and what they enclose.

    Attributes
    ----------
    geometry
        Surfaces as they are to face.
    seams
        Of all buildings and parts.
    owner, n
        Building or part that each surface bounds, and how many there are.
    agreed, turned
        Surfaces that were turned so that those of a shell agree, and so that they face outward; None for none.
    inside_out
        Shells that face inward once their surfaces agree.
    measured
        Sizes of surfaces as found; None if nothing has needed them yet.
    openings
        Windows and doors; None if there are none.
    """

    geometry: Geometry
    seams: Seams
    owner: Ints
    n: int
    hosts: Hosts
    measured: Measured | None = None
    openings: Openings | None = None
    agreed: Mask | None = None
    turned: Mask | None = None
    inside_out: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @classmethod
    def of(cls, faces: Faces, owner: Ints, n: int, objects: Objects) -> _Shape:
        """Look whether surfaces enclose something, and measure them if there are windows or doors among them."""
        geometry, is_opening = faces.geometry, np.isin(faces.type, OPENINGS)
        if not is_opening.any():
            return cls(geometry, seams(geometry, owner, n), owner, n, _NO_HOSTS)
        measured = measure(geometry)
        hosts = _hosts(faces, measured, objects, is_opening)
        openings = measure_openings(geometry, measured, hosts.opening, hosts.host)
        return cls(geometry, seams(geometry, owner, n, openings.counted), owner, n, hosts, measured, openings)

    @property
    def counted(self) -> Mask | None:
        """Surfaces that are part of shells, None for all."""
        return None if self.openings is None else self.openings.counted

    @property
    def filled(self) -> Mask:
        """Buildings and parts that have surfaces, whether these count or not."""
        return self.seams.filled if self.counted is None else np.bincount(self.owner, minlength=self.n) > 0

    def agreeing(self, some: Mask) -> _Shape:
        """Return the same with surfaces of some shells turned to face one way, where that closes the shell."""
        rows = np.flatnonzero(some[self.owner] if self.counted is None else some[self.owner] & self.counted)
        wrong = np.zeros(len(self.owner), dtype=bool)
        wrong[rows] = turned_faces(take_surfaces(self.geometry, rows), self.owner[rows])
        tried = self._agreeing(wrong)
        left = wrong & ~tried.seams.closed[self.owner]
        return self._agreeing(wrong & ~left) if left.any() else tried

    def _agreeing(self, wrong: Mask) -> _Shape:
        geometry = reverse_rings(self.geometry, wrong)
        joined = seams(geometry, self.owner, self.n, self.counted)
        return replace(self, geometry=geometry, seams=joined, agreed=wrong)

    def told_inside_out(self) -> _Shape:
        """Return the same with the shells that face inward."""
        closed = self.seams.closed
        if self.measured is None:
            return replace(self, inside_out=inside_out(self.seams, self.geometry, self.owner))
        measured = _turned(self.measured, self.agreed)
        return replace(self, inside_out=closed & (volumes(measured, self.owner, self.n, self.counted) < 0))

    def outward(self, group: Ints) -> tuple[_Shape, Ints]:
        """Return the same with some shells turned round, and the windows and doors that were turned beside those."""
        turn = self.inside_out[self.owner]
        inward = self._inward(turn, group)
        turn[inward] ^= True
        if not turn.any():
            return self, inward
        return replace(self, geometry=reverse_rings(self.geometry, turn), turned=turn), inward

    def _inward(self, turn: Mask, group: Ints) -> Ints:
        """Return windows and doors of one polygon that lie on their host and face into it, once some are turned."""
        opening, host = self.hosts.opening, self.hosts.host
        if self.measured is None or self.openings is None:
            return opening
        normal = _turned(self.measured, self.agreed).normal
        against = dot(normal[opening], normal[host]) < 0
        against ^= turn[opening] ^ turn[host]
        _, window, polygons = np.unique(group[opening], return_inverse=True, return_counts=True)
        single: Ints = opening[against & ~self.openings.counted[opening] & (polygons[window] == 1)]
        return single

    def compact(self) -> _Shape:
        """Return the same with vertices in order of first use, which turning surfaces may change."""
        if self.agreed is None and self.turned is None:
            return self
        return replace(self, geometry=compact(self.geometry))

    def figures(self) -> Figures:
        """Return the sizes of the surfaces as they face now.

        Surfaces are measured as found, or the last digit of what is known of them would depend on how they face.
        """
        measured, openings, n = self.measured, self.openings, len(self.owner)
        if measured is None:
            measured = measure(_reversed(_reversed(self.geometry, self.turned), self.agreed))
        if openings is None:
            openings = Openings(np.zeros(n), np.zeros(n), np.ones(n, dtype=bool))
        measured = _turned(measured, self.agreed)
        volume = volumes(measured, self.owner, self.n, self.counted)
        volume = np.where(self.inside_out, -volume, volume)
        enclosed = Shells(self.seams.closed, self.seams.paired, volume)
        return Figures.taken(_turned(measured, self.turned), enclosed, openings)


def _turned(measured: Measured, surfaces: Mask | None) -> Measured:
    return measured if surfaces is None else measured.turned(surfaces)


def _reversed(geometry: Geometry, surfaces: Mask | None) -> Geometry:
    return geometry if surfaces is None else reverse_rings(geometry, surfaces)


def _hosts(faces: Faces, measured: Measured, objects: Objects, is_opening: Mask) -> Hosts:
    """Find the surfaces that windows and doors are in."""
    thematic = Thematic(faces.group, faces.host, objects.building[faces.object])
    rows = np.flatnonzero(is_opening), np.flatnonzero(~is_opening)
    return Hosts(*find_hosts(faces.geometry, measured, *rows, thematic))


def _note_shells(found: Found, rows: Ints, shape: _Shape, disagreeing: Mask) -> None:
    """Note shells that were or are wrong; ``rows`` are those of their objects in `Found`."""
    closed, paired = shape.seams.closed, shape.seams.paired
    leaking = shape.filled & ~closed
    for code, some, what in (
        ("307", disagreeing & closed, "surfaces that face the wrong way; they were turned round"),
        ("405", shape.inside_out, "a shell that is inside out; it was turned round"),
        ("307", leaking & paired, "surfaces that face different ways; its volume is estimated"),
        ("302", leaking & ~paired, "an open shell; its volume is estimated"),
    ):
        _warn_per_object(found, code, rows[some], what)


def _odd_surfaces(found: Found, owner: Ints, figures: Once[Figures]) -> list[dict[str, Any]]:
    """Return what there is to note of surfaces that are bent or have no area."""
    noted, measured = replace(found, findings=[]), figures()
    bent = owner[measured.off_plane > PLANAR_M]
    _warn_per_object(noted, "203", bent, "a surface that is not planar; its mean plane is used")
    _warn_per_object(noted, "no-area", owner[measured.area == 0], "a surface without area; it counts for nothing")
    return noted.findings


def _note_missing(found: Found, objects: Objects, filled: Ints) -> None:
    """Note buildings that have no surfaces at all, from the rows of all objects that have some."""
    has_surfaces = np.zeros(len(objects.kind), dtype=bool)
    has_surfaces[objects.building[filled]] = True
    without = np.flatnonzero((objects.kind == BUILDING) & ~has_surfaces)
    _warn_per_object(found, "no-geometry", without, "no geometry at level of detail 1 or above")
