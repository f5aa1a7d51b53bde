"""The geometry of a city as CityJSON: a millimetre grid, nested boundaries, and semantic surfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.write_objects import Tree
from twin.city.found import NOTHING
from twin.city.geometry.rings import WELD_M, compact, offsets_of, ring_of_corner, surface_of_ring, weld
from twin.city.geometry.shells import shells
from twin.city.geometry.sizes import measure
from twin.city.model import City, Geometry
from twin.table import DERIVED, Table

__all__ = ["SCALE_M", "Shape", "geometries", "origin_of"]

Ints = NDArray[np.int64]

SCALE_M = WELD_M  # vertices are whole numbers of this
_PER_METRE = round(1 / SCALE_M)

# Thematic surfaces and levels of detail of the CityJSON 2.0 schema
_THEMES = {"WallSurface", "RoofSurface", "GroundSurface", "ClosureSurface", "OuterCeilingSurface", "OuterFloorSurface"}
_THEMES |= {"Window", "Door", "InteriorWallSurface", "CeilingSurface", "FloorSurface"}
_THEMES |= {"WaterSurface", "WaterGroundSurface", "WaterClosureSurface"}
_THEMES |= {"TrafficArea", "AuxiliaryTrafficArea", "TransportationMarking", "TransportationHole"}
_FINEST_LOD = 3
_OPENINGS = {"Window", "Door"}  # each is said apart, however alike they are

# Classes that the schema does not let be solid
_FLAT = {"Road", "Railway", "TransportSquare", "Waterway", "LandUse"}


def origin_of(city: City) -> Ints:
    """Return the lowest corner of a city, cut to whole metres, in millimetres, shape ``(3,)``."""
    used = [
        geometry.vertices[geometry.ring_vertices]
        for geometry in (city.geometry, city.surroundings)
        if len(geometry.ring_vertices)
    ]
    if not used:
        return np.zeros(3, dtype=np.int64)
    lowest = np.min([corners.min(axis=0) for corners in used], axis=0)
    metres: Ints = _on_grid(lowest) // _PER_METRE
    return metres * _PER_METRE


def _on_grid(coordinates: NDArray[np.float64]) -> Ints:
    return np.rint(coordinates / SCALE_M).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Shape:
    """The surfaces of all objects of a city, with vertices numbered within each feature.

    Attributes
    ----------
    boundaries
        Of every surface, its rings as lists of vertex numbers; surfaces of buildings first, then those of all else.
    rows
        Surfaces of every object, as rows of ``boundaries``.
    closed
        Whether the surfaces of an object enclose a volume, by object.
    grid
        Vertices in millimetres from the origin, feature by feature, shape ``(n, 3)``.
    starts
        Feature ``f`` has vertices ``starts[f]:starts[f + 1]``.
    """

    boundaries: list[list[list[int]]]
    rows: list[list[int]]
    closed: NDArray[np.bool_]
    grid: Ints
    starts: Ints

    @classmethod
    def of(cls, city: City, tree: Tree, feature: Ints, origin: Ints) -> Shape:
        """Lay a city on the grid.

        Parameters
        ----------
        feature
            Number of the feature that each object is written in, from 0.
        origin
            Vertex (0, 0, 0) in millimetres.
        """
        joined, n = _joined(city.geometry, city.surroundings), len(tree.ids)
        geometry = compact(replace(joined, ring_vertices=weld(joined.vertices, joined.ring_vertices)))
        object_of = _objects_of(city, tree)
        closed = shells(geometry, measure(geometry), object_of, n).closed
        corner_of = object_of[surface_of_ring(geometry)][ring_of_corner(geometry)]
        local, used, starts = _renumber(geometry.ring_vertices, feature[corner_of], int(feature.max(initial=-1)) + 1)
        rings = _slices(local.tolist(), geometry.ring_offsets)
        order = np.argsort(object_of, kind="stable").tolist()
        rows = _slices(order, offsets_of(np.bincount(object_of, minlength=n)))
        grid = _on_grid(geometry.vertices)[used] - origin
        return cls(_slices(rings, geometry.surface_offsets), rows, closed, grid, starts)


def _joined(first: Geometry, second: Geometry) -> Geometry:
    """Return the surfaces of both, one after the other."""
    return Geometry(
        np.concatenate([first.vertices, second.vertices]),
        np.concatenate([first.ring_vertices, second.ring_vertices + len(first.vertices)]),
        np.concatenate([first.ring_offsets, second.ring_offsets[1:] + first.ring_offsets[-1]]),
        np.concatenate([first.surface_offsets, second.surface_offsets[1:] + first.surface_offsets[-1]]),
    )


def _objects_of(city: City, tree: Tree) -> Ints:
    owner, _ = city.surface_owners()
    if "city_object_surface" not in city.tables:
        return owner
    return np.concatenate([owner, tree.n_bounded + city.table("city_object_surface")["city_object"]])


def _renumber(corners: Ints, feature: Ints, n_features: int) -> tuple[Ints, Ints, Ints]:
    """Number the vertices within each feature by first use.

    Returns
    -------
    local
        Number of every corner's vertex within its feature.
    used
        Vertices of all features, one feature after the other.
    starts
        Offsets of the features in ``used``.
    """
    pair = feature * (corners.max(initial=0) + 1) + corners
    _, first, inverse = np.unique(pair, return_index=True, return_inverse=True)
    order = np.lexsort([first, feature[first]])
    starts = offsets_of(np.bincount(feature[first], minlength=n_features))
    number = np.empty(len(first), dtype=np.int64)
    number[order] = np.arange(len(first))
    return number[inverse] - starts[feature], corners[first[order]], starts


def _slices(items: list[Any], offsets: Ints) -> list[list[Any]]:
    return [items[start:stop] for start, stop in pairwise(offsets.tolist())]


def geometries(city: City, tree: Tree, shape: Shape) -> list[dict[str, Any] | None]:
    """Return the CityJSON geometry of every object, None for those without surfaces."""
    themes, lods = _Themes(city), _lods(city, tree)
    made: list[dict[str, Any] | None] = []
    for number, rows in enumerate(shape.rows):
        if not rows:
            made.append(None)
            continue
        kind = _kind(tree.types[number], bool(shape.closed[number]))
        boundaries: list[Any] = [shape.boundaries[row] for row in rows]
        geometry: dict[str, Any] = {
            "type": kind,
            "lod": lods[number],
            "boundaries": [boundaries] if kind == "Solid" else boundaries,
        }
        meanings, values = themes.of(rows, tree.ids[number])
        if meanings:
            geometry["semantics"] = {"surfaces": meanings, "values": [values] if kind == "Solid" else values}
        made.append(geometry)
    return made


def _kind(type_: str, closed: bool) -> str:
    if type_ == "TINRelief":
        return "CompositeSurface"
    return "Solid" if closed and type_ not in _FLAT else "MultiSurface"


def _lods(city: City, tree: Tree) -> list[str]:
    """Return the level of detail to write for every object."""
    found: list[str] = []
    for table in tree.tables(city):
        missing = table.missing("lod").tolist()
        values = table["lod"].tolist() if "lod" in table else [""] * len(table)
        found += [city.lod if blank else lod for lod, blank in zip(values, missing, strict=True)]
    return [_lod(lod) for lod in found]


def _lod(lod: str) -> str:
    """Return a level that the schema knows: it has no fourth (interiors), and refinements only up to ``.3``."""
    whole, _, fine = lod.partition(".")
    if int(whole) > _FINEST_LOD:
        return str(_FINEST_LOD)
    return lod if fine in ("", "0", "1", "2", "3") else whole


class _Themes:
    """What the surfaces of a city are, row by row: those of buildings first, then those of all else."""

    def __init__(self, city: City) -> None:
        surfaces, others = city.surfaces, city.tables.get("city_object_surface")
        n = len(surfaces)
        more = 0 if others is None else len(others)
        self.types = _theme_names(surfaces) + ([] if others is None else _theme_names(others))
        self.ids: list[str] = surfaces.ids.tolist() + ([] if others is None else others.ids.tolist())
        derived = surfaces.source("type") == DERIVED if "type" in surfaces else np.zeros(n, dtype=bool)
        self.derived: list[bool] = derived.tolist() + [False] * more
        self.attributes = [
            *city.attributes.get("surface", [NOTHING] * n),
            *city.attributes.get("city_object_surface", [NOTHING] * more),
        ]
        stated = surfaces.source("opening_of") != DERIVED if "opening_of" in surfaces else False
        self.hosts = [*_rows(surfaces, "opening_of", stated), *([-1] * more)]
        self.hosting = set(self.hosts) - {-1}
        self.leads = [*_rows(surfaces, "thematic_surface", True), *([-1] * more)]

    def of(self, rows: Sequence[int], owner: str) -> tuple[list[dict[str, Any]], list[int | None]]:
        """Return the different semantic surfaces of an object, and which one each of its surfaces is."""
        numbers: dict[tuple[Any, ...], int | None] = {}
        meanings: list[dict[str, Any]] = []
        values: list[int | None] = []
        places = {row: position for position, row in enumerate(rows, 1)}
        for row in rows:
            lead = self.leads[row] if self.leads[row] in places else row
            # a surface without identifier is called by its object and its place there
            name = "" if self.ids[lead] == f"{owner}-{places[lead]}" else self.ids[lead]
            alone = lead if lead in self.hosting or self.types[lead] in _OPENINGS else -1
            quick = name, self.types[lead], self.derived[lead], id(self.attributes[lead]), alone
            if quick not in numbers:
                numbers[quick] = self._number(lead, name, alone, numbers, meanings)
            values.append(numbers[quick])
        if self.hosting:
            self._tie(rows, meanings, values)
        return meanings, values

    def _number(
        self,
        row: int,
        name: str,
        alone: int,
        numbers: dict[tuple[Any, ...], int | None],
        meanings: list[dict[str, Any]],
    ) -> int | None:
        """Return the number of what a surface is, a new one for what is not among the meanings yet."""
        if not self.types[row]:
            return None  # the schema wants a type, so that nothing can be said of a surface without one
        meaning: dict[str, Any] = {"type": self.types[row]}
        if name:
            meaning["id"] = name
        if self.derived[row]:
            meaning["twin_type_source"] = "derived"
        meaning |= {key: value for key, value in self.attributes[row].items() if key not in meaning}
        full = msgspec.json.encode(meaning), alone
        if full not in numbers:
            numbers[full] = len(meanings)
            meanings.append(meaning)
        return numbers[full]

    def _tie(self, rows: Sequence[int], meanings: list[dict[str, Any]], values: list[int | None]) -> None:
        """Point openings to the surface they are in, and back."""
        of_row = dict(zip(rows, values, strict=True))
        for row, value in of_row.items():
            host = of_row.get(self.hosts[row])
            if value is None or host is None or meanings[value].get("parent") == host:
                continue
            meanings[value]["parent"] = host
            meanings[host].setdefault("children", []).append(value)


def _rows(surfaces: Table, name: str, where: bool | NDArray[np.bool_]) -> list[int]:
    """Return the rows that a column refers to, -1 where it does not."""
    if name not in surfaces:
        return [-1] * len(surfaces)
    rows: list[int] = np.where(surfaces.missing(name) | ~np.asarray(where), -1, surfaces[name]).tolist()
    return rows


def _theme_names(surfaces: Table) -> list[str]:
    """Return the thematic types under names that the schema allows: its own, or with a plus."""
    types: list[str] = surfaces["type"].tolist() if "type" in surfaces else [""] * len(surfaces)
    allowed: Mapping[str, str] = {
        name: name if not name or name in _THEMES or name.startswith("+") else f"+{name}" for name in set(types)
    }
    return [allowed[name] for name in types]
