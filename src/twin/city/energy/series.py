"""Series in time: values, times and means of every way in which the Energy ADE and CityGML 3.0 write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import numpy as np
from numpy.typing import NDArray

from twin.city.energy.items import Item
from twin.city.energy.model import ENERGY_COLUMNS
from twin.city.energy.sheet import Node, Notes, Sheet, number
from twin.city.energy.units import YEAR_S, conversion
from twin.table import DERIVED, MISSING, Table

__all__ = ["attribute_of", "mean_of", "period", "read_series", "seconds", "series_values", "time_mean"]

Floats = NDArray[np.float64]

_LISTS = ("values", "valuesList")
_PAIRS = {"TimeValuePair": ("timestamp", "doubleValue", "intValue"), "MeasurementPoint": ("time", "value")}
_TARGET = re.compile(r"@?(?:gml:)?id\s*(?:=|\()\s*['\"]([^'\"]+)['\"]")


def attribute_of(reference: str) -> tuple[str, str] | None:
    """Return object and attribute behind a Dynamizer's ``attributeRef``, None if it names none.

    Understood are ``//ns:Class[@gml:id='x']/ns:attribute``, ``id('x')/...`` and ``#x/attribute``.
    """
    head, _, attribute = reference.strip().rpartition("/")
    match = _TARGET.search(head)
    identifier = match[1] if match else head.rpartition("#")[2] if "#" in head else ""
    attribute = attribute.rpartition(":")[2].partition("[")[0]
    return (identifier, attribute) if identifier and attribute else None


def seconds(text: str) -> float | None:
    """Return a date, a time of day or both as seconds since 1970 or midnight, None if it is none of them."""
    text = text.strip()
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?", text):
            clock = time.fromisoformat(text.zfill(len(text) + (text.index(":") == 1)))
            return clock.hour * 3600.0 + clock.minute * 60.0 + clock.second
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return datetime.combine(date.fromisoformat(text), time(), UTC).timestamp()
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def period(item: Item) -> tuple[str, str]:
    """Return first and last time of an object, as found, "" where it does not say."""
    begin, end = item.text("firstTimestamp", "startTime"), item.text("lastTimestamp", "endTime")
    for part in item.below():
        if part.kind == "TimePeriod":
            begin = begin or _position(part, "begin")
            end = end or _position(part, "end")
    return begin, end


def _position(part: Item, which: str) -> str:
    """Return an end of a period, which GML writes as a position or as an instant that holds one."""
    if text := part.text(f"{which}Position"):
        return text
    return next((b.text("timePosition") for name, b in part.parts if name == which), "")


def time_mean(times: Floats, values: Floats, step: float) -> float:
    """Return the mean of a series over time, NaN of an empty one; a value holds until the next one's time."""
    some = np.isfinite(values)
    if not some.any():
        return float("nan")
    if len(values) > 1 and step != step and np.isfinite(times).all():
        lasts = np.diff(times, append=times[-1] + np.median(np.diff(times)))
        if (lasts > 0).all():
            return float(np.average(values[some], weights=lasts[some]))
    return float(values[some].mean())


def read_series(sheet: Sheet, notes: Notes) -> Table:
    """Fill the table of series; return the table of their values."""
    starts, values = [], []
    for node in sheet.nodes:
        numbers, times = _values(node, sheet, notes)
        starts.append(times)
        values.append(numbers)
        mean = time_mean(times, numbers, float(sheet.get("step_s", node.index) or "nan"))
        if mean == mean:
            sheet.put("mean", node.index, mean, DERIVED)
    return _value_table(starts, values)


