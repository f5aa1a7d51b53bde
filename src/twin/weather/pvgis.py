"""Hourly typical years of PVGIS as a plain CSV: UTC stamps, one header line, and no word on where it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems, nearest
from twin.weather.hours import Draft, Rows, measurements, split_rows, whole_year
from twin.weather.wing import WEATHER_COLUMNS

__all__ = ["looks_like_pvgis", "parse_pvgis"]

# Header of the file, ours, and what one of its units is in ours
_COLUMNS = {
    "temperature_C": ("outdoor_temperature", 1.0),
    "ghi_W_m2": ("global_horizontal_irradiance", 1.0),
    "dni_W_m2": ("direct_normal_irradiance", 1.0),
    "dhi_W_m2": ("diffuse_horizontal_irradiance", 1.0),
    "wind_speed_m_s": ("wind_speed", 1.0),
    "relative_humidity_percent": ("relative_humidity", 0.01),
}


def looks_like_pvgis(first_line: str) -> bool:
    """Whether a file begins like one of these."""
    names = [name.strip() for name in first_line.split(",")]
    return names[0] == "time" and len(set(names) & set(_COLUMNS)) >= 2


def parse_pvgis(lines: Sequence[str], problems: Problems) -> Draft:
    """Return what the lines say; the place is for the caller to add."""
    names = [name.strip() for name in lines[0].split(",")]
    for name in _COLUMNS:
        if name not in names:
            problems.add(f"the column {name} is missing", "1", suggestion=nearest(name, set(names) - set(_COLUMNS)))
    problems.raise_if_any()
    rows = split_rows(lines[1:], 2, len(names), len(names), problems)
    keep, notes = whole_year(rows, _stamps(rows, problems), problems)
    values = {
        ours: measurements(rows, names.index(theirs), WEATHER_COLUMNS[ours], problems, scale=scale)[keep]
        for theirs, (ours, scale) in _COLUMNS.items()
    }
    return Draft({"utc_offset_s": 0}, values, notes)


def _stamps(rows: Rows, problems: Problems) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Month, day and hour of ``2020-01-01 00:00:00``; the year of a typical year means nothing."""
    found = np.full((3, len(rows)), np.nan)
    for i, row in enumerate(rows.cells):
        try:
            stamp = datetime.fromisoformat(row[0])
        except ValueError:
            stamp = None
        if stamp is None or stamp.minute or stamp.second:
            problems.add(f"the time is {row[0]!r}", str(rows.lines[i]), "a full hour such as 2020-01-01 00:00:00")
        else:
            found[:, i] = stamp.month, stamp.day, stamp.hour
    return found[0], found[1], found[2]
