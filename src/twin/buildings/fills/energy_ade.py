"""What a city file with energy data says of its buildings: it wins over archetypes, and the source columns say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.buildings.fills.use import INFILTRATION_PER_N50
from twin.buildings.model import COLUMNS, UNHEATED, USE_TYPES, WINDOW_TO_WALL
from twin.city.energy.names import best_size
from twin.city.energy.series import series_values
from twin.city.energy.units import conversion
from twin.city.model import BUILDING_COLUMNS, City
from twin.city.usage import DWELLINGS, usage_class
from twin.ledger import Ledger
from twin.table import GIVEN, MEASURE, MISSING, SERIES, Table

__all__ = ["harmonize"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

REFERENCE = "city file, Energy ADE"
HEATED_SHARE_OF_GROSS = 0.85  # where a zone states its gross floor area only; the same as in `twin.buildings.fills.use`
GROSS = 2  # what `twin.city.energy.names.best_size` says of gross floor areas
MOST_WINDOW = 0.95

_TABLES = ("thermal_zone", "thermal_boundary", "usage_zone")
_PARTS = {
    "wall": ("outerWall",),
    "roof": ("roof", "atticFloor"),
    "base": ("groundSlab", "basementCeiling", "outerFloor", "basementWall"),
}
_REFURBISHED = {"advanced": "advanced", "usual": "usual", "standard": "usual", "none": "existing"}


@dataclass(frozen=True)
class _Stated:
    """Values for a column of the building table, with source codes; MISSING where the file says nothing."""

    values: NDArray[Any]
    codes: NDArray[np.uint16]


def harmonize(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Return the city with what its energy tables say of buildings, in the columns of this wing.

    Cells given otherwise stay. Numbers that cannot be true of a building are left out, and the ledger says so.
    """
    if not any(name in city.tables for name in _TABLES):
        return city
    table, taken = city.buildings, list[str]()
    for rule in _RULES:
        for name, stated in rule(city):
            table, count = _give(table, name, stated, ledger)
            taken += [f"{name} of {count}"] if count else []
    if taken:
        _state(taken, ledger)
    return city.with_table(table)


def _state(taken: list[str], ledger: Ledger) -> None:
    ledger.state(f"The city file itself states, building by building: {', '.join(taken)} buildings.", REFERENCE)
    ledger.state(
        "Of the file's thermal boundaries and openings, a building's U-values, absorptances, g-value and frames are "
        "means by area, window shares sums by quarter of the compass; a construction of known layers alone has its "
        "U-value by ISO 6946.",
        REFERENCE,
    )
    ledger.state(
        f"Infiltration stated counts as {INFILTRATION_PER_N50:g} of the air change at 50 Pa; set points are the "
        f"highest and the lowest of the schedule; of a gross floor area {HEATED_SHARE_OF_GROSS:g} is heated. Profiles "
        "over the day, internal gains and energy demands of the file are kept, but not simulated with.",
        REFERENCE,
    )


def _give(table: Table, name: str, stated: _Stated, ledger: Ledger) -> tuple[Table, int]:
    """Put what is possible where nothing else was given; return also for how many buildings."""
    column = {**BUILDING_COLUMNS, **COLUMNS}[name]
    known = stated.codes != MISSING
    odd = known & column.violations(np.where(known, stated.values, column.blank(len(table))))
    if odd.any():
        ledger.state(
            f"{name} of {int(odd.sum())} buildings is {stated.values[odd][0]:.4g} {column.unit} or the like in the "
            f"city file, not {column.expectation()}: it is not used.",
            REFERENCE,
        )
    codes = table.source(name) if name in table else np.zeros(len(table), dtype=np.uint16)
    where = known & ~odd & (codes != GIVEN) & (codes != SERIES) & (codes < MEASURE)
    if not where.any():
        return table, 0
    values = np.where(where, stated.values, column.blank(1)[0])
    return table.put(column, values, stated.codes, where=where), int(where.sum())


# -- helpers over tables ----------------------------------------------------------------------------------------------


def _column(table: Table, name: str) -> Floats:
    """Return a column of numbers, NaN where missing."""
    if name not in table:
        return np.full(len(table), np.nan)
    return np.where(table.missing(name), np.nan, table[name].astype(np.float64))


