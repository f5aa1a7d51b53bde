"""Schedules: constant, two values, daily patterns by day type and period, composites of others, and series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twin.city.energy.model import ENERGY_COLUMNS
from twin.city.energy.names import SCHEDULES
from twin.city.energy.relations import Relations
from twin.city.energy.series import seconds
from twin.city.energy.sheet import Node, Sheet, number
from twin.table import DERIVED, GIVEN, MISSING, Table

__all__ = ["SCHEDULE_ROLES", "occupants", "read_schedules"]

SCHEDULE_ROLES = {
    "heating_schedule": ("heatingSchedule",),
    "cooling_schedule": ("coolingSchedule",),
    "ventilation_schedule": ("ventilationSchedule",),
    "occupancy_schedule": ("occupancySchedule",),
}


def occupants(node: Node, units: Sequence[Node], relations: Relations) -> tuple[float | None, Node | None]:
    """Return people in a usage zone and the schedule of their presence: its own, else those of its building units."""
    own = _people(node, relations)
    groups = own or [people for unit in units for people in _people(unit, relations)]
    counts = [count for people in groups if (count := number(people.item.text("numberOfOccupants"))) is not None]
    schedules = [s for people in groups if (s := relations.target(people, "schedule", ("occupancyRate",)))]
    return (sum(counts) if counts else None), (schedules[0] if schedules else None)


def _people(node: Node, relations: Relations) -> list[Node]:
    return [n for n in relations.targets(node, "occupiedBy") if n.item.kind == "Occupants"]


@dataclass(frozen=True, slots=True)
class _Component:
    """A piece of a schedule: rows of its series and of the schedule that it repeats, -1 for none."""

    schedule: int
    order: int
    day_type: str
    start: str
    end: str
    repetitions: int
    series: int
    component: int


def read_schedules(sheets: Mapping[str, Sheet], relations: Relations) -> Table:
    """Fill the table of schedules; return that of their components."""
    sheet, series = sheets["schedule"], sheets["time_series"]
    components: list[_Component] = []
    for node in sheet.nodes:
        item, row = node.item, node.index
        sheet.put("kind", row, SCHEDULES[item.kind])
        own = list(_components(node, row, relations))
        components += own
        value = item.value("averageValue", "usageValue", "timeDependingValues")
        unit = next((u for c in own if c.series >= 0 and (u := series.get("unit", c.series))), "")
        if text := unit or (value.unit if value else ""):
            sheet.put("unit", row, text)
        for column, name in (("start_h", "startUsageTime"), ("end_h", "endUsageTime")):
            moment = seconds(item.text(name)) if item.text(name) else None
            if moment is not None and 0 <= moment <= 86400:
                sheet.put(column, row, moment / 3600.0)
                node.used.add(name)
        mean = _mean(own, series)
        if mean == mean and (value is None or item.kind == "AtomicSchedule"):
            sheet.put("value", row, mean, DERIVED)
    return _table(components)


def _mean(components: Sequence[_Component], series: Sheet) -> float:
    """Return the mean of the components' series, each as often as it is repeated; NaN where there is none."""
    known = [(series.get("mean", c.series), max(c.repetitions, 1)) for c in components if c.series >= 0]
    known = [(mean, weight) for mean, weight in known if mean is not None]
    total = sum(weight for _, weight in known)
    return sum(mean * weight for mean, weight in known) / total if known else float("nan")


def _components(node: Node, schedule: int, relations: Relations) -> Iterator[_Component]:
    """Yield the pieces of a schedule in the order of the file: series and schedules below it, with their context."""
    found: list[tuple[Node, list[Node]]] = []
    _pieces(node, [node], relations, found, {id(node)})
    for order, (piece, chain) in enumerate(found):
        start, end = _context_period(chain)
        day = next((t for n in reversed(chain[1:]) if (t := n.item.text("dayType", "type"))), "")
        if chain[-1] is piece and not day and piece.table == "time_series":
            day = node.item.text("type")
        repeat = next((r for n in reversed(chain) if (r := number(n.item.text("repetitions"))) is not None), 1)
        rows = {piece.table: piece.index}
        yield _Component(
            schedule, order, day, start, end, int(repeat), rows.get("time_series", -1), rows.get("schedule", -1)
        )


def _pieces(
    node: Node, chain: list[Node], relations: Relations, found: list[tuple[Node, list[Node]]], seen: set[int]
) -> None:
    """Collect series and schedules below a node, each with the nodes that lead to it."""
    below = [relations.of(part) for _, part in node.item.parts]
    roles = ("scheduleComponentMember", "timeSeries", "schedule", "timeseries", "dynamicData")
    below += [n for n in relations.targets(node, *roles) if n.owner is not node]
    for part in below:
        if part.table in ("time_series", "schedule"):
            found.append((part, [*chain, part]))
        elif not part.table and id(part) not in seen:
            seen.add(id(part))
            _pieces(part, [*chain, part], relations, found, seen)


def _context_period(chain: Sequence[Node]) -> tuple[str, str]:
    """Return first and last day of the nearest of the nodes that applies to a period of the year."""
    for node in reversed(chain[1:]):
        for role, part in node.item.parts:
            if role == "period":
                return part.text("beginPosition"), part.text("endPosition")
    return "", ""


def _table(components: Sequence[_Component]) -> Table:
    columns = ENERGY_COLUMNS["schedule_component"]
    table = Table("schedule_component", [f"component-{k + 1}" for k in range(len(components))])
    if not components:
        return table
    for name in ("schedule", "series", "component"):
        rows = np.array([getattr(c, name) for c in components], dtype=np.int64)
        table = table.put(columns[name], np.maximum(rows, 0), np.where(rows >= 0, GIVEN, MISSING).astype(np.uint16))
    for name in ("order", "repetitions"):
        table = table.put(columns[name], np.array([getattr(c, name) for c in components], dtype=np.int64))
    for name, field in (("day_type", "day_type"), ("period_start", "start"), ("period_end", "end")):
        texts = np.array([getattr(c, field) for c in components], dtype=np.str_)
        table = table.put(columns[name], texts, np.where(texts != "", GIVEN, MISSING).astype(np.uint16))
    return table
