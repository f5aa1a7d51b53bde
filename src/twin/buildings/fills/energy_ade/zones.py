"""Air, mass, cooling and floor area that a city file states of thermal zones, usage zones and buildings."""

from __future__ import annotations

from collections.abc import Iterator

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
from twin.buildings.fills.envelope import INFILTRATION_PER_N50
from twin.buildings.fills.size import HEATED_SHARE
from twin.city.energy.names import best_size
from twin.city.model import City
from twin.table import GIVEN, MISSING

__all__ = ["floor_area", "zones"]

Floats = NDArray[np.float64]

GROSS = 2  # what `twin.city.energy.names.best_size` says of gross floor areas


def zones(city: City) -> Iterator[tuple[str, Stated]]:
    """Yield tightness, thermal bridges, heat capacity and cooling of thermal zones."""
    if "thermal_zone" not in city.tables:
        return
    table, n = city.table("thermal_zone"), len(city.buildings)
    building = rows_of(table, "building")
    heated = np.where(column_of(table, "heated") != 0.0, building, -1)
    area = column_of(table, "floor_area_m2")
    weight = np.where(np.isfinite(area) & (area > 0), area, 1.0)
    leaks, bridges = (
        grouped_mean(heated, column_of(table, name), weight, n)
        for name in ("infiltration_1_h", "thermal_bridge_u_w_m2k")
    )
    yield "n50_1_h", stated_numbers(leaks / INFILTRATION_PER_N50)
    yield "thermal_bridge_u_w_m2k", stated_numbers(bridges)
    capacity = first_known(column_of(table, "heat_capacity_j_k"), column_of(table, "heat_capacity_j_m2k") * area)
    floor = grouped_total(heated, np.where(np.isfinite(capacity), area, np.nan), n)
    stored = grouped_total(heated, capacity, n)
    per_area = np.divide(stored, floor, out=np.full(n, np.nan), where=floor > 0)
    yield "thermal_capacity_j_m2k", stated_numbers(per_area)
    cooled = grouped_total(building, column_of(table, "cooled"), n)
    codes = np.where(np.isfinite(cooled), GIVEN, MISSING).astype(np.uint16)
    yield "cooled", Stated(np.nan_to_num(cooled) > 0, codes)


def floor_area(city: City) -> Iterator[tuple[str, Stated]]:
    """Yield the heated floor area: of thermal zones or usage zones, whichever state the better type of area."""
    n = len(city.buildings)
    best, rank = np.full(n, np.nan), np.full(n, np.inf)
    for name in ("thermal_zone", "usage_zone"):
        if name not in city.tables or "floor_area_m2" not in city.table(name):
            continue
        table = city.table(name)
        building, area = rows_of(table, "building"), column_of(table, "floor_area_m2")
        zone = np.arange(len(table)) if name == "thermal_zone" else rows_of(table, "zone")
        if "thermal_zone" in city.tables:
            heated = value_at(column_of(city.table("thermal_zone"), "heated"), zone)
            area = np.where(heated == 0.0, 0.0, area)
        ranks = [best_size(kind) for kind in table["floor_area_type"].tolist()]
        quality = np.array([GROSS if one is None else one for one in ranks], dtype=np.float64)
        gross = quality == GROSS
        worst = np.full(n, -1.0)
        some = (building >= 0) & np.isfinite(area)
        np.maximum.at(worst, building[some], quality[some])
        total = grouped_total(building, np.where(gross, HEATED_SHARE, 1.0) * area, n)
        better = np.isfinite(total) & (worst < rank)
        best, rank = np.where(better, total, best), np.where(better, worst, rank)
    yield "heated_floor_area_m2", stated_numbers(first_known(best, _own_floor_area(city)))


def _own_floor_area(city: City) -> Floats:
    """Return the best type of floor area that buildings state of themselves, NaN for none."""
    n = len(city.buildings)
    best, rank = np.full(n, np.nan), np.full(n, np.inf)
    if "qualified_size" not in city.tables or "area_m2" not in city.table("qualified_size"):
        return best
    table = city.table("qualified_size")
    rows = {str(identifier): row for row, identifier in enumerate(city.buildings.ids)}
    area = column_of(table, "area_m2")
    kinds = table["type"].tolist() if "type" in table else [""] * len(table)
    for k, (owner, kind) in enumerate(zip(table["owner"].tolist(), kinds, strict=True)):
        row, quality = rows.get(owner), best_size(kind)
        if row is not None and quality is not None and np.isfinite(area[k]) and quality < rank[row]:
            rank[row] = quality
            best[row] = area[k] * (HEATED_SHARE if quality == GROSS else 1.0)
    return best
