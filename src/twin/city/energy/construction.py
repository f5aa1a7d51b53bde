"""Constructions: their layers and materials, and the transmittance that follows from these where none is stated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.energy.items import Item
from twin.city.energy.model import ENERGY_COLUMNS
from twin.city.energy.relations import Relations
from twin.city.energy.sheet import Node, Sheet, number
from twin.city.energy.transmittance import capacities, resistances, transmittances
from twin.city.energy.units import conversion
from twin.table import DERIVED, GIVEN, MISSING, Table

__all__ = ["read_constructions"]

_BASE = ("baseLayeredConstruction", "baseLayering", "baseConstruction")
_FLOW = {"roof": "upwards", "atticFloor": "upwards", "groundSlab": "downwards", "outerFloor": "downwards"}
_FLOW |= {"basementCeiling": "downwards"}
# Numbers of a construction that do not depend on the side it is seen from
_SHARED = (
    "u_w_m2k",
    "resistance_m2k_w",
    "heat_capacity_j_m2k",
    "glazing_share",
    "total_transmittance",
    "solar_transmittance",
    "visible_transmittance",
)
_SWAPPED = {"outside_emissivity": "inside_emissivity", "inside_emissivity": "outside_emissivity"}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A material in a layer; NaN and -1 where the file does not say."""

    construction: int
    order: int
    share: float
    thickness: float
    material: int
    name: str


def read_constructions(sheets: Mapping[str, Sheet], relations: Relations) -> tuple[Table, ...]:
    """Fill the table of constructions; return that of their layers."""
    sheet = sheets["construction"]
    pieces: list[_Piece] = []
    for node in sheet.nodes:
        _optics(sheet, node)
        pieces += _layers(node, relations)
    for node in sheets["material"].nodes:
        sheets["material"].put("kind", node.index, "gas" if node.item.kind == "Gas" else "solid")
    _from_layers(sheets, pieces)
    for node in sheet.nodes:
        _turn(sheet, node, relations, set())
    return (_table(pieces),)


def _optics(sheet: Sheet, node: Node) -> None:
    """Read emissivity, reflectance and transmittance; of several for the same side and band the first."""
    inner = node.item.part("OpticalProperties") or node.item
    for role, part in inner.parts:
        column = _optical_column(part)
        value = number(part.text("fraction"))
        if column is None or value is None:
            continue
        if (percent := part.value("fraction")) is not None and conversion(percent.unit, "1") == (0.01, 0.0):
            value *= 0.01
        if 0.0 <= value <= 1.0 and sheet.get(column, node.index) is None:
            sheet.put(column, node.index, value)
        node.used.add(role)
    if inner is not node.item and (value := number(inner.text("glazingRatio"))) is not None and 0.0 <= value <= 1.0:
        sheet.put("glazing_share", node.index, value)
    node.used.add("opticalProperties")


def _optical_column(part: Item) -> str | None:
    side, band = part.text("surface").lower(), part.text("wavelengthRange").lower()
    if part.kind == "Emissivity":
        return f"{side}_emissivity" if side in ("outside", "inside") else None
    if part.kind == "Reflectance":
        return "outside_solar_reflectance" if side == "outside" and band in ("solar", "total") else None
    if part.kind == "Transmittance":
        return f"{band}_transmittance" if band in ("total", "solar", "visible") else None
    return None


def _layers(node: Node, relations: Relations) -> Iterator[_Piece]:
    """Yield the pieces of a construction's layers in order.

    The ADE 1.0 puts components side by side into a layer, each with its share of the area. Where the shares of a layer
    add up to more than one, the components were meant as layers of their own: files do so.
    """
    order = 0
    node.used.add("layer")
    for layer in (relations.of(part) for _, part in node.item.parts if part.kind == "Layer"):
        inner = [relations.of(part) for _, part in layer.item.parts if part.kind == "LayerComponent"] or [layer]
        shares = [s if (s := number(n.item.text("areaFraction"))) is not None else 1.0 for n in inner]
        beside = sum(shares) <= 1.0 + 1e-6
        for component, share in zip(inner, shares, strict=True):
            material = relations.target(component, "material", ("material",))
            row = material.index if material is not None else -1
            thickness = _thickness(component, relations)
            name = component.item.id or f"{node.name}/layer-{order + 1}"
            yield _Piece(node.index, order, share if beside else 1.0, thickness, row, name)
            order += not beside
        order += beside


