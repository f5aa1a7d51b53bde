"""Write our catalogue files from tables of facts that others collected.

``python -m twin.buildings.catalogue FOLDER [-o OUT]`` reads ``archetypes_envelope.csv``, ``use_types.csv``,
``use_schedules.csv``, ``use_monthly_multipliers.csv`` and ``tabula_layers_de_dk.csv`` in FOLDER, puts them in our
layout, one folder per catalogue, and applies ``amendments.csv``; SOURCE.md says where all comes from.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from twin.buildings.catalogue import cea, tabula
from twin.buildings.catalogue.sheets import ELEMENTS, LAYER_COLUMNS, headers
from twin.buildings.kernel.layers import Layers

HERE = Path(__file__).parent
# decimals where not two
DECIMALS = {f"window_to_wall_{face}": 3 for face in ("north", "east", "south", "west")} | {"thermal_capacity_j_m2k": 0}

Lines = Iterable[Sequence[str]]


def envelopes(rows: Iterable[Mapping[str, str | float]]) -> Iterator[Sequence[str]]:
    """Yield the lines of an ``envelopes.csv``."""
    columns = headers()
    yield list(columns.values())
    for row in rows:
        yield [
            str(row[name]) if isinstance(row[name], str) else f"{round(float(row[name]), DECIMALS.get(name, 2)):g}"
            for name in columns
        ]


def layers(by_code: Mapping[str, Mapping[str, Layers]]) -> Iterator[Sequence[str]]:
    """Yield the lines of a ``layers.csv``: layers from outside to inside."""
    yield ["code", "element", *(f"{name} [{unit}]" for name, unit in LAYER_COLUMNS.items())]
    for code, elements in by_code.items():
        for element in ELEMENTS:
            if element in elements:
                given = elements[element]
                for values in zip(*(getattr(given, name) for name in LAYER_COLUMNS), strict=True):
                    yield [code, element, *(f"{value:.6g}" for value in values)]


def layers_by_code(
    rows: Iterable[Mapping[str, str | float]], found: Mapping[tabula.Key, Sequence[tabula.Construction]]
) -> dict[str, dict[str, Layers]]:
    """Return the layers of every archetype whose typology and age the layered constructions know."""
    return {
        str(row["code"]): tabula.layers_of(
            found, str(row["typology"]), str(row["refurbishment"]), (int(row["year_from"]), int(row["year_to"]))
        )
        for row in rows
    }


def write(path: Path, lines: Lines) -> None:
    """Write lines as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def write_uses(source: Path, out: Path, country: str) -> None:
    """Write the three tables of uses of a country."""
    amended = cea.amendments(country)
    rows = sorted(cea.read(source / "use_types.csv", country), key=lambda row: row["use_type"])
    order = [row["use_type"] for row in rows]
    month_lines = list(cea.monthly(cea.read(source / "use_monthly_multipliers.csv", country), order, amended))
    schedule_lines = list(cea.schedules(cea.read(source / "use_schedules.csv", country), order))
    months = {line[0]: float(np.mean([float(v) for v in line[1:]])) for line in month_lines[1:]}
    means = {
        (block[0][0], block[0][1]): cea.week_mean(np.array([line[3:] for line in block], dtype=np.float64))
        for block in (schedule_lines[i : i + 3] for i in range(1, len(schedule_lines), 3))
    }
    write(out / "use_types.csv", cea.uses(rows, means, months, amended))
    write(out / "use_months.csv", month_lines)
    write(out / "use_schedules.csv", schedule_lines)


def build(source: Path, out: Path) -> None:
    """Write all catalogues."""
    for folder, country in (("tabula_de", "DE"), ("ch", "CH"), ("sg", "SG")):
        rows = list(cea.envelopes(cea.read(source / "archetypes_envelope.csv", country)))
        write(out / folder / "envelopes.csv", envelopes(rows))
        write_uses(source, out / folder, country)
        if country == "DE":
            found = tabula.read_constructions(source / "tabula_layers_de_dk.csv", country)
            write(out / folder / "layers.csv", layers(layers_by_code(rows, found)))
    found = tabula.read_constructions(source / "tabula_layers_de_dk.csv", "DK")
    danish = list(tabula.dk_envelopes(found))
    write(out / "tabula_dk" / "envelopes.csv", envelopes(danish))
    write(out / "tabula_dk" / "layers.csv", layers(layers_by_code(danish, found)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the archetype catalogues.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    build(arguments.folder, arguments.out)
