"""What a city file with energy data says of its buildings: it wins over archetypes, and the source columns say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from twin.buildings.fills.energy_ade import envelope, use, zones
from twin.buildings.fills.energy_ade.stated import Stated
from twin.buildings.fills.envelope import INFILTRATION_PER_N50
from twin.buildings.fills.size import HEATED_SHARE
from twin.buildings.model import COLUMNS, SURFACE_COLUMNS
from twin.city.model import BUILDING_COLUMNS, City
from twin.ledger import Ledger
from twin.table import GIVEN, MEASURE, MISSING, SERIES, Table

__all__ = ["harmonize"]

REFERENCE = "city file, Energy ADE"

_TABLES = ("thermal_zone", "thermal_boundary", "usage_zone")


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
            taken += [f"{name} of {count} buildings"] if count else []
    surfaces = city.surfaces
    for name, stated in envelope.of_surfaces(city):
        surfaces, count = _give(surfaces, name, stated, ledger)
        taken += [f"{name} of {count} surfaces"] if count else []
    if taken:
        _state(taken, ledger)
    return city.with_table(table).with_table(surfaces)


def _state(taken: list[str], ledger: Ledger) -> None:
    ledger.state(f"The city file itself states, one by one: {', '.join(taken)}.", REFERENCE)
    ledger.state(
        "Of the file's thermal boundaries and openings, a building's U-values, absorptances, g-value and frames are "
        "means by area, window shares sums by quarter of the compass; surfaces with boundaries of their own have their "
        "own values. A construction of known layers alone has its U-value by ISO 6946.",
        REFERENCE,
    )
    ledger.state(
        f"Infiltration stated counts as {INFILTRATION_PER_N50:g} of the air change at 50 Pa; set points are the "
        f"highest and the lowest of the schedule; of a gross floor area {HEATED_SHARE:g} is heated. Profiles "
        "over the day, internal gains and energy demands of the file are kept, but not simulated with.",
        REFERENCE,
    )


def _give(table: Table, name: str, stated: Stated, ledger: Ledger) -> tuple[Table, int]:
    """Put what is possible where nothing else was given; return also in how many rows."""
    column = SURFACE_COLUMNS[name] if table.name == "surface" else {**BUILDING_COLUMNS, **COLUMNS}[name]
    known = stated.codes != MISSING
    odd = known & column.violations(np.where(known, stated.values, column.blank(len(table))))
    if odd.any():
        ledger.state(
            f"{name} of {int(odd.sum())} {table.name}s is {stated.values[odd][0]:.4g} {column.unit} or the like in the "
            f"city file, not {column.expectation()}: it is not used.",
            REFERENCE,
        )
    codes = table.source(name) if name in table else np.zeros(len(table), dtype=np.uint16)
    where = known & ~odd & (codes != GIVEN) & (codes != SERIES) & (codes < MEASURE)
    if not where.any():
        return table, 0
    values = np.where(where, stated.values, column.blank(1)[0])
    return table.put(column, values, stated.codes, where=where), int(where.sum())


_RULES: tuple[Callable[[City], Iterator[tuple[str, Stated]]], ...] = (
    envelope.u_values,
    envelope.windows,
    envelope.window_shares,
    zones.zones,
    zones.floor_area,
    use.usage,
    use.set_points,
    use.refurbishment,
)
