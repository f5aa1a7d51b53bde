"""Geometric primitives as a file gives them: solids of shells of polygons of rings, in flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.rings import offsets_of
from twin.city.model import Geometry

__all__ = ["LEVELS", "Collector", "Fault", "Owner", "Primitives", "Tolerances"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ring = Sequence[int]

# Up to where a kind of primitive is checked: polygons, surfaces that hang together, solids, solids that do
POLYGONS, SURFACE, SOLIDS, COMPOSITE = range(4)
LEVELS = {
    "MultiSurface": POLYGONS,
    "CompositeSurface": SURFACE,
    "Solid": SOLIDS,
    "MultiSolid": SOLIDS,
    "CompositeSolid": COMPOSITE,
}


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How exact geometry has to be; the defaults are val3dity's, but for ``overlap_m``, which is 0 there.

    Parameters
    ----------
    snap_m
        Corners closer than that are one.
    planarity_m
        How far a corner may lie off the plane of its polygon.
    fold_deg
        How far the normal of a triangle in a polygon may turn from the normal of the polygon.
    overlap_m
        How deep parts of a building, and solids of a composite, may lie in each other: by default what rounding of
        coordinates to a millimetre can do.
    """

    snap_m: float = 1e-3
    planarity_m: float = 0.01
    fold_deg: float = 20.0
    overlap_m: float = 2e-3


@dataclass(frozen=True, slots=True)
class Owner:
    """The object a primitive belongs to; ``building`` is the row of its top-level building, -1 for none."""

    id: str
    kind: str
    building: int = -1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a surface, shell, solid or primitive (``level``): how much of it, and in words."""

    code: str
    level: str
    row: int
    amount: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Primitives:
    """Nested primitives in GeoArrow's manner; every item of a level owns the items of the next between two offsets.

    Attributes
    ----------
    coordinates
        In metres, shape ``(n, 3)``.
    corners
        Row in ``coordinates`` of every ring corner.
    ring_offsets, surface_offsets, shell_offsets, solid_offsets, primitive_offsets
        Corners of rings, rings of surfaces (outer one first), surfaces of shells, shells of solids (outer one first),
        solids of primitives. No item is empty. A MultiSurface or CompositeSurface is one shell.
    kinds, lods, owners, places
        Of every primitive: its class under CityJSON's name, level of detail, row in ``objects``, place in the file.
    surface_place
        Returns the place of a surface in the file.
    empty
        ``(owner, place)`` of what had nothing in it and was left out.
    rings_closed
        Whether the format repeats the first corner of a ring at its end.
    """

    coordinates: Floats
    corners: Ints
    ring_offsets: Ints
    surface_offsets: Ints
    shell_offsets: Ints
    solid_offsets: Ints
    primitive_offsets: Ints
    kinds: Sequence[str]
    lods: Sequence[str]
    owners: Ints
    places: Sequence[str]
    objects: Sequence[Owner]
    surface_place: Callable[[int], str]
    empty: Sequence[tuple[int, str]]
    rings_closed: bool

    @property
    def levels(self) -> Ints:
        """Up to where each primitive is to be checked, one of `LEVELS`."""
        return np.array([LEVELS[kind] for kind in self.kinds], dtype=np.int64)

    def geometry(self, points: Floats) -> Geometry:
        """Return the surfaces over other coordinates for the same vertices."""
        return Geometry(points, self.corners, self.ring_offsets, self.surface_offsets)


@dataclass
class Collector:
    """Gathers primitives one by one."""

    rings_closed: bool
    objects: list[Owner] = field(default_factory=list)
    coordinates: list[Floats] = field(default_factory=list)
    n_coordinates: int = 0
    corners: list[int] = field(default_factory=list)
    ring_sizes: list[int] = field(default_factory=list)
    surface_sizes: list[int] = field(default_factory=list)
    shell_sizes: list[int] = field(default_factory=list)
    solid_sizes: list[int] = field(default_factory=list)
    primitive_sizes: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    lods: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    surface_places: list[str | tuple[int | str, ...]] = field(default_factory=list)
    empty: list[tuple[int, str]] = field(default_factory=list)

    def add_coordinates(self, rows: Floats) -> int:
        """Append vertices, return the number of the first."""
        self.coordinates.append(rows)
        self.n_coordinates += len(rows)
        return self.n_coordinates - len(rows)

    def add(self, kind: str, owner: int, lod: str, place: str, solids: Iterable[Iterable[Iterable[_Surface]]]) -> None:
        """Append a primitive.

        Parameters
        ----------
        solids
            Of shells of ``(place, rings)``; the place is a text, or the numbers that lead to the surface within the
            primitive's own place.
        """
        before, is_empty = len(self.solid_sizes), False
        for shells in solids:
            filled = 0
            for shell in shells:
                count = self._surfaces(shell)
                self.shell_sizes += [count] if count else []
                filled += count > 0
                is_empty |= not count
            self.solid_sizes += [filled] if filled else []
            is_empty |= not filled
        if is_empty or len(self.solid_sizes) == before:
            self.empty.append((owner, place))
        if len(self.solid_sizes) > before:
            self.primitive_sizes.append(len(self.solid_sizes) - before)
            self.kinds.append(kind)
            self.lods.append(lod)
            self.owners.append(owner)
            self.places.append(place)

    def _surfaces(self, shell: Iterable[_Surface]) -> int:
        """Append the surfaces of a shell that have an outline; return how many."""
        count = 0
        for place, rings in shell:
            if not rings or not rings[0]:
                continue
            filled = [ring for ring in rings if ring]
            for ring in filled:
                self.corners.extend(ring)
                self.ring_sizes.append(len(ring))
            self.surface_sizes.append(len(filled))
            self.surface_places.append(place)
            count += 1
        return count

    def done(self) -> Primitives:
        """Return what was gathered."""
        primitive_offsets = offsets_of(np.array(self.primitive_sizes, dtype=np.int64))
        solid_offsets = offsets_of(np.array(self.solid_sizes, dtype=np.int64))
        shell_offsets = offsets_of(np.array(self.shell_sizes, dtype=np.int64))
        starts = shell_offsets[solid_offsets[primitive_offsets]]

        def surface_place(surface: int) -> str:
            place = self.surface_places[surface]
            if isinstance(place, str):
                return place
            primitive = int(np.searchsorted(starts, surface, side="right")) - 1
            return "/".join([self.places[primitive], *map(str, place)])

        return Primitives(
            coordinates=np.concatenate([np.zeros((0, 3)), *self.coordinates]),
            corners=np.array(self.corners, dtype=np.int64),
            ring_offsets=offsets_of(np.array(self.ring_sizes, dtype=np.int64)),
            surface_offsets=offsets_of(np.array(self.surface_sizes, dtype=np.int64)),
            shell_offsets=shell_offsets,
            solid_offsets=solid_offsets,
            primitive_offsets=primitive_offsets,
            kinds=self.kinds,
            lods=self.lods,
            owners=np.array(self.owners, dtype=np.int64),
            places=self.places,
            objects=self.objects,
            surface_place=surface_place,
            empty=self.empty,
            rings_closed=self.rings_closed,
        )


_Surface = tuple[str | tuple[int | str, ...], Sequence[Ring]]
