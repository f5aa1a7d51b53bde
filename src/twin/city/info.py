"""What is in a city file: counts, areas, volumes, shared walls and how far attributes are filled."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.assemble import assemble
from twin.city.attributes import is_blank
from twin.city.found import Found
from twin.city.geometry import shared_walls
from twin.city.model import SURFACE_TYPES, City
from twin.city.read import FINEST, find
from twin.progress import Progress, silent

__all__ = ["describe"]

# So many buildings are looked at together; shared walls of larger cities would have to be looked for across tiles.
TILE = 100_000
_OF_OTHERS = ("codeSpace", "uom")  # where readers keep what belongs to other attributes


def describe(path: str | os.PathLike[str], crs: str | None = None, progress: Progress = silent) -> dict[str, Any]:
    """Describe a city file, one geometry per object: the one of the highest level of detail, with semantics.

    Parameters
    ----------
    crs
        Reference system that overrides the file's.

    Returns
    -------
    description
        ``n_buildings`` (top-level), ``n_building_parts``, ``objects`` (count by class of all else), ``surfaces``
        (by type: ``count``, a surface of several polygons being one, and ``area_m2``, net of openings), ``volume_m3``,
        ``volume_method`` (how many buildings and parts were measured how), ``footprint_m2`` (projected ground
        surfaces), ``party_wall_m2`` (between different buildings, each shared area once), ``interior_wall_m2``
        (between parts of one building; both None above 100,000 buildings), ``crs``, ``lods``, ``attributes`` (original
        name: share of buildings for which the building or a part of it states a value), ``findings`` (count by code).

    Raises
    ------
    TwinError
        As `twin.read_city`.
    """
    total = _Total()
    for found in find(path, FINEST, TILE, progress=progress):
        total.add_attributes(found)
        total.add(assemble(found, crs))
    return total.description()


class _Total:
    """Sums over the tiles of a file."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.objects: Counter[str] = Counter()
        self.surfaces: Counter[str] = Counter()
        self.areas: defaultdict[str, float] = defaultdict(float)
        self.sums: defaultdict[str, float] = defaultdict(float)
        self.methods: Counter[str] = Counter()
        self.filled: Counter[str] = Counter()
        self.findings: Counter[str] = Counter()
        self.lods: set[str] = set()
        self.tiles = 0
        self.crs: str | None = None

    def add_attributes(self, found: Found) -> None:
        """Count the buildings for which an attribute is filled, under its name in the file."""
        names: dict[int, set[str]] = {}
        for row, kind in enumerate(found.types):
            if kind in ("Building", "BuildingPart"):
                root = row
                while (above := found.parents[root]) >= 0 and found.types[above] in ("Building", "BuildingPart"):
                    root = above
                given = names.setdefault(root, set())
                stated = found.attributes[row].items()
                given.update(name for name, value in stated if name not in _OF_OTHERS and not is_blank(name, value))
        for given in names.values():
            self.filled.update(given)
        self.lods |= found.lods_offered

    def add(self, city: City) -> None:
        self.tiles += 1
        self.crs = city.crs
        self.counts.update({name: len(table) for name, table in city.tables.items()})
        if "city_object" in city.tables:
            self.objects.update(city.table("city_object")["type"].tolist())
        first = _first_of_each(city)
        for name in SURFACE_TYPES:
            chosen = city.surfaces["type"] == name
            if chosen.any():
                self.surfaces[name] += int((chosen & first).sum())
                self.areas[name] += float(city.surfaces["area_m2"][chosen].sum())
        self.methods.update(city.metadata["volume_method"])
        self.findings.update(finding["code"] for finding in city.metadata["findings"])
        for name in ("volume_m3", "footprint_m2"):
            self.sums[name] += float(np.nansum(city.buildings[name]))
        if self.tiles == 1:
            walls = shared_walls(city)
            self.sums["party_wall_m2"] = float(walls.party[2].sum())
            self.sums["interior_wall_m2"] = float(walls.interior[2].sum())

    def description(self) -> dict[str, Any]:
        walls: Mapping[str, float | None] = self.sums if self.tiles == 1 else {}
        n = self.counts["building"]
        return {
            "n_buildings": n,
            "n_building_parts": self.counts["building_part"],
            "objects": dict(sorted(self.objects.items())),
            "surfaces": {
                name: {"count": self.surfaces[name], "area_m2": round(self.areas[name], 3)}
                for name in sorted(self.surfaces)
            },
            "volume_m3": round(self.sums["volume_m3"], 3),
            "volume_method": dict(self.methods),
            "footprint_m2": round(self.sums["footprint_m2"], 3),
            "party_wall_m2": _rounded(walls.get("party_wall_m2")),
            "interior_wall_m2": _rounded(walls.get("interior_wall_m2")),
            "crs": self.crs,
            "lods": sorted(self.lods),
            "attributes": {name: round(count / n, 4) for name, count in sorted(self.filled.items())},
            "findings": dict(sorted(self.findings.items())),
        }


def _first_of_each(city: City) -> NDArray[np.bool_]:
    """Return which rows of the surface table are the first polygon of a surface, window or door."""
    surfaces, name = city.surfaces, "thematic_surface"
    if name not in surfaces:
        return np.ones(len(surfaces), dtype=bool)
    return np.asarray(surfaces.missing(name) | (surfaces[name] == np.arange(len(surfaces))))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
