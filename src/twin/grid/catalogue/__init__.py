"""Standard cables and transformers, in SI units."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SOURCE", "cables", "column", "transformers"]

SOURCE = (
    "Heuck, Dettmann, Schulz, Elektrische Energieversorgung 2013 and Oswald, Vorlesungsskript, as in pandapower's "
    "standard types; SimBench (Meinecke et al., Energies 13 (2020) 3290) for NAYY 4x240 and 160 kVA"
)

# unit in a header -> factor to SI
_FACTOR = {"ohm/km": 1e-3, "nF/km": 1e-12, "kVA": 1e3, "kV": 1e3, "A": 1.0, "W": 1.0, "pct": 1.0}


@cache
def cables() -> dict[str, dict[str, Any]]:
    """Return the columns of the line table by type of cable, thinnest first."""
    return _read("cables.csv")


@cache
def transformers() -> dict[str, dict[str, Any]]:
    """Return the columns of the transformer table by type, smallest first."""
    return _read("transformers.csv")


def _read(file: str) -> dict[str, dict[str, Any]]:
    header, *rows = csv.reader((files(__name__) / file).read_text(encoding="utf-8").splitlines())
    names, units = zip(*(cell.rstrip("]").partition(" [")[::2] for cell in header), strict=True)
    return {row[0]: {n: _si(v, u) for n, v, u in zip(names, row, units, strict=True)} for row in rows}


def _si(value: str, unit: str) -> float | str:
    return float(value) * _FACTOR[unit] if unit else value


def column(types: dict[str, dict[str, Any]], chosen: NDArray[np.str_], name: str) -> NDArray[Any]:
    """Return one property of each of the types chosen, shape ``(n,)``."""
    kinds, which = np.unique(chosen, return_inverse=True)
    return np.array([types[str(kind)][name] for kind in kinds])[which]
