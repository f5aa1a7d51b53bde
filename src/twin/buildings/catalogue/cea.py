"""Archetypes and uses from the City Energy Analyst's database tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue.sheets import DAYS, MONTHS, PROFILES
from twin.buildings.zones.thermal_zones import ROOM_HEIGHT_M

__all__ = ["Amended", "amendments", "envelopes", "monthly", "read", "schedules", "uses", "week_mean"]

HERE = Path(__file__).parent

_TYPES = {
    "SFH": "single family house",
    "TH": "terraced house",
    "MFH": "multi family house",
    "AB": "apartment block",
    "HR": "high-rise",
    "MFH-EAST": "multi family house, GDR",
    "AB-EAST": "apartment block, GDR",
    "HR-EAST": "high-rise, GDR",
    "NWG_1": "office, administration",
    "NWG_2": "research, university",
    "NWG_3": "health and care",
    "NWG_4": "school, day nursery",
    "NWG_5": "culture and leisure",
    "NWG_6": "sports",
    "NWG_7": "hotel, restaurant",
    "NWG_8": "production, workshop, storage",
    "NWG_9": "trade",
    "NWG_10": "technical, utility",
    "NWG_11": "transport",
    "NWG_G1": "services, all",
    "NWG_G2": "production, all",
    "NWG_BMVBS": "non-residential, all",
}
_STATES = {"existing": "as built", "usual": "usual refurbishment", "advanced": "advanced refurbishment"}

# The numbered standards of Switzerland and Singapore: typology, words, years and state of ours
_ANY_TIME = (1000, 2040)
_STANDARDS = {
    ("CH", "STANDARD1"): ("ALL", "stone and masonry, until 1920", (1000, 1920), "existing"),
    ("CH", "STANDARD2"): ("ALL", "concrete and masonry, 1921 to 1970", (1921, 1970), "existing"),
    ("CH", "STANDARD3"): ("ALL", "concrete and masonry, 1971 to 1980", (1971, 1980), "existing"),
    ("CH", "STANDARD4"): ("ALL", "concrete and masonry, 1981 to 2000", (1981, 2000), "existing"),
    ("CH", "STANDARD5"): ("ALL", "concrete and masonry, 2001 to 2040", (2001, 2040), "existing"),
    ("CH", "STANDARD6"): ("ALL", "Minergie, as advanced refurbishment of any age", _ANY_TIME, "advanced"),
    ("SG", "STANDARD1"): ("RES", "residential, few rooms conditioned", _ANY_TIME, "existing"),
    ("SG", "STANDARD2"): ("RES", "residential, most rooms conditioned", _ANY_TIME, "existing"),
    ("SG", "STANDARD3"): ("NWG", "commercial", _ANY_TIME, "existing"),
    ("SG", "STANDARD4"): ("NWG", "commercial, small windows", _ANY_TIME, "existing"),
    ("SG", "STANDARD5"): ("NWG", "commercial, green roof", _ANY_TIME, "existing"),
}

# our column -> source column
_ENVELOPE = {
    "wall_u_w_m2k": "U_wall",
    "roof_u_w_m2k": "U_roof",
    "base_u_w_m2k": "U_base",
    "window_u_w_m2k": "U_window",
    "window_g": "g_window",
    "frame_fraction": "frame_fraction",
    "wall_absorptance": "a_wall",
    "roof_absorptance": "a_roof",
    "window_to_wall_north": "wwr_n",
    "window_to_wall_east": "wwr_e",
    "window_to_wall_south": "wwr_s",
    "window_to_wall_west": "wwr_w",
    "thermal_capacity_j_m2k": "Cm_per_Af_J_m2K",
    "n50_1_h": "n50_1_h",
}
# our column -> unit, source column
_USES = {
    "heating_set_point": ("degC", "Ths_set_C"),
    "heating_setback": ("degC", "Ths_setb_C"),
    "cooling_set_point": ("degC", "Tcs_set_C"),
    "area_per_person": ("m2", "Occ_m2p"),
    "sensible_heat": ("W/person", "Qs_Wp"),
    "appliances": ("W/m2", "Ea_Wm2"),
    "lighting": ("W/m2", "El_Wm2"),
    "hot_water": ("l/(person d)", "Vww_ldp"),
    "outdoor_air": ("l/(s person)", "Ve_lsp"),
}

# where a set point is kept; heating that is off is held at the set-back, so that nothing freezes
_CONTROL = {"SETPOINT": 1.0, "SETBACK": 0.0, "OFF": 0.0}

Rows = list[dict[str, str]]
Amended = Mapping[tuple[str, str, str], tuple[str, str]]


def read(path: Path, country: str) -> Rows:
    """Return the rows of a source table that belong to a country."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["country"] == country]


