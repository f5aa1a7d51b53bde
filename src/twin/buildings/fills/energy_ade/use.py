"""Uses, people, set points and refurbishment that a city file states of buildings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from twin.buildings.fills.energy_ade.stated import (
    Stated,
    column_of,
    grouped_mean,
    grouped_total,
    rows_of,
    stated_integers,
    stated_numbers,
    stated_words,
    value_at,
)
from twin.buildings.model import UNHEATED, USE_TYPES
from twin.city.energy.series import series_values
from twin.city.energy.units import conversion
from twin.city.model import City
from twin.city.usage import DWELLINGS, usage_class
from twin.table import GIVEN, MISSING, SERIES, Table

__all__ = ["refurbishment", "set_points", "usage"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_REFURBISHED = {"advanced": "advanced", "usual": "usual", "standard": "usual", "none": "existing"}


def usage(city: City) -> Iterator[tuple[str, Stated]]:
    """Yield dwellings, occupants, uses and storeys of usage zones."""
    if "usage_zone" not in city.tables:
        return
    table, n = city.table("usage_zone"), len(city.buildings)
    building = rows_of(table, "building")
    words = table["usage"].tolist() if "usage" in table else [""] * len(table)
    uses = np.array([usage_class(word, field="usage") or "" for word in words], dtype=np.str_)
    home = np.isin(uses, DWELLINGS)
    units = grouped_total(building, np.where(home, column_of(table, "building_units"), np.nan), n)
    yield "dwellings", stated_integers(units)
    yield "occupants", stated_numbers(grouped_total(building, column_of(table, "occupants"), n))
    main = _uses(table, building, uses, units)
    yield "use_type", stated_words(main)
    second, share = _second_uses(table, building, uses, main)
    yield "secondary_use_type", stated_words(second)
    yield "secondary_use_share", stated_numbers(share)
    storeys = np.full(n, np.nan)
    spans = column_of(table, "storeys")
    some = (building >= 0) & np.isfinite(spans)
    np.fmax.at(storeys, building[some], spans[some])
    yield "storeys_above_ground", stated_integers(storeys)


def _uses(table: Table, building: Ints, classes: NDArray[np.str_], units: Floats) -> list[str]:
    """Return the use of the largest usage zone of every building, "" where it is none that we know.

    Residential use of a building whose dwellings are not stated is left to its size.
    """
    area = np.nan_to_num(column_of(table, "floor_area_m2")) + np.nan_to_num(column_of(table, "primary")) * 1e-6
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
    n, area = len(main), np.nan_to_num(column_of(table, "floor_area_m2"))
    whole = np.bincount(building[building >= 0], area[building >= 0], n)
    homes = np.isin(main, DWELLINGS)
    uses, size = [""] * n, np.full(n, np.nan)
    for row in np.argsort(area, kind="stable").tolist():
        of, use = building[row], str(classes[row])
        other = use in USE_TYPES and use not in DWELLINGS and use != UNHEATED
        if of >= 0 and other and area[row] > 0 and main[of] and (homes[of] or use != main[of]):
            uses[of], size[of] = use, area[row]
    return uses, np.divide(size, whole, out=np.full(n, np.nan), where=whole > 0)


def set_points(city: City) -> Iterator[tuple[str, Stated]]:
    """Yield set points: the temperature while people are active and otherwise, means by floor area of usage zones."""
    if "usage_zone" not in city.tables or "schedule" not in city.tables:
        return
    table, n = city.table("usage_zone"), len(city.buildings)
    building, area = rows_of(table, "building"), column_of(table, "floor_area_m2")
    weight = np.where(np.isfinite(area) & (area > 0), area, 1.0)
    for end, names in (
        ("heating_schedule", ("heating_set_point_degc", "heating_setback_degc")),
        ("cooling_schedule", ("cooling_set_point_degc",)),
    ):
        rows = rows_of(table, end)
        low, high, codes = _temperatures(city, np.unique(rows[rows >= 0]))
        active = high if end == "heating_schedule" else low
        given = grouped_total(building, value_at(codes, rows), n)
        source = np.where(np.nan_to_num(given) > 0, SERIES, GIVEN).astype(np.uint16)
        for name, values in zip(names, (active, low), strict=False):
            means = grouped_mean(building, value_at(values, rows), weight, n)
            yield name, Stated(np.nan_to_num(means), np.where(np.isfinite(means), source, MISSING).astype(np.uint16))


def _temperatures(city: City, rows: Ints) -> tuple[Floats, Floats, Floats]:
    """Return the lowest and highest temperature of schedules in degC, NaN where they are no temperatures, and whether
    they come from a series (1) or from single values (0).
    """
    schedules = city.table("schedule")
    low, high, series = (np.full(len(schedules), np.nan) for _ in range(3))
    single = np.stack([column_of(schedules, name) for name in ("value", "idle_value")], axis=1)
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
    series = rows_of(components, "series")[first:last] if first < last else np.zeros(0, dtype=np.int64)
    parts = [series_values(values, row)[1] for row in series[series >= 0].tolist()]
    return np.concatenate([np.zeros(0), *parts])


def refurbishment(city: City) -> Iterator[tuple[str, Stated]]:
    """Yield the state of the envelope that refurbishment measures of buildings led to."""
    states = [""] * len(city.buildings)
    for row, attributes in enumerate(city.attributes.get("building", ())):
        measures = attributes.get("refurbishmentMeasure", [])
        for measure in measures if isinstance(measures, list) else [measures]:
            level = measure.get("level", "") if isinstance(measure, Mapping) else ""
            states[row] = _REFURBISHED.get(str(level).lower(), states[row])
    yield "refurbishment", stated_words(states)
