"""New buildings as blocks: their footprint, the site they stand on, and a city of nothing but one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.footprints import footprints
from twin.city.geometry.rings import take_surfaces
from twin.city.model import BUILDING_COLUMNS, SURFACE_COLUMNS, City, Geometry
from twin.city.raising import fresh
from twin.errors import Problem, Problems, TwinError
from twin.table import Table

__all__ = ["LOD", "Site", "block", "outline", "rectangle"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SMALLEST_M2 = 4.0  # footprint of a new building
OVERLAP_M2 = 0.1  # footprints that overlap less are taken to touch
FARTHEST_M = 2_000.0  # from the nearest building
LOD = "1.2"  # a block with a footprint of its own (Biljecki, Ledoux & Stoter 2016)


def rectangle(at: Sequence[float], width_m: float, depth_m: float, rotation_deg: float = 0.0) -> list[list[float]]:
    """Return the corners of a rectangle around a point.

    Parameters
    ----------
    at
        Its middle, x and y in the city's reference system.
    width_m, depth_m
        Extent from west to east and from south to north before it is turned, m.
    rotation_deg
        By how much it is turned clockwise.
    """
    c, s = np.cos(np.radians(rotation_deg)), np.sin(np.radians(rotation_deg))
    halves = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width_m / 2, depth_m / 2]
    corners: list[list[float]] = (halves @ [[c, -s], [s, c]] + np.asarray(at, dtype=np.float64)).tolist()
    return corners


def outline(corners: Sequence[Sequence[float]]) -> shapely.Polygon:
    """Return the polygon of a footprint, counter-clockwise; its first corner may be repeated at the end.

    Raises
    ------
    TwinError
        If there are fewer than three corners, its sides cross or touch, or it is too small.
    """
    points = np.array([[float(x), float(y)] for x, y in corners]).reshape(-1, 2)
    if len(points) > 1 and (points[0] == points[-1]).all():
        points = points[:-1]
    if len(points) < 3 or not np.isfinite(points).all():
        raise TwinError(Problem(f"the footprint has {len(points)} corners", expected="at least three, in metres"))
    polygon = shapely.Polygon(points)
    if not polygon.is_valid:
        expected = "sides that neither cross nor touch"
        raise TwinError(Problem(f"the footprint is no polygon: {shapely.is_valid_reason(polygon)}", expected=expected))
    if polygon.area <= SMALLEST_M2:
        expected = f"more than {SMALLEST_M2:g} m2; coordinates are metres"
        raise TwinError(Problem(f"the footprint has {polygon.area:.3g} m2", expected=expected))
    return shapely.orient_polygons(polygon)


@dataclass(frozen=True, slots=True)
class Site:
    """Where a new building is to stand, and what stands there.

    Attributes
    ----------
    overlap
        Of its footprint with those of all buildings, m2.
    away
        From the nearest building, m; infinite if none has a footprint.
    ground
        Lowest ground of the nearest building, m.
    """

    overlap: Floats
    away: float
    ground: float

    @classmethod
    def of(cls, city: City, plan: shapely.Polygon) -> Site:
        shapes = footprints(city)
        overlap = np.nan_to_num(shapely.area(shapely.intersection(shapes, plan)))
        distance = np.where(shapely.is_missing(shapes), np.inf, shapely.distance(shapes, plan))
        if not np.isfinite(distance).any():
            return cls(overlap, np.inf, np.nan)
        nearest = int(np.argmin(distance))
        own = city.surfaces["building"] == nearest
        ground = own & (city.surfaces["type"] == "GroundSurface")
        rows = np.flatnonzero(ground if ground.any() else own)
        return cls(overlap, float(distance[nearest]), float(take_surfaces(city.geometry, rows).corners[:, 2].min()))

    @property
    def in_the_way(self) -> Mask:
        """Buildings that it overlaps."""
        return np.asarray(self.overlap > OVERLAP_M2)

    def check(self, city: City, identifier: str, ground_m: float | None, replaces: bool, problems: Problems) -> None:
        """Note what speaks against a building here."""
        kept, name = np.ones(len(city.buildings), dtype=bool), f"new_building {identifier}"
        if replaces:
            kept = ~self.in_the_way
        taken = {"building": city.buildings.ids[kept]}
        taken |= {other: city.table(other).ids for other in ("building_part", "city_object") if other in city.tables}
        for other, ids in taken.items():
            if identifier in ids:
                problems.add(f"{name}: a {other} has that id already", expected="an id of its own")
        if not replaces:
            for row in np.flatnonzero(self.in_the_way).tolist():
                found = f"{name}: overlaps building {city.buildings.ids[row]} by {self.overlap[row]:.1f} m2"
                problems.add(found, expected="a free plot, or replace = true to demolish what stands there")
        if np.isfinite(self.away) and self.away > FARTHEST_M:
            found = f"{name}: lies {self.away / 1e3:.0f} km from the nearest building"
            problems.add(found, expected=f"coordinates in {city.crs or 'the reference system of the city'}")
        if ground_m is None and not np.isfinite(self.ground):
            problems.add(f"{name}: no building says how high the ground is", expected="ground_m")


def block(
    city: City,
    identifier: str,
    plan: shapely.Polygon,
    levels: tuple[float, float],
    stated: Mapping[str, Any],
    code: int,
) -> City:
    """Return a city of one building only: a block that goes with another city.

    Parameters
    ----------
    city
        The city it is made for.
    plan
        Its `outline`.
    levels
        Heights of ground and roof, m.
    stated
        By column of the building table, what is known of it; None for nothing.
    code
        Source of its cells.
    """
    building = Table("building", [identifier])
    for name, value in stated.items():
        if value is not None:
            building = building.put(BUILDING_COLUMNS[name], np.array([value]), code)
    geometry = _prism(shapely.get_coordinates(plan)[:-1], *levels)
    n = len(geometry.surface_offsets) - 1
    names = fresh([f"{identifier}-{k + 1}" for k in range(n)], city.surfaces.ids)
    surface = Table("surface", names).put(SURFACE_COLUMNS["building"], np.zeros(n, dtype=np.int64), code)
    types = np.array(["GroundSurface", "RoofSurface", *["WallSurface"] * (n - 2)])
    surface = surface.put(SURFACE_COLUMNS["type"], types, code)
    sizes = {"building": 1, "surface": n}
    return City(
        tables={"building": building, "surface": surface},
        geometry=geometry,
        crs=city.crs,
        lod=LOD,
        attributes={name: ({},) * size for name, size in sizes.items() if name in city.attributes},
    )


def _prism(corners: Floats, bottom: float, top: float) -> Geometry:
    """Return floor, flat roof and walls over an outline that runs counter-clockwise, in this order."""
    n = len(corners)
    low, after = np.arange(n), np.roll(np.arange(n), -1)
    walls = np.stack([low, after, after + n, low + n], axis=1)
    return Geometry(
        np.concatenate([np.column_stack([corners, np.full(n, z)]) for z in (bottom, top)]),
        np.concatenate([low[::-1], low + n, walls.ravel()]),
        np.concatenate([[0], np.cumsum([n, n, *[4] * n])]),
        np.arange(n + 3),
    )
