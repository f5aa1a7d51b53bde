"""Write our catalogue files from the City Energy Analyst's database tables for one country.

``python -m twin.buildings.catalogue FOLDER [-o OUT]`` reads ``archetypes_envelope.csv``, ``use_types.csv``,
``use_schedules.csv`` and ``use_monthly_multipliers.csv`` in FOLDER, takes the German rows, puts them in our layout and
applies ``amendments.csv``; SOURCE.md says where all comes from.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import DAYS, PROFILES
from twin.buildings.model import COLUMNS

COUNTRY = "DE"
ROOM_HEIGHT_M = 2.5  # TABULA's reference room height
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

# our column -> source column and decimals
_ENVELOPE = {
    "wall_u_w_m2k": ("U_wall", 2),
    "roof_u_w_m2k": ("U_roof", 2),
    "base_u_w_m2k": ("U_base", 2),
    "window_u_w_m2k": ("U_window", 2),
    "window_g": ("g_window", 2),
    "frame_fraction": ("frame_fraction", 2),
    "wall_absorptance": ("a_wall", 2),
    "roof_absorptance": ("a_roof", 2),
    "window_to_wall_north": ("wwr_n", 3),
    "window_to_wall_east": ("wwr_e", 3),
    "window_to_wall_south": ("wwr_s", 3),
    "window_to_wall_west": ("wwr_w", 3),
    "thermal_capacity_j_m2k": ("Cm_per_Af_J_m2K", 0),
    "n50_1_h": ("n50_1_h", 2),
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
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# where a set point is kept; heating that is off is held at the set-back, so that nothing freezes
_CONTROL = {"SETPOINT": 1.0, "SETBACK": 0.0, "OFF": 0.0}

Rows = list[dict[str, str]]
Amended = Mapping[tuple[str, str, str], tuple[str, str]]


def read(path: Path) -> Rows:
    """Return the rows of a source table that belong to the country."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["country"] == COUNTRY]


def amendments() -> Amended:
    """Return our value and the source's by file, use type and column."""
    with (HERE / "amendments.csv").open(encoding="utf-8", newline="") as file:
        return {(r["table"], r["use_type"], r["column"]): (r["value"], r["source_value"]) for r in csv.DictReader(file)}


def amend(value: str, key: tuple[str, str, str], amended: Amended) -> str:
    """Return our value where we changed one; the source must still say what we changed it from."""
    if key not in amended:
        return f"{float(value):g}" if value else ""
    ours, theirs = amended[key]
    if value and float(value) != float(theirs):
        raise ValueError(f"{key}: the source says {value}, amendments.csv {theirs}")
    return ours


def envelopes(rows: Rows) -> Iterator[Sequence[str]]:
    """Yield the lines of ``tabula_de.csv``."""
    yield [
        "code", "typology", "description", "year_from [a]", "year_to [a]", "refurbishment",
        *(COLUMNS[name].header for name in _ENVELOPE), "heated_area_fraction [1]",
    ]  # fmt: skip
    for row in rows:
        stem = row["code"].removesuffix("_NR").removesuffix("_AR").rpartition("_")[0]
        start = "until" if row["year_start"] == "1000" else f"{row['year_start']} to"
        words = f"{_TYPES[stem]}, {start} {row['year_end']}, {_STATES[row['refurbishment']]}"
        values = [f"{round(float(row[source]), digits):g}" for source, digits in _ENVELOPE.values()]
        yield [
            row["code"], stem, words, row["year_start"], row["year_end"], row["refurbishment"],
            *values, row["Hs_heated_gfa_fraction"],
        ]  # fmt: skip


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
    yield ["use_type", *(f"{month.lower()} [1]" for month in _MONTHS)]
    by_use = {row["use_type"]: row for row in rows}
    for use in order:
        yield [use, *(amend(by_use[use][month], ("use_months", use, "*"), amended) for month in _MONTHS)]


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


def write(path: Path, lines: Iterable[Sequence[str]]) -> None:
    """Write lines as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def build(source: Path, out: Path) -> None:
    """Write all files of the catalogue."""
    amended = amendments()
    use_rows = read(source / "use_types.csv")
    order = [row["use_type"] for row in use_rows]
    month_lines = list(monthly(read(source / "use_monthly_multipliers.csv"), order, amended))
    schedule_lines = list(schedules(read(source / "use_schedules.csv"), order))
    months = {line[0]: float(np.mean([float(v) for v in line[1:]])) for line in month_lines[1:]}
    means = {
        (block[0][0], block[0][1]): week_mean(np.array([line[3:] for line in block], dtype=np.float64))
        for block in (schedule_lines[i : i + 3] for i in range(1, len(schedule_lines), 3))
    }
    write(out / "tabula_de.csv", envelopes(read(source / "archetypes_envelope.csv")))
    write(out / "use_types.csv", uses(use_rows, means, months, amended))
    write(out / "use_months.csv", month_lines)
    write(out / "use_schedules.csv", schedule_lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the archetype catalogue.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    build(arguments.folder, arguments.out)
