"""EnergyPlus weather files: eight header lines, then 8,760 hours of which hour h is the mean over (h-1, h]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.errors import Problems
from twin.table import Column
from twin.units import HOUR_S
from twin.weather.hours import Draft, measurements, numbers, out_of_bounds, split_rows, whole_year
from twin.weather.wing import SITE_COLUMNS, WEATHER_COLUMNS

__all__ = ["parse_epw"]

# Field number, units per unit of ours, and from where on a value means none: EnergyPlus Auxiliary Programs, "EPW data
# dictionary". An infrared radiation of 0 is no measurement either.
_FIELDS = {
    "outdoor_temperature": (6, 1.0, 99.9),
    "relative_humidity": (8, 0.01, 999.0),
    "air_pressure": (9, 1.0, 999_999.0),
    "sky_infrared_irradiance": (12, 1.0, 9999.0),
    "global_horizontal_irradiance": (13, 1.0, 9999.0),
    "direct_normal_irradiance": (14, 1.0, 9999.0),
    "diffuse_horizontal_irradiance": (15, 1.0, 9999.0),
    "wind_speed": (21, 1.0, 999.0),
}
_DATE = ((1, "month"), (2, "day"), (3, "hour"))
_ZONE = Column("zone", "h", "float", "what the file's clock is ahead of UTC", low=-14, high=14)
_OFFSET = Column("offset", "h", "float", "instant of the irradiance after the end of the hour", low=-2, high=1)
_HEADER_LINES = 8
_LEAST_CELLS = 22
_PVGIS_OFFSET = "Irradiance Time Offset (h):"


def parse_epw(lines: Sequence[str], problems: Problems) -> Draft:
    """Return what the lines of an EPW file say."""
    head = _location(lines[0], problems)
    notes = _pvgis_clock(lines[:_HEADER_LINES], head, problems)
    _one_record_per_hour(lines[:_HEADER_LINES], problems)
    rows = split_rows(lines[_HEADER_LINES:], _HEADER_LINES + 1, _LEAST_CELLS, None, problems)
    month, day, hour = (numbers(rows, at, name, problems, may_lack=False) for at, name in _DATE)
    keep, told = whole_year(rows, (month, day, hour), problems, first_hour=1)
    values = {}
    for name, (position, scale, none_from) in _FIELDS.items():
        column = WEATHER_COLUMNS[name]
        none = (none_from, 0.0 if name == "sky_infrared_irradiance" else None)
        values[name] = measurements(rows, position, column, problems, scale=scale, none=none)[keep]
    return Draft(head, values, notes + told, first_hour=1)


def _location(line: str, problems: Problems) -> dict[str, Any]:
    """LOCATION,city,state,country,source,station,latitude,longitude,hours ahead of UTC,elevation."""
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) < 10:
        problems.add(f"LOCATION has {len(cells)} values", "1", "10 of them")
        return {}
    found = {}
    for name, text in zip(("latitude_deg", "longitude_deg", "zone", "elevation_m"), cells[6:10], strict=True):
        found[name] = _within(name, text, problems)
    country = "" if cells[3] in ("", "-", "unknown") else f", {cells[3]}"
    return {
        "place": f"{cells[1] or 'unknown'}{country}",
        "latitude_deg": found["latitude_deg"],
        "longitude_deg": found["longitude_deg"],
        "elevation_m": found["elevation_m"],
        "utc_offset_s": round(found["zone"] * HOUR_S),
        "sun_at_s": HOUR_S // 2,
        "source": f"EPW file, {cells[4] or 'unknown'}, station {cells[5] or 'unknown'}",
        "licence": "as stated by the file's provider",
    }


def _within(name: str, text: str, problems: Problems) -> float:
    column = SITE_COLUMNS.get(name, _ZONE)
    value = _number_within(column, text)
    if value is None:
        problems.add(f"{name} is {text!r} in LOCATION", "1", column.expectation())
    return value or 0.0


def _number_within(column: Column, text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if out_of_bounds(column, value) else value


def _pvgis_clock(lines: Sequence[str], head: dict[str, Any], problems: Problems) -> list[str]:
    """Set the clock of files by PVGIS, which are in UTC whatever LOCATION says and name the satellite's instant."""
    for number, line in enumerate(lines, start=1):
        if _PVGIS_OFFSET not in line:
            continue
        text = line.split(_PVGIS_OFFSET)[1].split(",")[0].strip()
        offset_h = _number_within(_OFFSET, text)
        if offset_h is None:
            problems.add(f"the irradiance time offset is {text!r}", str(number), _OFFSET.expectation())
            continue
        head |= {"utc_offset_s": 0, "sun_at_s": HOUR_S + round(offset_h * HOUR_S)}
        return ["the weather file comes from PVGIS: its hours are taken as UTC, whatever time zone its header states"]
    return []


def _one_record_per_hour(lines: Sequence[str], problems: Problems) -> None:
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line.split(",")]
        if cells[0].upper() == "DATA PERIODS" and len(cells) > 2 and cells[2] != "1":
            problems.add(f"the file has {cells[2]} records per hour", str(number), "1")
