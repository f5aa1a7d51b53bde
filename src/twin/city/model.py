"""The city as tables: buildings, boundary surfaces and their geometry in ragged arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError, nearest
from twin.quantities import Link
from twin.table import Column, Table

__all__ = [
    "BUILDING_COLUMNS",
    "OBJECT_COLUMNS",
    "OBJECT_SURFACE_COLUMNS",
    "PARTY_WALL_COLUMNS",
    "PART_COLUMNS",
    "SURFACE_COLUMNS",
    "SURFACE_TYPES",
    "USAGE_CLASSES",
    "Box",
    "City",
    "Geometry",
]

Box = tuple[float, float, float, float]  # lowest x and y, highest x and y

# CityGML's thematic boundary surfaces, and the openings in them
SURFACE_TYPES = (
    "WallSurface",
    "RoofSurface",
    "GroundSurface",
    "OuterFloorSurface",
    "OuterCeilingSurface",
    "ClosureSurface",
    "Window",
    "Door",
)

# What a building is used for: the use types of the City Energy Analyst (SIA 2024), dwellings of which only size tells
# whether they are houses or flats, and what is never heated
USAGE_CLASSES = (
    "RESIDENTIAL",
    "MULTI_RES",
    "SINGLE_RES",
    "COOLROOM",
    "FOODSTORE",
    "GYM",
    "HOSPITAL",
    "HOTEL",
    "INDUSTRIAL",
    "LAB",
    "LIBRARY",
    "MUSEUM",
    "OFFICE",
    "PARKING",
    "RESTAURANT",
    "RETAIL",
    "SCHOOL",
    "SERVERROOM",
    "SWIMMING",
    "UNIVERSITY",
    "UNHEATED",
)

VOLUME_METHODS = ("divergence", "footprint_x_height", "mixed")

# As found in the file, under CityGML's names
BUILDING_COLUMNS = {
    c.name: c
    for c in (
        Column("function", "-", "str", "function code, as found"),
        Column("usage", "-", "str", "usage code, as found"),
        Column("year_of_construction", "a", "int", "year of construction", low=1000, high=2100),
        Column("storeys_above_ground", "-", "int", "storeys above ground", low=0, high=200),
        Column("storeys_below_ground", "-", "int", "storeys below ground", low=0, high=50),
        Column("measured_height_m", "m", "float", "height measured from ground to highest point", low=0, high=1000),
        Column("roof_type", "-", "str", "roof type code, as found"),
        Column("lod", "-", "str", "level of detail the geometry was read at"),
        # derived from function, usage and class
        Column("usage_class", "-", "str", "what it is used for, by its codes", categories=USAGE_CLASSES),
        # derived from the geometry
        Column("footprint_m2", "m2", "float", "projected area of the ground surfaces", low=0),
        Column("volume_m3", "m3", "float", "gross volume inside the boundary surfaces", low=0),
        Column("volume_method", "-", "str", "how the volume was found", categories=VOLUME_METHODS),
        Column(
            "height_m", "m", "float", "highest less lowest point of the geometry; of a footprint as measured", low=0
        ),
        Column("envelope_m2", "m2", "float", "area of all boundary surfaces, shared walls among them", low=0),
        Column("surface_to_volume_ratio", "1/m", "float", "envelope over volume", low=0),
        # derived from the geometry of all buildings (`twin.city.derive.with_party_walls`)
        Column("party_wall_m2", "m2", "float", "wall area shared with other buildings", low=0),
        Column("interior_wall_m2", "m2", "float", "wall area that its parts share, both sides counted", low=0),
    )
}

PART_COLUMNS = {
    c.name: c
    for c in (
        Column("building", "-", "int", "row of the building the part belongs to", low=0, refers="building"),
        BUILDING_COLUMNS["lod"],
    )
}

SURFACE_COLUMNS = {
    c.name: c
    for c in (
        Column("building", "-", "int", "row of the building the surface bounds", low=0, refers="building"),
        Column(
            "part",
            "-",
            "int",
            "row of the building part the surface bounds, missing if the building itself",
            low=0,
            refers="building_part",
        ),
        Column("type", "-", "str", "thematic type", categories=SURFACE_TYPES),
        Column("area_m2", "m2", "float", "area net of holes and of openings", low=0),
        Column(
            "thematic_surface",
            "-",
            "int",
            "row of the first polygon of the named surface, window or door that it is part of, missing if the only one",
            low=0,
            refers="surface",
        ),
        Column("opening_of", "-", "int", "row of the surface that a window or door is in", low=0, refers="surface"),
        Column(
            "opening_m2", "m2", "float", "area of the windows and doors in the surface, seen along its normal", low=0
        ),
        Column(
            "tilt_deg", "deg", "float", "angle of the outward normal from straight up: 0 roof, 90 wall", low=0, high=180
        ),
        Column(
            "azimuth_deg",
            "deg",
            "float",
            "compass direction of the outward normal, clockwise from north",
            low=0,
            high=360,
        ),
        Column("party_wall_m2", "m2", "float", "part of the area shared with other buildings", low=0),
        Column("interior_wall_m2", "m2", "float", "part of the area shared with other parts of the building", low=0),
    )
}

PARTY_WALL_COLUMNS = {
    c.name: c
    for c in (
        Column("surface_a", "-", "int", "row of the wall of lower number", low=0, refers="surface"),
        Column("surface_b", "-", "int", "row of the other building's wall", low=0, refers="surface"),
        Column("area_m2", "m2", "float", "area that the two share", low=0),
    )
}

# Everything that is no building and no building part: installations, storeys, units and rooms of buildings,
# vegetation, roads, water, terrain, and what extensions bring
OBJECT_COLUMNS = {
    c.name: c
    for c in (
        Column("type", "-", "str", "class of the object, as CityJSON calls it"),
        Column(
            "building",
            "-",
            "int",
            "row of the building the object belongs to, missing if to none",
            low=0,
            refers="building",
        ),
        Column(
            "part",
            "-",
            "int",
            "row of the building part the object belongs to, missing if to none",
            low=0,
            refers="building_part",
        ),
        Column("parent", "-", "str", "identifier of the object it is a child of"),
        BUILDING_COLUMNS["function"],
        BUILDING_COLUMNS["usage"],
        BUILDING_COLUMNS["lod"],
        Column("casts_shade", "-", "bool", "whether it stands outdoors, so that its surfaces cast shade"),
    )
}

OBJECT_SURFACE_COLUMNS = {
    c.name: c
    for c in (
        Column("city_object", "-", "int", "row of the city object the surface bounds", low=0, refers="city_object"),
        Column("type", "-", "str", "thematic type, as found"),
        SURFACE_COLUMNS["area_m2"],
        SURFACE_COLUMNS["tilt_deg"],
        SURFACE_COLUMNS["azimuth_deg"],
    )
}


@dataclass(frozen=True, repr=False, eq=False)
class Geometry:
    """Polygons with holes as ragged arrays (GeoArrow's layout); rings are stored open, without the repeated vertex.

    Attributes
    ----------
    vertices
        Coordinates in the city's reference system, m, shape ``(n_vertices, 3)``.
    ring_vertices
        Index into ``vertices`` of every ring corner, shape ``(n_corners,)``.
    ring_offsets
        Ring ``r`` is ``ring_vertices[ring_offsets[r]:ring_offsets[r + 1]]``, shape ``(n_rings + 1,)``.
    surface_offsets
        Surface ``s`` has rings ``surface_offsets[s]:surface_offsets[s + 1]``; the first is its outer ring,
        shape ``(n_surfaces + 1,)``.
    """

    vertices: NDArray[np.float64]
    ring_vertices: NDArray[np.int64]
    ring_offsets: NDArray[np.int64]
    surface_offsets: NDArray[np.int64]

    def __repr__(self) -> str:
        return f"Geometry({len(self.surface_offsets) - 1:,} surfaces, {len(self.vertices):,} vertices)"

    @property
    def corners(self) -> NDArray[np.float64]:
        """Coordinates of every ring corner, shape ``(n_corners, 3)``."""
        return self.vertices[self.ring_vertices]


NO_GEOMETRY = Geometry(
    np.zeros((0, 3)), np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
)


@dataclass(frozen=True, repr=False)
class City:
    """A city model: tables by entity set, geometry of the surfaces, and links between the sets.

    Attributes
    ----------
    tables
        By entity set; ``building`` and ``surface`` always; ``building_part``, ``city_object`` and
        ``city_object_surface`` where there are any; others added by wings (``site``, ``bus`` ...). Surfaces are sorted
        by building, surfaces of other objects by object.
    geometry
        Of the rows of ``surface``.
    surroundings
        Geometry of the rows of ``city_object_surface``.
    crs
        ``"EPSG:n"``, or None if the file states none.
    lod
        Finest level of detail that a building's geometry was read at.
    attributes
        By entity set (``building``, ``building_part``, ``surface``, ``city_object``, ``city_object_surface``) one
        mapping per row with whatever else the file says of it, under the file's own names; round-trips unread. May be
        made when first looked into, as may ``metadata["findings"]``.
    members
        By identifier of an object, further members that a CityJSON object had and we do not interpret.
    metadata
        ``findings`` (what was doubtful in the file, a list of dicts), ``crs_as_found``, ``title``, ``volume_method``,
        ``grid_convergence_deg`` (from true north to grid north, clockwise; add it to an azimuth from grid north),
        ``members`` (further members of a CityJSON file as a whole).
    """

    tables: Mapping[str, Table]
    geometry: Geometry
    surroundings: Geometry = NO_GEOMETRY
    crs: str | None = None
    lod: str = "2"
    links: tuple[Link, ...] = ()
    attributes: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    members: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        rows = ", ".join(f"{len(table):,} {name}" for name, table in self.tables.items())
        return f"City({rows}; LoD {self.lod}, {self.crs or 'no reference system'})"

    @property
    def buildings(self) -> Table:
        """One row per top-level building."""
        return self.tables["building"]

    @property
    def surfaces(self) -> Table:
        """One row per boundary surface, sorted by building."""
        return self.tables["surface"]

    def table(self, name: str) -> Table:
        """Return the table of an entity set.

        Raises
        ------
        TwinError
            If the city has none of that name.
        """
        if name not in self.tables:
            raise TwinError(Problem(f"the city has no table {name!r}", suggestion=nearest(name, self.tables)))
        return self.tables[name]

    def with_table(self, table: Table, *links: Link) -> City:
        """Return the city with a table added or replaced, and links added; all else is shared."""
        return replace(self, tables={**self.tables, table.name: table}, links=self.links + links)

    def surface_owners(self) -> tuple[NDArray[np.int64], int]:
        """Return the building or part that every surface bounds, and how many there are of both.

        Buildings are numbered by row; building parts follow, by row.
        """
        surfaces, n = self.surfaces, len(self.buildings)
        if "building_part" not in self.tables:
            return surfaces["building"], n
        owner = np.where(surfaces.missing("part"), surfaces["building"], n + surfaces["part"])
        return owner, n + len(self.table("building_part"))