def _rows(table: Table, name: str) -> Ints:
    """Return a column of row numbers, -1 where missing."""
    if name not in table:
        return np.full(len(table), -1)
    return np.where(table.missing(name), -1, table[name])


def _at(values: Floats, rows: Ints) -> Floats:
    """Return values at rows, NaN at -1."""
    found: Floats = np.append(values, np.nan)[rows]
    return found


def _mean(building: Ints, values: Floats, weights: Floats, n: int) -> Floats:
    """Return the weighted mean by building over rows whose value and weight are known, NaN where there are none."""
    some = (building >= 0) & np.isfinite(values) & (weights > 0)
    total = np.bincount(building[some], weights[some], n)
    sums = np.bincount(building[some], weights[some] * values[some], n)
    mean: Floats = np.divide(sums, total, out=np.full(n, np.nan), where=total > 0)
    return mean


def _total(building: Ints, values: Floats, n: int) -> Floats:
    """Return the sum by building, NaN where no value is known."""
    some = (building >= 0) & np.isfinite(values)
    total = np.bincount(building[some], values[some], n)
    return np.where(np.bincount(building[some], minlength=n) > 0, total, np.nan)


def _numbers(values: Floats, code: int = GIVEN) -> _Stated:
    known = np.isfinite(values)
    return _Stated(np.where(known, values, 0.0), np.where(known, code, MISSING).astype(np.uint16))


def _integers(values: Floats) -> _Stated:
    stated = _numbers(np.round(values))
    return _Stated(stated.values.astype(np.int64), stated.codes)


def _words(words: list[str]) -> _Stated:
    values = np.array(words, dtype=np.str_)
    return _Stated(values, np.where(values != "", GIVEN, MISSING).astype(np.uint16))


# -- envelope ---------------------------------------------------------------------------------------------------------


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
    building = np.where(_outer(city, table), _rows(table, "building"), -1)
    surface = _rows(table, "surface")
    area = _column(city.surfaces, "area_m2") + np.nan_to_num(_column(city.surfaces, "opening_m2"))
    gross = _first(_column(table, "area_m2"), _at(area, surface))
    windows = np.full(len(table), np.nan)
    if "thermal_opening" in city.tables:
        openings = city.table("thermal_opening")
        size = _first(_column(openings, "area_m2"), _at(_column(city.surfaces, "area_m2"), _rows(openings, "surface")))
        windows = _total(_rows(openings, "boundary"), size, len(table))
    windows = _first(windows, _column(table, "opening_share") * gross)
    opaque = _first(_column(table, "opaque_area_m2"), np.maximum(gross - np.nan_to_num(windows), 0.0))
    azimuth = _first(_column(table, "azimuth_deg"), _at(_column(city.surfaces, "azimuth_deg"), surface))
    types = table["type"] if "type" in table else np.full(len(table), "")
    return _Envelope(building, types, _rows(table, "construction"), gross, windows, opaque, azimuth)


def _first(values: Floats, others: Floats) -> Floats:
    return np.where(np.isfinite(values), values, others)


def _outer(city: City, table: Table) -> Mask:
    """Return which boundaries lose heat: those of heated zones; in buildings without such, those of its surfaces."""
    zone, building = _rows(table, "zone"), _rows(table, "building")
    beyond = table["beyond"] if "beyond" in table else np.full(len(table), "")
    outer = (building >= 0) & (beyond != "zone") & (_column(table, "adiabatic") != 1.0)
    heated = np.ones(len(table), dtype=bool)
    if "thermal_zone" in city.tables:
        stated = _column(city.table("thermal_zone"), "heated")
        heated = _at(stated, zone) != 0.0
    by_zone = np.bincount(building[outer & (zone >= 0)], minlength=len(city.buildings)) > 0
    losing: Mask = outer & np.where(by_zone[building], (zone >= 0) & heated, True)
    return losing


def _u_values(city: City) -> Iterator[tuple[str, _Stated]]:
    envelope, n = _envelope(city), len(city.buildings)
    if envelope is None or "construction" not in city.tables:
        return
    constructions = city.table("construction")
    u = _at(_column(constructions, "u_w_m2k"), envelope.construction)
    absorbed = 1.0 - _at(_column(constructions, "outside_solar_reflectance"), envelope.construction)
    for part, types in _PARTS.items():
        weight = np.where(np.isin(envelope.types, types), envelope.opaque, 0.0)
        yield f"{part}_u_w_m2k", _numbers(_mean(envelope.building, u, weight, n))
        if part != "base":
            yield f"{part}_absorptance", _numbers(_mean(envelope.building, absorbed, weight, n))