def amendments(country: str) -> Amended:
    """Return our value and the source's by file, use type and column."""
    rows = read(HERE / "amendments.csv", country)
    return {(r["table"], r["use_type"], r["column"]): (r["value"], r["source_value"]) for r in rows}


def amend(value: str, key: tuple[str, str, str], amended: Amended) -> str:
    """Return our value where we changed one; the source must still say what we changed it from."""
    if key not in amended:
        return f"{float(value):g}" if value else ""
    ours, theirs = amended[key]
    if value and float(value) != float(theirs):
        raise ValueError(f"{key}: the source says {value}, amendments.csv {theirs}")
    return ours


def envelopes(rows: Rows) -> Iterator[dict[str, str | float]]:
    """Yield the archetypes by column of our envelope files."""
    for row in rows:
        label = _german(row) if row["country"] == "DE" else _standard(row)
        values = {name: float(row[source]) for name, source in _ENVELOPE.items()}
        yield {**label, **values}


def _german(row: Mapping[str, str]) -> dict[str, str]:
    typology = row["code"].removesuffix("_NR").removesuffix("_AR").rpartition("_")[0]
    start = "until" if row["year_start"] == "1000" else f"{row['year_start']} to"
    return {
        "code": row["code"],
        "typology": typology,
        "description": f"{_TYPES[typology]}, {start} {row['year_end']}, {_STATES[row['refurbishment']]}",
        "year_from": row["year_start"],
        "year_to": row["year_end"],
        "refurbishment": row["refurbishment"],
    }


def _standard(row: Mapping[str, str]) -> dict[str, str]:
    """Return what one of the source's numbered standards stands for with us."""
    typology, words, years, state = _STANDARDS[row["country"], row["code"]]
    return {
        "code": f"{row['country']}_{row['code']}",
        "typology": typology,
        "description": words,
        "year_from": str(years[0]),
        "year_to": str(years[1]),
        "refurbishment": state,
    }


def uses(
    rows: Rows, weekly: Mapping[tuple[str, str], float], months: Mapping[str, float], amended: Amended
) -> Iterator[Sequence[str]]:
    """Yield the lines of ``use_types.csv``; ventilation is the mean of the year over the room volume."""
    yield ["use_type", *(f"{name} [{unit}]" for name, (unit, _) in _USES.items()), "air_change [1/h]"]
    for row in rows:
        use = row["use_type"]
        values = {name: amend(row[source], ("use_types", use, name), amended) for name, (_, source) in _USES.items()}
        area = float(values["area_per_person"])
        per_person = float(values["outdoor_air"]) * 3.6 * weekly[use, "occupancy"] * months[use]
        mean = per_person / (area * ROOM_HEIGHT_M) if area else 0.0
        air_change = amended[key][0] if (key := ("use_types", use, "air_change")) in amended else f"{mean:.3g}"
        yield [use, *values.values(), air_change]


def monthly(rows: Rows, order: Iterable[str], amended: Amended) -> Iterator[Sequence[str]]:
    """Yield the lines of ``use_months.csv`` in the order of the uses."""
    yield ["use_type", *(f"{month} [1]" for month in MONTHS)]
    by_use = {row["use_type"]: row for row in rows}
    for use in order:
        yield [use, *(amend(by_use[use][month.title()], ("use_months", use, "*"), amended) for month in MONTHS)]


def schedules(rows: Rows, order: Iterable[str]) -> Iterator[Sequence[str]]:
    """Yield the lines of ``use_schedules.csv``: one day per line; hot water as multiple of the week's mean."""
    yield ["use_type", "profile", "day", *(f"h{h:02d}" for h in range(24))]
    hours = {(r["use_type"], r["day"].lower(), int(r["hour"])): r for r in rows}
    for use in order:
        for profile in PROFILES:
            table = np.array([[_level(hours[use, day, h][profile]) for h in range(24)] for day in DAYS])
            mean = week_mean(table)
            scaled = table / mean if profile == "hot_water" and mean else table
            for day, values in zip(DAYS, scaled, strict=True):
                yield [use, profile, day, *(f"{round(v, 4):g}" for v in values)]


def _level(text: str) -> float:
    return _CONTROL[text] if text in _CONTROL else float(text)


def week_mean(days: NDArray[np.float64]) -> float:
    """Return the mean of a week of five weekdays, a Saturday and a Sunday, from hours ``(3, 24)``."""
    return float((days.mean(axis=1) * np.array([5, 1, 1])).sum() / 7)
