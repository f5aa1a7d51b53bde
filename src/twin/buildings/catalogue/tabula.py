"""TABULA's classes from layered constructions: U-values, heat capacity, and the layers themselves.

The source gives constructions of outer wall, roof, ground floor and window without saying whose they are; our
``constructions.csv`` says it in the order of the source, and ``tabula_dk_areas.csv`` gives each Danish class its areas.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.buildings.kernel.layers import Layers, effective_capacity, resistance

__all__ = ["Construction", "dk_envelopes", "layers_of", "read_constructions"]

Rows = list[dict[str, str]]
Key = tuple[str, str, str, str]  # element, typology, refurbishment, part

HERE = Path(__file__).parent
ELEMENTS = {"OuterWall": "wall", "Rooftop": "roof", "GroundFloor": "base", "Window": "window"}
STATES = ("existing", "usual", "advanced")
# EN ISO 6946:2017, table 7: both surfaces, heat flow sideways, up and down, m2 K/W
SURFACES_M2K_W = {"wall": 0.13 + 0.04, "roof": 0.10 + 0.04, "base": 0.17 + 0.04}
# Planning assumption: partitions and storey ceilings, of which the source has none, store what makes the Danish classes
# agree in the mean with TABULA's 45 Wh/(m2 K) for all buildings.
INSIDE_J_M2K = 50_000.0
# As in the German catalogue, since TABULA's Danish sheets were not at hand
LIKE_GERMAN = {"frame_fraction": 0.3, "wall_absorptance": 0.6, "roof_absorptance": 0.55}
N50_1_H = {"existing": 2.5, "usual": 1.5, "advanced": 1.5}
_WORDS = {"SFH": "single family house", "TH": "terraced house", "AB": "apartment block"}
_CONDITION = {"existing": "as built", "usual": "usual refurbishment", "advanced": "advanced refurbishment"}


@dataclass(frozen=True)
class Construction:
    """One construction of the source: when it was built, its layers from outside to inside, U and g as printed."""

    year_from: int
    year_to: int
    layers: Layers
    u_w_m2k: float
    g: float | None


def read_constructions(source: Path, country: str) -> dict[Key, list[Construction]]:
    """Return all constructions of a country by element, typology, refurbishment and part.

    Raises
    ------
    ValueError
        If the source is not in the order that ``constructions.csv`` describes.
    """
    rows = [r for r in _read(source) if r["country"] == country]
    found: dict[Key, list[Construction]] = {}
    for element, name in ELEMENTS.items():
        given = list(_split([r for r in rows if r["element"] == element]))
        order = list(_order(country, element))
        if [c.year_from for c in given] != [year for _, year in order]:
            raise ValueError(f"{country} {element}: the source is not in the order of constructions.csv")
        for (key, _), construction in zip(order, given, strict=True):
            found.setdefault((name, *key), []).append(construction)
    return found


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _order(country: str, element: str) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Yield typology, refurbishment, part and first year of the constructions in the order of the source."""
    for row in _read(HERE / "constructions.csv"):
        if (row["country"], row["element"]) == (country, element):
            for year in row["years_from"].split():
                yield (row["typology"], row["refurbishment"], row["part"]), int(year)


def _split(rows: Rows) -> Iterator[Construction]:
    """Cut the rows of one element into constructions; the first layer is numbered 0 or, rarely, 1."""
    start = 0
    for i in range(1, len(rows) + 1):
        if i == len(rows) or _begins(rows[i - 1], rows[i]):
            yield _construction(rows[start:i])
            start = i


def _begins(before: Mapping[str, str], row: Mapping[str, str]) -> bool:
    if any(before[name] != row[name] for name in ("year_start", "year_end", "U_computed")):
        return True
    layer = int(row["layer_from_inside"])
    return layer <= int(before["layer_from_inside"]) and layer < 2


def _construction(rows: Rows) -> Construction:
    inwards = sorted(rows, key=lambda row: int(row["layer_from_inside"]), reverse=True)

    def column(name: str, factor: float = 1.0) -> np.ndarray:
        return np.array([factor * float(row[name]) for row in inwards])

    first = rows[0]
    return Construction(
        int(first["year_start"]),
        int(first["year_end"]),
        Layers(
            thickness_m=column("thickness_m"),
            conductivity_w_mk=column("conductivity_W_mK"),
            density_kg_m3=column("density_kg_m3"),
            specific_heat_j_kgk=column("heat_capacity_kJ_kgK", 1000.0),
        ),
        float(first["U_computed"]),
        float(first["g_value"]) if first["g_value"] else None,
    )