def _values(node: Node, sheet: Sheet, notes: Notes) -> tuple[Floats, Floats]:
    """Set what describes a series; return its values, and their times after its start in s, NaN where unknown."""
    item, row = node.item, node.index
    for column, text in zip(("start", "end"), period(item), strict=True):
        if text:
            sheet.put(column, row, text)
    pairs = [part for _, part in item.parts if part.kind in _PAIRS]
    stated = item.value(*_LISTS)
    unit = (stated.unit if stated else "") or _unit(item)
    if unit:
        sheet.put("unit", row, unit)
    kind = _kind(item, bool(pairs))
    sheet.put("kind", row, kind)
    node.used |= {"uom", "unit", "firstTimestamp", "lastTimestamp", "startTime", "endTime"}
    if kind == "irregular":
        return _irregular(node, pairs, sheet, notes)
    if stated is None:
        return np.zeros(0), np.zeros(0)
    node.used.update(_LISTS)
    words = stated.text.replace(",", " ").split()
    numbers = np.array([v if (v := number(word)) is not None else np.nan for word in words], dtype=np.float64)
    if np.isnan(numbers).any():
        odd = words[int(np.flatnonzero(np.isnan(numbers))[0])]
        notes.add("energy-value", "a series", f"has the value {odd[:40]!r}, which is no number", node.name, stated.line)
    step = _step(sheet.get("step_s", row))
    if step == step:
        sheet.put("step_s", row, step)
    return numbers, np.arange(len(numbers), dtype=np.float64) * step


def _unit(item: Item) -> str:
    value = item.value("uom", "unit")
    return (value.unit or value.text) if value else ""


def _kind(item: Item, pairs: bool) -> str:
    if item.kind.endswith("SensorConnection"):
        return "sensor"
    if item.kind.endswith("File") or item.kind == "TabulatedFileTimeseries":
        return "file"
    return "irregular" if pairs or item.kind in ("GenericTimeseries", "IrregularTimeSeries") else "regular"


def _step(step: float | None) -> float:
    """Return a step in s, NaN for none; 0.083 of a year stands for a twelfth of it."""
    if not step:
        return float("nan")
    parts = round(YEAR_S / step)
    return YEAR_S / parts if 2 <= parts <= 12 and abs(parts * step / YEAR_S - 1.0) < 0.01 else step


def _irregular(node: Node, pairs: Sequence[Item], sheet: Sheet, notes: Notes) -> tuple[Floats, Floats]:
    times, values = [], []
    for pair in pairs:
        at, *names = _PAIRS[pair.kind]
        value = pair.value(*names)
        moment, found = seconds(pair.text(at)), number(value.text) if value else None
        if moment is None or found is None:
            text = f"has the pair {pair.text(at)!r}, {value.text if value else ''!r}, which is no time and number"
            notes.add("energy-value", "a series", text, node.name, pair.line)
        times.append(np.nan if moment is None else moment)
        values.append(np.nan if found is None else found)
        if value is not None and value.unit and sheet.get("unit", node.index) is None:
            sheet.put("unit", node.index, value.unit)
    if pairs and sheet.get("start", node.index) is None:
        sheet.put("start", node.index, pairs[0].text(_PAIRS[pairs[0].kind][0]))
    after = np.array(times, dtype=np.float64)
    return np.array(values, dtype=np.float64), after - after[0] if len(after) else after


def mean_of(sheet: Sheet, rows: Sequence[int]) -> tuple[float, str] | None:
    """Return the mean over some series and its unit, None without values; energy per step becomes energy per year."""
    means = [(sheet.get("mean", row), row) for row in rows if sheet.get("mean", row) is not None]
    if not means:
        return None
    row = means[0][1]
    unit, step = sheet.get("unit", row) or "", sheet.get("step_s", row)
    mean = sum(value for value, _ in means) / len(means)
    energy = conversion(unit, "J") if unit else None
    if energy is not None and step:
        return mean * energy[0] * YEAR_S / step, "J/a"
    return mean, unit


def _value_table(times: Sequence[Floats], values: Sequence[Floats]) -> Table:
    counts = [len(some) for some in values]
    n = sum(counts)
    series = np.repeat(np.arange(len(counts)), counts)
    columns = ENERGY_COLUMNS["time_series_value"]
    table = Table("time_series_value", lambda: [f"value-{k}" for k in range(n)], n)
    table = table.put(columns["series"], series)
    for name, parts in (("time_s", times), ("value", values)):
        flat = np.concatenate([np.zeros(0), *parts])
        table = table.put(columns[name], flat, np.where(np.isnan(flat), MISSING, 1).astype(np.uint16))
    return table


def series_values(values: Table, row: int) -> tuple[Floats, Floats]:
    """Return times after the start in s and values of the series in a row of ``time_series``, NaN where missing.

    Parameters
    ----------
    values
        ``city.table("time_series_value")``.
    """
    first, last = np.searchsorted(values["series"], [row, row + 1])
    return values["time_s"][first:last], values["value"][first:last]
