"""What the rules that fill gaps have in common: what they are given, what they return, and whom they quote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.model import RESIDENTIAL_USES
from twin.city.model import City

__all__ = [
    "CEA",
    "Inputs",
    "PLANNING",
    "Proposal",
    "TABULA",
    "archetypes_of",
    "everywhere",
    "is_residential",
    "present",
]

Inputs = Mapping[str, Any]
Codes = NDArray[np.uint16]
Proposal = dict[str, tuple[NDArray[Any], Codes]]

CEA = "City Energy Analyst, databases for Germany (Ceruti et al., BauSIM 2024, doi 10.26868/29761662.2024.22)"
PLANNING = "twin: planning assumption"
TABULA = "TABULA calculation method, Loga & Diefenbach, IWU 2013"


def archetypes_of(inputs: Inputs) -> Archetypes:
    """Return the catalogue that the scenario names."""
    archetypes: Archetypes = inputs["archetypes"]
    return archetypes


def everywhere(city: City, value: ArrayLike, code: int | Codes) -> tuple[NDArray[Any], Codes]:
    """Return a value and a source code for every building."""
    shape = (len(city.buildings),)
    return np.broadcast_to(np.asarray(value), shape), np.broadcast_to(np.asarray(code, dtype=np.uint16), shape)


def is_residential(city: City) -> NDArray[np.bool_]:
    """Return which buildings are dwellings."""
    return np.isin(city.buildings["use_type"], RESIDENTIAL_USES)


def present(city: City, name: str) -> NDArray[Any]:
    """Return a column's values, 0 where it has none."""
    table = city.buildings
    if name not in table:
        return np.zeros(len(table))
    return np.where(table.missing(name), 0, np.nan_to_num(table[name]))