def _of_class(found: Mapping[Key, Sequence[Construction]], key: Key, years: tuple[int, int]) -> Construction | None:
    """Return the construction of a class: the one whose time holds the middle of the class's."""
    middle = sum(years) / 2
    return next((c for c in found.get(key, ()) if c.year_from <= middle <= c.year_to), None)


def _in_state(
    found: Mapping[Key, Sequence[Construction]],
    element: str,
    typology: str,
    state: str,
    part: str,
    years: tuple[int, int],
) -> Construction | None:
    """Return the construction in a state; what a refurbishment leaves alone is as built."""
    changed = _of_class(found, (element, typology, state, part), years)
    return changed or _of_class(found, (element, typology, "existing", part), years)


def layers_of(
    found: Mapping[Key, Sequence[Construction]], typology: str, state: str, years: tuple[int, int]
) -> dict[str, Layers]:
    """Return the layers of wall, roof and base of a class, of its main part; empty where the source has none."""
    elements = {name: _in_state(found, name, typology, state, "1", years) for name in SURFACES_M2K_W}
    return {name: c.layers for name, c in elements.items() if c is not None}


def dk_envelopes(found: Mapping[Key, Sequence[Construction]]) -> Iterator[dict[str, str | float]]:
    """Yield the Danish classes by column of our envelope files, those as built first.

    U-values by EN ISO 6946 from the layers, those of windows as printed; heat capacity by EN ISO 13786 from the inside
    over a day, times the areas per floor area (EN ISO 13790, 12.3.1.1). Elements in two parts are weighed by area.
    """
    classes = _read(HERE / "tabula_dk_areas.csv")
    for state in STATES:
        letters: dict[str, int] = {}
        for row in classes:
            typology, years = row["typology"], (int(row["year_from [a]"]), int(row["year_to [a]"]))
            letter = "ABCDEFGHI"[letters.setdefault(typology, 0)]
            letters[typology] += 1
            if any(_of_class(found, (e, typology, state, "1"), years) for e in ELEMENTS.values()):
                yield _dk_class(found, row, typology, state, years, letter)


def _dk_class(
    found: Mapping[Key, Sequence[Construction]],
    row: Mapping[str, str],
    typology: str,
    state: str,
    years: tuple[int, int],
    letter: str,
) -> dict[str, str | float]:
    suffix = {"existing": "", "usual": "_NR", "advanced": "_AR"}[state]
    span = f"until {years[1]}" if not years[0] else f"{years[0]} to {years[1]}"
    values: dict[str, str | float] = {
        "code": f"DK_{typology}_{letter}{suffix}",
        "typology": typology,
        "description": f"{_WORDS[typology]}, {span}, {_CONDITION[state]}",
        "year_from": str(max(years[0], 1000)),
        "year_to": str(years[1]),
        "refurbishment": state,
    }
    capacity, areas = INSIDE_J_M2K, {}
    for name in ELEMENTS.values():
        parts = [(_area(row, name, p), _in_state(found, name, typology, state, p, years)) for p in ("1", "2")]
        present = [(area, c) for area, c in parts if area > 0 and c is not None]
        areas[name] = sum(area for area, _ in parts)
        total = sum(area for area, _ in present)
        values[f"{name}_u_w_m2k"] = sum(area * _u(name, c) for area, c in present) / total
        if name == "window":
            values["window_g"] = sum(area * (c.g or 0.0) for area, c in present) / total
        else:
            mean = sum(area * effective_capacity(c.layers) for area, c in present) / total
            capacity += areas[name] * mean
    share = areas["window"] / (areas["window"] + areas["wall"])
    faces = {f"window_to_wall_{face}": share for face in ("north", "east", "south", "west")}
    return values | LIKE_GERMAN | faces | {"thermal_capacity_j_m2k": capacity, "n50_1_h": N50_1_H[state]}


def _u(element: str, construction: Construction) -> float:
    if element == "window":
        return construction.u_w_m2k
    return 1.0 / (resistance(construction.layers) + SURFACES_M2K_W[element])


def _area(row: Mapping[str, str], element: str, part: str) -> float:
    return float(row[f"{element}_{part} [m2/m2]"])
