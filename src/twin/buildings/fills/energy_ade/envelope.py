"""U-values, absorptances and windows that a city file states of thermal boundaries and their openings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.fills.energy_ade.stated import (
    Stated,
    column_of,
    first_known,
    grouped_mean,
    grouped_total,
    rows_of,
    stated_numbers,
    value_at,
)
from twin.buildings.model import MOST_WINDOW, WINDOW_TO_WALL
from twin.buildings.zones.envelope import quarter_of_compass
from twin.city.model import City
from twin.table import Table

__all__ = ["of_surfaces", "u_values", "window_shares", "windows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_PARTS = {
    "wall": ("outerWall",),
    "roof": ("roof", "atticFloor"),
    "base": ("groundSlab", "basementCeiling", "outerFloor", "basementWall"),
}


@dataclass(frozen=True)
class _Envelope:
    """The boundaries of buildings to outdoors, ground and unheated rooms.

    ``building`` is -1 for all other boundaries. ``windows`` is the area of openings, NaN where the file does not say.
    """

    building: Ints
    types: NDArray[np.str_]
    construction: Ints
    gross: Floats
    windows: Floats
    opaque: Floats
    azimuth: Floats


def _envelope(city: City) -> _Envelope | None:
    if "thermal_boundary" not in city.tables:
        return None
    table = city.table("thermal_boundary")
    building = np.where(_outer(city, table), rows_of(table, "building"), -1)
    surface = rows_of(table, "surface")
    area = column_of(city.surfaces, "area_m2") + np.nan_to_num(column_of(city.surfaces, "opening_m2"))
    gross = first_known(column_of(table, "area_m2"), value_at(area, surface))
    windows = np.full(len(table), np.nan)
    if "thermal_opening" in city.tables:
        openings = city.table("thermal_opening")
        windows = grouped_total(rows_of(openings, "boundary"), _opening_areas(city, openings), len(table))
    windows = first_known(windows, column_of(table, "opening_share") * gross)
    opaque = first_known(column_of(table, "opaque_area_m2"), np.maximum(gross - np.nan_to_num(windows), 0.0))
    azimuth = first_known(column_of(table, "azimuth_deg"), value_at(column_of(city.surfaces, "azimuth_deg"), surface))
    types = table["type"] if "type" in table else np.full(len(table), "")
    return _Envelope(building, types, rows_of(table, "construction"), gross, windows, opaque, azimuth)


def _opening_areas(city: City, openings: Table) -> Floats:
    """Return the area of each thermal opening, m2: the one stated, or that of its surface."""
    surface = value_at(column_of(city.surfaces, "area_m2"), rows_of(openings, "surface"))
    return first_known(column_of(openings, "area_m2"), surface)


def _outer(city: City, table: Table) -> Mask:
    """Return which boundaries lose heat: those of heated zones; in buildings without such, those of its surfaces."""
    zone, building = rows_of(table, "zone"), rows_of(table, "building")
    beyond = table["beyond"] if "beyond" in table else np.full(len(table), "")
    outer = (building >= 0) & (beyond != "zone") & (column_of(table, "adiabatic") != 1.0)
    heated = np.ones(len(table), dtype=bool)
    if "thermal_zone" in city.tables:
        stated = column_of(city.table("thermal_zone"), "heated")
        heated = value_at(stated, zone) != 0.0
    by_zone = np.bincount(building[outer & (zone >= 0)], minlength=len(city.buildings)) > 0
    losing: Mask = outer & np.where(by_zone[building], (zone >= 0) & heated, True)
    return losing


def u_values(city: City) -> Iterator[tuple[str, Stated]]:
    """Yield U-values and absorptances of walls, roof and base, means by opaque area."""
    envelope, n = _envelope(city), len(city.buildings)
    if envelope is None or "construction" not in city.tables:
        return
    constructions = city.table("construction")
    u = value_at(column_of(constructions, "u_w_m2k"), envelope.construction)
    absorbed = 1.0 - value_at(column_of(constructions, "outside_solar_reflectance"), envelope.construction)
    for part, types in _PARTS.items():
        weight = np.where(np.isin(envelope.types, types), envelope.opaque, 0.0)
        yield f"{part}_u_w_m2k", stated_numbers(grouped_mean(envelope.building, u, weight, n))
        if part != "base":
            yield f"{part}_absorptance", stated_numbers(grouped_mean(envelope.building, absorbed, weight, n))


def windows(city: City) -> Iterator[tuple[str, Stated]]:
    """Yield U-value, g-value and frames of windows, means by their area."""
    envelope, n = _envelope(city), len(city.buildings)
    if envelope is None or "thermal_opening" not in city.tables or "construction" not in city.tables:
        return
    yield from _panes(city, envelope.building, n, "window_u_w_m2k", "window_g", "frame_fraction")


def window_shares(city: City) -> Iterator[tuple[str, Stated]]:
    """Yield the share of windows in the outer walls of every quarter; a quarter without walls has that of all walls."""
    envelope, n = _envelope(city), len(city.buildings)
    if envelope is None:
        return
    wall = np.where(np.isin(envelope.types, _PARTS["wall"]), envelope.building, -1)
    stated = grouped_total(wall, envelope.windows, n) >= 0
    ratio = np.divide(envelope.windows, envelope.gross, out=np.zeros(len(wall)), where=envelope.gross > 0)
    ratio, gross = np.nan_to_num(ratio), np.nan_to_num(envelope.gross)
    whole = grouped_mean(wall, ratio, gross, n)
    sector = quarter_of_compass(envelope.azimuth)
    for k, name in enumerate(WINDOW_TO_WALL):
        here = np.where(np.isfinite(envelope.azimuth) & (sector == k), wall, -1)
        share = first_known(grouped_mean(here, ratio, gross, n), whole)
        yield name, stated_numbers(np.where(stated, np.minimum(share, MOST_WINDOW), np.nan))


def of_surfaces(city: City) -> Iterator[tuple[str, Stated]]:
    """Yield U-value and share of windows of single surfaces, and the U- and g-value of their windows."""
    envelope, n = _envelope(city), len(city.surfaces)
    if envelope is None:
        return
    surface = np.where(envelope.building >= 0, rows_of(city.table("thermal_boundary"), "surface"), -1)
    glazed = np.where(np.isfinite(envelope.windows), surface, -1)
    share = np.divide(envelope.windows, envelope.gross, out=np.zeros(len(surface)), where=envelope.gross > 0)
    whole = grouped_mean(glazed, np.nan_to_num(share), np.nan_to_num(envelope.gross), n)
    yield "window_share", stated_numbers(np.minimum(whole, MOST_WINDOW))
    if "construction" not in city.tables:
        return
    u = value_at(column_of(city.table("construction"), "u_w_m2k"), envelope.construction)
    yield "u_w_m2k", stated_numbers(grouped_mean(surface, u, np.maximum(envelope.opaque, 1e-9), n))
    if "thermal_opening" in city.tables:
        yield from _panes(city, surface, n, "window_u_w_m2k", "window_g")


def _panes(city: City, group_of_boundary: Ints, n: int, *wanted: str) -> Iterator[tuple[str, Stated]]:
    """Yield what is wanted of openings, means by area over those of each group of boundaries, -1 for none."""
    openings, constructions = city.table("thermal_opening"), city.table("construction")
    boundary, made_of = rows_of(openings, "boundary"), rows_of(openings, "construction")
    group = np.where(boundary >= 0, np.append(group_of_boundary, -1)[boundary], -1)
    area = np.nan_to_num(_opening_areas(city, openings))
    names = ("total_transmittance", "solar_transmittance")
    known = {
        "window_u_w_m2k": column_of(constructions, "u_w_m2k"),
        "window_g": first_known(*(column_of(constructions, name) for name in names)),
        "frame_fraction": 1.0 - column_of(constructions, "glazing_share"),
    }
    for name in wanted:
        yield name, stated_numbers(grouped_mean(group, value_at(known[name], made_of), area, n))
