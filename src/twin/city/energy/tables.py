"""From energy objects as found to the energy tables of a city."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.energy.construction import read_constructions
from twin.city.energy.dynamizer import Override, apply_overrides, overrides
from twin.city.energy.lying import link_by_geometry
from twin.city.energy.names import BOUNDARY, COLUMNS, SIZES, best_size
from twin.city.energy.relations import Relations
from twin.city.energy.schedules import SCHEDULE_ROLES, occupants, read_schedules
from twin.city.energy.series import mean_of, read_series
from twin.city.energy.sheet import Node, Notes, Sheet, number
from twin.city.energy.units import conversion
from twin.city.found import Found
from twin.city.model import City
from twin.table import SERIES, Table

__all__ = ["with_energy"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Place:
    """Where the objects of a file are in the city: rows of buildings, parts and surfaces."""

    building: dict[int, int]
    part: dict[int, int]
    surface_of_group: dict[int, int]
    surface_of_id: dict[str, int]
    host_of_group: dict[int, int]


def with_energy(city: City, found: Found, numbers: Ints) -> City:
    """Return the city with the energy tables of what a reader found; the city itself if that is nothing.

    Parameters
    ----------
    numbers
        Of every row of the surface table, the number of that surface in ``found``, shape ``(n_surfaces,)``.
    """
    if not found.energy:
        return city
    notes = Notes(found)
    known = {identifier: row for row, identifier in enumerate(found.ids)}
    known |= dict.fromkeys(found.surface_ids, -1)
    relations = Relations(found.energy, known, notes)
    place = _places(city, found, numbers)
    sheets = {name: Sheet(name, nodes) for name, nodes in relations.tables.items() if name in COLUMNS}
    for name, sheet in sheets.items():
        sheet.read(COLUMNS[name], notes)
        _owners(sheet, relations, place)
    for fill in (_zones, _usages, _boundaries, _openings, _sizes, _demands, _systems, _objects):
        fill(sheets, relations, place)
    link_by_geometry(city, sheets["thermal_boundary"])
    values = read_series(sheets["time_series"], notes)
    given = overrides(sheets, relations)
    more = [read_schedules(sheets, relations), *read_constructions(sheets, relations)]
    _series_owners(sheets, relations, given)
    city = apply_overrides(city, sheets, given, notes)
    tables = [sheet.finish() for sheet in sheets.values() if sheet.nodes] + [table for table in more if len(table)]
    if len(tables) and len(sheets["time_series"].nodes):
        tables.append(values)
    city = _with_tables(city, tables, relations, found)
    _report_unread(relations, notes)
    notes.report()
    return city


def _places(city: City, found: Found, numbers: Ints) -> _Place:
    rows = {
        name: {str(identifier): row for row, identifier in enumerate(city.tables[name].ids)}
        for name in ("building", "building_part")
        if name in city.tables
    }
    building, part = dict[int, int](), dict[int, int]()
    for row, identifier in enumerate(found.ids):
        above = found.parents[row]
        if above >= 0 and above in building:
            building[row] = building[above]
            if identifier in rows.get("building_part", {}):
                part[row] = rows["building_part"][identifier]
            elif above in part:
                part[row] = part[above]
        elif identifier in rows["building"]:
            building[row] = rows["building"][identifier]
    nothing = np.zeros(0, dtype=np.int64)
    groups = np.concatenate([nothing, *(block.surface_groups for block in found.blocks)])
    hosts = np.concatenate([nothing, *(block.surface_hosts for block in found.blocks)])
    of_group, of_id = dict[int, int](), dict[str, int]()
    for row, surface in enumerate(numbers.tolist()):
        of_group.setdefault(int(groups[surface]), row)
        if found.surface_ids[surface]:
            of_id.setdefault(found.surface_ids[surface], row)
    return _Place(building, part, of_group, of_id, dict(zip(groups.tolist(), hosts.tolist(), strict=True)))


def _owners(sheet: Sheet, relations: Relations, place: _Place) -> None:
    """Set building, part and owner of every row."""
    for node in sheet.nodes:
        for column, rows in (("building", place.building), ("part", place.part)):
            if column in sheet.columns and node.row in rows:
                sheet.put(column, node.index, rows[node.row])
        if "owner" in sheet.columns and node.owner is not None and node.owner.name:
            sheet.put("owner", node.index, node.owner.name)


Sheets = Mapping[str, Sheet]


def _zones(sheets: Sheets, relations: Relations, place: _Place) -> None:
    for node in sheets["thermal_zone"].nodes:
        _best(sheets["thermal_zone"], node, relations, sheets["qualified_size"])


def _best(sheet: Sheet, node: Node, relations: Relations, sizes: Sheet) -> None:
    """Set floor area and volume of a zone to those of the best type that it states."""
    for unit, column in (("area_m2", "floor_area"), ("volume_m3", "volume")):
        if f"{column}_type" not in sheet.columns:
            continue
        stated = []
        for _, part in node.item.parts:
            below = relations.of(part)
            if below.table == "qualified_size":
                kind, amount = sizes.get("type", below.index) or "", sizes.get(unit, below.index)
                if amount is not None and (rank := best_size(kind)) is not None:
                    stated.append((rank, kind, amount))
        if stated:
            _, kind, amount = min(stated)
            sheet.put("floor_area_m2" if unit == "area_m2" else "volume_m3", node.index, amount)
            sheet.put(f"{column}_type", node.index, kind)


def _usages(sheets: Sheets, relations: Relations, place: _Place) -> None:
    sheet = sheets["usage_zone"]
    for zone in sheets["thermal_zone"].nodes:
        for node in relations.targets(zone, "usageZone", "contains"):
            if node.table == "usage_zone":
                sheet.put("zone", node.index, zone.index)
    for node in sheet.nodes:
        _best(sheet, node, relations, sheets["qualified_size"])
        _gains(sheet, node, relations.notes)
        units = [n for n in relations.targets(node, "buildingUnit", "contains") if n.item.kind == "BuildingUnit"]
        if units and sheet.get("building_units", node.index) is None:
            sheet.put("building_units", node.index, len(units))
        people, schedule = occupants(node, units, relations)
        if people is not None:
            sheet.put("occupants", node.index, people)
        for column, roles in SCHEDULE_ROLES.items():
            target = relations.target(node, "schedule", roles) or (schedule if column == "occupancy_schedule" else None)
            if target is not None:
                sheet.put(column, node.index, target.index)


def _gains(sheet: Sheet, node: Node, notes: Notes) -> None:
    """Read the internal gain that the ADE 1.0 nests in an object."""
    for role, part in node.item.parts:
        if role in ("averageInternalGains", "internalGains") and part.kind == "HeatExchangeType":
            inner = Sheet(sheet.table, [Node(part, node, role, name=node.name, index=node.index)])
            names = {
                "totalValue": ("internal_gain_w_m2", "internal_gain_w"),
                "convectiveFraction": ("convective_share",),
                "radiantFraction": ("radiant_share",),
                "latentFraction": ("latent_share",),
            }
            inner.read(names, notes)
            for column in (*names["totalValue"], "convective_share", "radiant_share", "latent_share"):
                if (value := inner.get(column, node.index)) is not None:
                    sheet.put(column, node.index, value)
            node.used.add(role)


def _boundaries(sheets: Sheets, relations: Relations, place: _Place) -> None:
    sheet = sheets["thermal_boundary"]
    for node in sheet.nodes:
        stated = node.item.text("thermalBoundaryType") or node.item.kind
        kind, beyond = BOUNDARY.get(stated.lower(), ("", "outdoors"))
        node.used.add("thermalBoundaryType")
        zones = [n for n in relations.targets(node, "delimits") if n.table == "thermal_zone"]
        owner = relations.above(node, "thermal_zone") or (zones[0] if zones else None)
        others = [n.name for n in zones if n is not owner]
        others += [t for _, part in node.item.parts if part.kind == "CityObjectRelation" for _, t in part.links]
        if owner is not None:
            sheet.put("zone", node.index, owner.index)
            if sheet.get("building", node.index) is None and owner.row in place.building:
                sheet.put("building", node.index, place.building[owner.row])
        if others:
            sheet.put("other_zone", node.index, others[0])
        if kind:
            sheet.put("type", node.index, kind)
        sheet.put("beyond", node.index, "zone" if others else beyond)
        _surface(sheet, node, place)
        _area(sheet, node, relations, sheets["qualified_size"])
        _construction(sheet, node, relations)


def _surface(sheet: Sheet, node: Node, place: _Place) -> None:
    """Set the surface that a boundary or opening is, or is said to lie on."""
    row = place.surface_of_group.get(node.group) if node.owner is None else None
    if row is None:
        targets = [node.item.id, *node.item.linked("relatesTo")]
        row = next((place.surface_of_id[target] for target in targets if target in place.surface_of_id), None)
    if row is not None:
        sheet.put("surface", node.index, row)
        node.used.add("relatesTo")


def _area(sheet: Sheet, node: Node, relations: Relations, sizes: Sheet) -> None:
    """Set the area of a boundary or opening that states it as a qualified one."""
    if sheet.get("area_m2", node.index) is None:
        for _, part in node.item.parts:
            below = relations.of(part)
            if below.table == "qualified_size" and (area := sizes.get("area_m2", below.index)) is not None:
                sheet.put("area_m2", node.index, area)
                return


def _construction(sheet: Sheet, node: Node, relations: Relations) -> None:
    target = relations.target(node, "construction", ("layeredConstruction", "construction", "layering"))
    if target is not None:
        sheet.put("construction", node.index, target.index)


def _openings(sheets: Sheets, relations: Relations, place: _Place) -> None:
    sheet = sheets["thermal_opening"]
    groups = {node.group: node for node in sheets["thermal_boundary"].nodes if node.owner is None}
    for node in sheet.nodes:
        boundary = relations.above(node, "thermal_boundary")
        if boundary is None and node.owner is None:
            boundary = groups.get(place.host_of_group.get(node.group, -1))
        if boundary is not None:
            sheet.put("boundary", node.index, boundary.index)
        _surface(sheet, node, place)
        _area(sheet, node, relations, sheets["qualified_size"])
        _construction(sheet, node, relations)
        for side in ("indoor", "outdoor"):
            _shading(sheet, node, relations, side)


def _shading(sheet: Sheet, node: Node, relations: Relations, side: str) -> None:
    shading = next(iter(relations.targets(node, f"{side}Shading")), None)
    if shading is None:
        return
    through = shading.item.part("Transmittance")
    cover, fraction = shading.item.text("maximumCoverRatio"), through.text("fraction") if through else ""
    for column, text in ((f"{side}_shading_cover", cover), (f"{side}_shading_transmittance", fraction)):
        value = number(text)
        if value is not None and 0.0 <= value <= 1.0:
            sheet.put(column, node.index, value)


def _sizes(sheets: Sheets, relations: Relations, place: _Place) -> None:
    for node in sheets["qualified_size"].nodes:
        sheets["qualified_size"].put("quantity", node.index, SIZES[node.item.kind])


def _demands(sheets: Sheets, relations: Relations, place: _Place) -> None:
    for node in sheets["energy_demand"].nodes:
        sheets["energy_demand"].put("kind", node.index, node.item.kind)


def _systems(sheets: Sheets, relations: Relations, place: _Place) -> None:
    sheet = sheets["energy_system"]
    for node in sheet.nodes:
        sheet.put("kind", node.index, node.item.kind)
        roles = ("installedOnConstructionSurface", "installedOnBoundarySurface", "installedOn", "installedIn")
        on = node.item.linked(*roles)
        on += [t for _, part in node.item.parts if part.text("relationType") == "installedOn" for _, t in part.links]
        if on:
            sheet.put("installed_on", node.index, on[0])
            _installed_in(sheet, node, on[0], relations, place)


def _installed_in(sheet: Sheet, node: Node, target: str, relations: Relations, place: _Place) -> None:
    """Set the building of a system that stands by itself in the file and says where it is installed."""
    if sheet.get("building", node.index) is None:
        host = relations.find(target)
        if host is not None and host.row in place.building:
            sheet.put("building", node.index, place.building[host.row])


def _objects(sheets: Sheets, relations: Relations, place: _Place) -> None:
    for node in sheets["energy_object"].nodes:
        sheets["energy_object"].put("type", node.index, node.item.kind)


def _series_owners(sheets: Sheets, relations: Relations, given: list[Override]) -> None:
    """Say of every series what it is of, and give demands the series they hold."""
    sheet = sheets["time_series"]
    for node in sheet.nodes:
        owner = relations.above(node, *(set(COLUMNS) - {"time_series"}))
        if owner is not None:
            role = node
            while role.owner is not None and role.owner is not owner:
                role = role.owner
            _series_of(sheet, node.index, owner, role.role, sheets)
            if owner.table == "energy_demand":
                _amount(sheets["energy_demand"], owner.index, sheet, node.index)
    for override in given:
        for row in override.series:
            sheet.put("entity", row, override.entity)
            sheet.put("attribute", row, override.attribute)
            if override.target is not None:
                _series_of(sheet, row, override.target, override.attribute, sheets)


def _amount(demands: Sheet, row: int, series: Sheet, series_row: int) -> None:
    """Give a demand that states no amount the mean of its series."""
    mean = mean_of(series, (series_row,))
    rule = conversion(mean[1], "J/a") if mean is not None and mean[1] else None
    if mean is not None and rule is not None and demands.get("energy_j_a", row) is None:
        demands.put("energy_j_a", row, mean[0] * rule[0], SERIES)


def _series_of(sheet: Sheet, row: int, owner: Node, attribute: str, sheets: Sheets) -> None:
    if owner.table:
        sheet.put("entity_set", row, owner.table)
    sheet.put("entity", row, owner.name)
    sheet.put("attribute", row, attribute)
    if owner.table == "energy_demand":
        sheets["energy_demand"].put("series", owner.index, row)


def _with_tables(city: City, tables: list[Table], relations: Relations, found: Found) -> City:
    """Return the city with the tables, and with what is left of their objects as attributes."""
    attributes = dict(city.attributes)
    for name, nodes in relations.tables.items():
        if nodes:
            attributes[name] = tuple(_left(node, relations) for node in nodes)
    for name in ("building", "building_part", "city_object"):
        if name in city.tables:
            attributes[name] = _host_attributes(city, name, relations, found)
    return replace(city, tables={**city.tables, **{table.name: table for table in tables}}, attributes=attributes)


def _host_attributes(city: City, name: str, relations: Relations, found: Found) -> tuple[Mapping[str, Any], ...]:
    """Return the attributes of city objects with the energy properties that became nothing else."""
    left = list(city.attributes.get(name, ({},) * len(city.tables[name])))
    rows = {str(identifier): row for row, identifier in enumerate(city.tables[name].ids)}
    for node in relations.nodes:
        if node.owner is None and node.row >= 0 and node.group < 0 and found.ids[node.row] in rows:
            row = rows[found.ids[node.row]]
            left[row] = {**_left(node, relations), **left[row]}
    return tuple(left)


def _left(node: Node, relations: Relations) -> dict[str, Any]:
    """Return what an object has beyond its cells, as plain values; objects that are rows themselves are left out."""
    left: dict[str, Any] = {}
    for name, value in node.item.values:
        if name not in node.used:
            _append(left, name, {"value": value.text, "uom": value.unit} if value.unit else value.text)
    for role, target in node.item.links:
        if role not in node.used:
            _append(left, role, f"#{target}")
    for role, part in node.item.parts:
        below = relations.of(part)
        if not below.table and role not in node.used and (inner := _left(below, relations)):
            _append(left, role, {"type": part.kind, **inner})
    return left


def _append(left: dict[str, Any], name: str, value: Any) -> None:
    old = left.get(name)
    left[name] = value if old is None else [*(old if isinstance(old, list) else [old]), value]


def _report_unread(relations: Relations, notes: Notes) -> None:
    """Say what is kept without being understood, and what is not kept at all."""
    kept = relations.tables["energy_object"]
    if kept:
        kinds = Counter(node.item.kind for node in kept)
        words = ", ".join(f"{kind} ({count})" for kind, count in kinds.most_common())
        text = f"are kept as found in the table energy_object, without a meaning of their own: {words}"
        notes.add("energy-kept", "energy objects", text, kept[0].name, kept[0].item.line)
    shaped = [node for node in relations.nodes if node.item.geometries]
    total = sum(node.item.geometries for node in shaped)
    if total:
        text = f"of energy objects are not read: {total} in all"
        notes.add("energy-geometry", "geometries", text, shaped[0].name, shaped[0].item.line)