def _thickness(node: Node, relations: Relations) -> float:
    value = node.item.value("thickness")
    if value is None:
        return float("nan")
    found, rule = number(value.text), conversion(value.unit, "m")
    if found is None or rule is None or found < 0:
        text = f"is {value.text[:40]!r} {value.unit}, which is no length; the layer's resistance is not known"
        relations.notes.add("energy-value", f"{node.item.kind}.thickness", text, node.name, value.line)
        return float("nan")
    return found * rule[0]


def _from_layers(sheets: Mapping[str, Sheet], pieces: list[_Piece]) -> None:
    """Set resistance, heat capacity and, where none is stated, transmittance of constructions from their layers."""
    sheet, materials = sheets["construction"], sheets["material"]
    n = len(sheet.nodes)
    of = np.array([p.construction for p in pieces], dtype=np.int64)
    order = np.array([p.order for p in pieces], dtype=np.int64)
    share = np.array([p.share for p in pieces], dtype=np.float64)
    thickness = np.array([p.thickness for p in pieces], dtype=np.float64)
    row = np.array([p.material for p in pieces], dtype=np.int64)

    def of_material(name: str) -> NDArray[np.float64]:
        values = np.append(materials.array(name), np.nan)
        return values[row] if len(row) else np.zeros(0)

    with np.errstate(divide="ignore", invalid="ignore"):
        layer = np.where(
            np.isnan(fixed := of_material("resistance_m2k_w")), thickness / of_material("conductivity_w_mk"), fixed
        )
    resistance = resistances(of, order, share, layer, n)
    stored = thickness * of_material("density_kg_m3") * of_material("specific_heat_j_kgk")
    gas = np.isfinite(fixed) & np.isnan(stored)
    capacity = capacities(of, share, np.where(gas, 0.0, stored), n)
    u = transmittances(resistance, _flows(sheets, n))
    for index in range(n):
        for name, values in (("resistance_m2k_w", resistance), ("heat_capacity_j_m2k", capacity), ("u_w_m2k", u)):
            if np.isfinite(values[index]) and sheet.get(name, index) is None:
                sheet.put(name, index, float(values[index]), DERIVED)


def _flows(sheets: Mapping[str, Sheet], n: int) -> NDArray[np.str_]:
    """Return the direction of heat flow through every construction: that of most boundaries made of it."""
    votes: list[Counter[str]] = [Counter() for _ in range(n)]
    boundaries = sheets["thermal_boundary"]
    for node in boundaries.nodes:
        made_of = boundaries.get("construction", node.index)
        if made_of is not None:
            votes[made_of][_FLOW.get(boundaries.get("type", node.index) or "", "horizontal")] += 1
    return np.array([v.most_common(1)[0][0] if v else "horizontal" for v in votes], dtype="U10")


def _turn(sheet: Sheet, node: Node, relations: Relations, seen: set[int]) -> None:
    """Give a construction that is another one seen from the other side what that one has."""
    base = relations.target(node, "construction", _BASE)
    if base is None or node.index in seen:
        return
    seen.add(node.index)
    if base.index in seen:
        text = "refers to itself; it has no layers"
        relations.notes.add("energy-cycle", node.item.kind, text, node.name, node.item.line)
        return
    _turn(sheet, base, relations, seen)
    sheet.put("base", node.index, base.index)
    same = node.item.text("orientation").lower() in ("true", "1")
    for name in _SHARED + tuple(_SWAPPED):
        value = sheet.get(name if same else _SWAPPED.get(name, name), base.index)
        if value is not None and sheet.get(name, node.index) is None:
            sheet.put(name, node.index, value, DERIVED)


def _table(pieces: list[_Piece]) -> Table:
    columns = ENERGY_COLUMNS["layer"]
    names, uses = [], Counter[str]()
    for piece in pieces:
        uses[piece.name] += 1
        names.append(piece.name if uses[piece.name] == 1 else f"{piece.name}~{uses[piece.name]}")
    table = Table("layer", names)
    if not pieces:
        return table
    table = table.put(columns["construction"], np.array([p.construction for p in pieces], dtype=np.int64))
    table = table.put(columns["order"], np.array([p.order for p in pieces], dtype=np.int64))
    table = table.put(columns["area_share"], np.clip([p.share for p in pieces], 0.0, 1.0))
    thickness = np.array([p.thickness for p in pieces], dtype=np.float64)
    table = table.put(
        columns["thickness_m"], thickness, np.where(np.isnan(thickness), MISSING, GIVEN).astype(np.uint16)
    )
    rows = np.array([p.material for p in pieces], dtype=np.int64)
    known = np.where(rows >= 0, GIVEN, MISSING).astype(np.uint16)
    return table.put(columns["material"], np.maximum(rows, 0), known)
