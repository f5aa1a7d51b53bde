"""A city in which some buildings are raised: their surfaces, the walls added to them, and what belongs to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.city.derive import GROUND_TILT_DEG
from twin.city.geometry.lifting import AT_GROUND_M, ENTRANCE_M, Lifted, Roles, lift, standing
from twin.city.geometry.rings import compact, surface_of_corner, take_surfaces
from twin.city.geometry.shells import lowest
from twin.city.geometry.sizes import Measured, measure
from twin.city.model import SURFACE_COLUMNS, City, Geometry
from twin.quantities import Link
from twin.table import MISSING, Table

__all__ = ["fresh", "raised"]

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def raised(city: City, chosen: Mask, height: float, code: int) -> City:
    """Return the city with some buildings raised, as `lift` does it; sizes and shared walls are left to be derived.

    Installations, rooms and other objects of the buildings go up with them, but for those that begin at the ground.

    Parameters
    ----------
    chosen
        Which buildings, shape ``(n_buildings,)``.
    height
        By how much, m.
    code
        Source of the walls that are added.
    """
    rows = np.flatnonzero(chosen[city.surfaces["building"]])
    if not len(rows):
        return city
    geometry = take_surfaces(city.geometry, rows)
    measured = measure(geometry)
    roles = _roles(city, rows, geometry, measured)
    city = replace(city, surroundings=_lifted_objects(city, chosen, height))
    return _replaced(city, rows, lift(geometry, measured, roles, height), code)


def _roles(city: City, rows: Ints, geometry: Geometry, measured: Measured) -> Roles:
    surfaces, (owner, n) = city.surfaces, city.surface_owners()
    shell, building, types = owner[rows], surfaces["building"][rows], surfaces["type"][rows]
    ground = _grounds(geometry, measured, types, shell, n)
    host = np.full(len(surfaces), -1)
    if "opening_of" in surfaces:
        place = np.full(len(surfaces), -1)
        place[rows] = np.arange(len(rows))
        host = np.where(surfaces.missing("opening_of"), -1, place[surfaces["opening_of"]])
    return Roles(
        shell=shell,
        n_shells=n,
        ground=ground,
        standing=standing(geometry, measured, ground, shell, building),
        opening=np.isin(types, ("Window", "Door")),
        door=types == "Door",
        host=host[rows],
    )


def _grounds(geometry: Geometry, measured: Measured, types: NDArray[np.str_], shell: Ints, n: int) -> Mask:
    """Return the ground surfaces; of shells that have none, what faces down at their lowest corner."""
    ground = types == "GroundSurface"
    without = np.bincount(shell[ground], minlength=n) == 0
    floor = lowest(geometry, shell, n)[shell] + AT_GROUND_M
    down = (measured.tilt > GROUND_TILT_DEG) & (measured.centroid[:, 2] <= floor)
    return np.asarray(ground | (without[shell] & down))


def _lifted_objects(city: City, chosen: Mask, height: float) -> Geometry:
    """Return the geometry of other objects; those of raised buildings go up unless they begin at the ground."""
    geometry = city.surroundings
    if "city_object_surface" not in city.tables or not len(geometry.vertices):
        return geometry
    objects, owner = city.table("city_object"), city.table("city_object_surface")["city_object"]
    building = objects["building"]
    ground = lowest(city.geometry, city.surfaces["building"], len(city.buildings))
    above = lowest(geometry, owner, len(objects)) > ground[building] + ENTRANCE_M
    rising = (~objects.missing("building") & chosen[building] & above)[owner]
    if not rising.any():
        return geometry
    up = np.where(rising[surface_of_corner(geometry)], len(geometry.vertices), 0)
    vertices = np.concatenate([geometry.vertices, geometry.vertices + np.array([0.0, 0.0, height])])
    return compact(replace(geometry, vertices=vertices, ring_vertices=geometry.ring_vertices + up))


def _replaced(city: City, rows: Ints, lifted: Lifted, code: int) -> City:
    """Return the city with other surfaces in some rows, and with the walls that were added behind their building's."""
    n, n_added = len(city.surfaces), len(lifted.added)
    rest = np.setdiff1d(np.arange(n), rows)
    place = np.empty(n + n_added, dtype=np.int64)
    place[np.concatenate([rest, rows, n + np.arange(n_added)])] = np.arange(n + n_added)
    surfaces = Table.concat([city.surfaces, _added_walls(city, lifted.added, code)])
    order = np.argsort(surfaces["building"], kind="stable")
    whole = _behind(take_surfaces(city.geometry, rest), lifted.geometry)
    tables = dict(city.tables)
    if n_added:
        tables = _reordered({**tables, "surface": surfaces}, order)
    attributes = dict(city.attributes)
    if "surface" in attributes:
        left = (*attributes["surface"], *({},) * n_added)
        attributes["surface"] = tuple(left[row] for row in order.tolist())
    links = [link for link in city.links if "surface" not in (link.fine, link.coarse)]
    return replace(
        city,
        tables=tables,
        geometry=compact(take_surfaces(whole, place[order])),
        attributes=attributes,
        links=(Link.belongs("surface", "building", tables["surface"]["building"]), *links),
    )


def _behind(first: Geometry, second: Geometry) -> Geometry:
    """Return the surfaces of both, one after the other; the vertices of the first are the first of the second."""
    return Geometry(
        second.vertices,
        np.concatenate([first.ring_vertices, second.ring_vertices]),
        np.concatenate([first.ring_offsets, second.ring_offsets[1:] + first.ring_offsets[-1]]),
        np.concatenate([first.surface_offsets, second.surface_offsets[1:] + first.surface_offsets[-1]]),
    )


def _added_walls(city: City, shell: Ints, code: int) -> Table:
    """Return the rows of walls that were added below what was lifted, by building or part."""
    n = len(city.buildings)
    names, building, part = city.buildings.ids, shell, np.zeros(len(shell), dtype=np.int64)
    is_part = shell >= n
    if is_part.any():
        parts = city.table("building_part")
        names = np.concatenate([names, parts.ids])
        part = np.where(is_part, shell - n, 0)
        building = np.where(is_part, parts["building"][part], shell)
    ids = fresh([f"{names[k]}-added-{i + 1}" for i, k in enumerate(shell.tolist())], city.surfaces.ids)
    table = Table("surface", ids, len(ids)).put(SURFACE_COLUMNS["building"], building, code)
    table = table.put(SURFACE_COLUMNS["part"], part, np.where(is_part, code, MISSING).astype(np.uint16))
    return table.put(SURFACE_COLUMNS["type"], np.full(len(ids), "WallSurface"), code)


def fresh(wanted: list[str], taken: NDArray[np.str_]) -> list[str]:
    """Return identifiers that nothing has yet."""
    known = set(taken.tolist())
    for k, name in enumerate(wanted):
        while name in known:
            name += "~"
        wanted[k] = name
    return wanted


def _reordered(tables: dict[str, Table], order: Ints) -> dict[str, Table]:
    """Return tables with the surfaces in another order, to which all that refers to them still does."""
    tables["surface"] = tables["surface"].take(order)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    for name, table in tables.items():
        for column in table.columns:
            if column.refers == "surface":
                rows = np.where(table.missing(column.name), 0, number[table[column.name]])
                table = table.put(column, rows, table.source(column.name))
        tables[name] = table
    return tables