def _windows(city: City) -> Iterator[tuple[str, _Stated]]:
    envelope, n = _envelope(city), len(city.buildings)
    if envelope is None or "thermal_opening" not in city.tables or "construction" not in city.tables:
        return
    openings, constructions = city.table("thermal_opening"), city.table("construction")
    boundary, made_of = _rows(openings, "boundary"), _rows(openings, "construction")
    building = np.where(boundary >= 0, np.append(envelope.building, -1)[boundary], -1)
    surface = _at(_column(city.surfaces, "area_m2"), _rows(openings, "surface"))
    area = np.nan_to_num(_first(_column(openings, "area_m2"), surface))
    total = _first(_column(constructions, "total_transmittance"), _column(constructions, "solar_transmittance"))
    for name, values in (
        ("window_u_w_m2k", _column(constructions, "u_w_m2k")),
        ("window_g", total),
        ("frame_fraction", 1.0 - _column(constructions, "glazing_share")),
    ):
        yield name, _numbers(_mean(building, _at(values, made_of), area, n))


def _window_shares(city: City) -> Iterator[tuple[str, _Stated]]:
    """Yield the share of windows in the outer walls of every quarter; a quarter without walls has that of all walls."""
    envelope, n = _envelope(city), len(city.buildings)
    if envelope is None:
        return
    wall = np.where(np.isin(envelope.types, _PARTS["wall"]), envelope.building, -1)
    stated = _total(wall, envelope.windows, n) >= 0
    ratio = np.divide(envelope.windows, envelope.gross, out=np.zeros(len(wall)), where=envelope.gross > 0)
    ratio, gross = np.nan_to_num(ratio), np.nan_to_num(envelope.gross)
    whole = _mean(wall, ratio, gross, n)
    sector = ((np.nan_to_num(envelope.azimuth) + 45.0) % 360.0 // 90.0).astype(np.int64)
    for k, name in enumerate(WINDOW_TO_WALL):
        here = np.where(np.isfinite(envelope.azimuth) & (sector == k), wall, -1)
        share = _first(_mean(here, ratio, gross, n), whole)
        yield name, _numbers(np.where(stated, np.minimum(share, MOST_WINDOW), np.nan))


# -- zones ------------------------------------------------------------------------------------------------------------


def _zones(city: City) -> Iterator[tuple[str, _Stated]]:
    if "thermal_zone" not in city.tables:
        return
    table, n = city.table("thermal_zone"), len(city.buildings)
    building = _rows(table, "building")
    heated = np.where(_column(table, "heated") != 0.0, building, -1)
    area = _column(table, "floor_area_m2")
    weight = np.where(np.isfinite(area) & (area > 0), area, 1.0)
    yield "n50_1_h", _numbers(_mean(heated, _column(table, "infiltration_1_h"), weight, n) / INFILTRATION_PER_N50)
    yield "thermal_bridge_u_w_m2k", _numbers(_mean(heated, _column(table, "thermal_bridge_u_w_m2k"), weight, n))
    capacity = _first(_column(table, "heat_capacity_j_k"), _column(table, "heat_capacity_j_m2k") * area)
    floor = _total(heated, np.where(np.isfinite(capacity), area, np.nan), n)
    stored = _total(heated, capacity, n)
    per_area = np.divide(stored, floor, out=np.full(n, np.nan), where=floor > 0)
    yield "thermal_capacity_j_m2k", _numbers(per_area)
    cooled = _total(building, _column(table, "cooled"), n)
    codes = np.where(np.isfinite(cooled), GIVEN, MISSING).astype(np.uint16)
    yield "cooled", _Stated(np.nan_to_num(cooled) > 0, codes)


def _floor_area(city: City) -> Iterator[tuple[str, _Stated]]:
    """Yield the heated floor area: of thermal zones or usage zones, whichever state the better type of area."""
    n = len(city.buildings)
    best, rank = np.full(n, np.nan), np.full(n, np.inf)
    for name in ("thermal_zone", "usage_zone"):
        if name not in city.tables or "floor_area_m2" not in city.table(name):
            continue
        table = city.table(name)
        building, area = _rows(table, "building"), _column(table, "floor_area_m2")
        zone = np.arange(len(table)) if name == "thermal_zone" else _rows(table, "zone")
        if "thermal_zone" in city.tables:
            heated = _at(_column(city.table("thermal_zone"), "heated"), zone)
            area = np.where(heated == 0.0, 0.0, area)
        ranks = [best_size(kind) for kind in table["floor_area_type"].tolist()]
        quality = np.array([GROSS if one is None else one for one in ranks], dtype=np.float64)
        gross = quality == GROSS
        worst = np.full(n, -1.0)
        some = (building >= 0) & np.isfinite(area)
        np.maximum.at(worst, building[some], quality[some])
        total = _total(building, np.where(gross, HEATED_SHARE_OF_GROSS, 1.0) * area, n)
        better = np.isfinite(total) & (worst < rank)
        best, rank = np.where(better, total, best), np.where(better, worst, rank)
    yield "heated_floor_area_m2", _numbers(_first(best, _own_floor_area(city)))


def _own_floor_area(city: City) -> Floats:
    """Return the best type of floor area that buildings state of themselves, NaN for none."""
    n = len(city.buildings)
    best, rank = np.full(n, np.nan), np.full(n, np.inf)
    if "qualified_size" not in city.tables or "area_m2" not in city.table("qualified_size"):
        return best
    table = city.table("qualified_size")
    rows = {str(identifier): row for row, identifier in enumerate(city.buildings.ids)}
    area = _column(table, "area_m2")
    kinds = table["type"].tolist() if "type" in table else [""] * len(table)
    for k, (owner, kind) in enumerate(zip(table["owner"].tolist(), kinds, strict=True)):
        row, quality = rows.get(owner), best_size(kind)
        if row is not None and quality is not None and np.isfinite(area[k]) and quality < rank[row]:
            rank[row] = quality
            best[row] = area[k] * (HEATED_SHARE_OF_GROSS if quality == GROSS else 1.0)
    return best


# -- usage ------------------------------------------------------------------------------------------------------------


def _usage(city: City) -> Iterator[tuple[str, _Stated]]:
    if "usage_zone" not in city.tables:
        return
    table, n = city.table("usage_zone"), len(city.buildings)
    building = _rows(table, "building")
    words = table["usage"].tolist() if "usage" in table else [""] * len(table)
    uses = np.array([usage_class(word, field="usage") or "" for word in words], dtype=np.str_)
    home = np.isin(uses, DWELLINGS)
    units = _total(building, np.where(home, _column(table, "building_units"), np.nan), n)
    yield "dwellings", _integers(units)
    yield "occupants", _numbers(_total(building, _column(table, "occupants"), n))
    main = _uses(table, building, uses, units)
    yield "use_type", _words(main)
    second, share = _second_uses(table, building, uses, main)
    yield "secondary_use_type", _words(second)
    yield "secondary_use_share", _numbers(share)
    storeys = np.full(n, np.nan)
    spans = _column(table, "storeys")
    some = (building >= 0) & np.isfinite(spans)
    np.fmax.at(storeys, building[some], spans[some])
    yield "storeys_above_ground", _integers(storeys)


def _uses(table: Table, building: Ints, classes: NDArray[np.str_], units: Floats) -> list[str]:
    """Return the use of the largest usage zone of every building, "" where it is none that we know.

    Residential use of a building whose dwellings are not stated is left to its size.
    """
    area = np.nan_to_num(_column(table, "floor_area_m2")) + np.nan_to_num(_column(table, "primary")) * 1e-6
    uses = [""] * len(units)
    for row in np.argsort(area, kind="stable").tolist():
        if building[row] < 0:
            continue
        use, dwellings = str(classes[row]), units[building[row]]
        if use == "RESIDENTIAL":
            use = "" if np.isnan(dwellings) else "SINGLE_RES" if dwellings <= 2 else "MULTI_RES"
        uses[building[row]] = use if use in USE_TYPES else ""
    return uses


def _second_uses(table: Table, building: Ints, classes: NDArray[np.str_], main: list[str]) -> tuple[list[str], Floats]:
    """Return the largest use beside the main one of every building, "" for none, and its share of the floor area."""
    n, area = len(main), np.nan_to_num(_column(table, "floor_area_m2"))
    whole = np.bincount(building[building >= 0], area[building >= 0], n)
    homes = np.isin(main, DWELLINGS)
    uses, size = [""] * n, np.full(n, np.nan)
    for row in np.argsort(area, kind="stable").tolist():
        of, use = building[row], str(classes[row])
        other = use in USE_TYPES and use not in DWELLINGS and use != UNHEATED
        if of >= 0 and other and area[row] > 0 and main[of] and (homes[of] or use != main[of]):
            uses[of], size[of] = use, area[row]
    return uses, np.divide(size, whole, out=np.full(n, np.nan), where=whole > 0)


def _set_points(city: City) -> Iterator[tuple[str, _Stated]]:
    """Yield set points: the temperature while people are active and otherwise, means by floor area of usage zones."""
    if "usage_zone" not in city.tables or "schedule" not in city.tables:
        return
    table, n = city.table("usage_zone"), len(city.buildings)
    building, area = _rows(table, "building"), _column(table, "floor_area_m2")
    weight = np.where(np.isfinite(area) & (area > 0), area, 1.0)
    for end, names in (
        ("heating_schedule", ("heating_set_point_degc", "heating_setback_degc")),
        ("cooling_schedule", ("cooling_set_point_degc",)),
    ):
        rows = _rows(table, end)
        low, high, codes = _temperatures(city, np.unique(rows[rows >= 0]))
        active = high if end == "heating_schedule" else low
        given = _total(building, _at(codes, rows), n)
        source = np.where(np.nan_to_num(given) > 0, SERIES, GIVEN).astype(np.uint16)
        for name, values in zip(names, (active, low), strict=False):
            means = _mean(building, _at(values, rows), weight, n)
            yield name, _Stated(np.nan_to_num(means), np.where(np.isfinite(means), source, MISSING).astype(np.uint16))


def _temperatures(city: City, rows: Ints) -> tuple[Floats, Floats, Floats]:
    """Return the lowest and highest temperature of schedules in degC, NaN where they are no temperatures, and whether
    they come from a series (1) or from single values (0).
    """
    schedules = city.table("schedule")
    low, high, series = (np.full(len(schedules), np.nan) for _ in range(3))
    single = np.stack([_column(schedules, name) for name in ("value", "idle_value")], axis=1)
    for row in rows.tolist() if "unit" in schedules else []:
        unit = str(schedules["unit"][row])
        rule = conversion(unit, "degC") if unit else None
        if rule is None:
            continue
        values = _series_of(city, row)
        series[row] = float(len(values) > 0)
        if not len(values):
            values = single[row]
        values = values[np.isfinite(values)] * rule[0] + rule[1]
        if len(values):
            low[row], high[row] = values.min(), values.max()
    return low, high, series


def _series_of(city: City, schedule: int) -> Floats:
    """Return all values of the series that a schedule is made of."""
    if "schedule_component" not in city.tables or "time_series_value" not in city.tables:
        return np.zeros(0)
    components, values = city.table("schedule_component"), city.table("time_series_value")
    first, last = np.searchsorted(components["schedule"], [schedule, schedule + 1])
    series = _rows(components, "series")[first:last] if first < last else np.zeros(0, dtype=np.int64)
    parts = [series_values(values, row)[1] for row in series[series >= 0].tolist()]
    return np.concatenate([np.zeros(0), *parts])


def _refurbishment(city: City) -> Iterator[tuple[str, _Stated]]:
    """Yield the state of the envelope that refurbishment measures of buildings led to."""
    states = [""] * len(city.buildings)
    for row, attributes in enumerate(city.attributes.get("building", ())):
        measures = attributes.get("refurbishmentMeasure", [])
        for measure in measures if isinstance(measures, list) else [measures]:
            level = measure.get("level", "") if isinstance(measure, Mapping) else ""
            states[row] = _REFURBISHED.get(str(level).lower(), states[row])
    yield "refurbishment", _words(states)


_RULES: tuple[Callable[[City], Iterator[tuple[str, _Stated]]], ...] = (
    _u_values,
    _windows,
    _window_shares,
    _zones,
    _floor_area,
    _usage,
    _set_points,
    _refurbishment,
)
