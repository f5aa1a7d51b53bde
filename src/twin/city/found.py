"""What a reader found in a file: objects as lists, geometry as flat arrays, and what was doubtful on the way."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from twin.city.model import SURFACE_TYPES

__all__ = ["TYPE_CODES", "UNKNOWN_TYPE", "Found", "best_lod"]

TYPE_CODES = {name: code for code, name in enumerate(SURFACE_TYPES)}
UNKNOWN_TYPE = -1


@dataclass
class Found:
    """A city as found, before anything is harmonized or derived.

    Objects are buildings and building parts, in file order; ``parents`` holds the row of a part's top-level building,
    -1 for a building. Geometry is ragged: surface ``s`` has the next ``surface_rings[s]`` rings, ring ``r`` the next
    ``ring_sizes[r]`` entries of ``ring_vertices``, which index rows of three in ``coordinates``.

    Attributes
    ----------
    file
        Name of the file, for messages.
    lods
        Level of detail each object's geometry was taken at, "" for none.
    surface_types
        Index into ``SURFACE_TYPES``, or ``UNKNOWN_TYPE`` where the file does not say.
    surface_ids
        Identifier in the file, "" where it has none.
    rings_closed
        Whether the format repeats the first corner of a ring at its end (GML does, CityJSON does not).
    """

    file: str
    rings_closed: bool
    ids: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    lods: list[str] = field(default_factory=list)
    coordinates: array[float] = field(default_factory=lambda: array("d"))
    ring_vertices: array[int] = field(default_factory=lambda: array("q"))
    ring_sizes: array[int] = field(default_factory=lambda: array("q"))
    surface_rings: array[int] = field(default_factory=lambda: array("q"))
    surface_objects: array[int] = field(default_factory=lambda: array("q"))
    surface_types: array[int] = field(default_factory=lambda: array("b"))
    surface_ids: list[str] = field(default_factory=list)
    surface_attributes: list[dict[str, Any]] = field(default_factory=list)
    crs_as_found: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)

    def add_object(self, identifier: str, parent: int, attributes: dict[str, Any]) -> int:
        """Append a building or part and return its row."""
        self.ids.append(identifier)
        self.parents.append(parent)
        self.attributes.append(attributes)
        self.lods.append("")
        return len(self.ids) - 1

    def add_surface(self, row: int, type_code: int, identifier: str, attributes: dict[str, Any], rings: int) -> None:
        """Append a surface of the object in ``row``, made of the next ``rings`` rings."""
        self.surface_objects.append(row)
        self.surface_types.append(type_code)
        self.surface_ids.append(identifier)
        self.surface_attributes.append(attributes)
        self.surface_rings.append(rings)

    def warn(self, code: str, message: str, entity: str | None = None, place: str | None = None) -> None:
        """Note something doubtful that was worked round; the message alone names file and place."""
        where = ":".join(part for part in (self.file, place) if part)
        self.findings.append(
            {"severity": "warning", "code": code, "object": entity, "place": place, "message": f"{where}: {message}"}
        )


def best_lod(offered: Iterable[str], wanted: str) -> str | None:
    """Return the most detailed level not above the wanted one, else the least detailed above it, None for no level.

    Level 0 has no volume and is never taken. ``"2"`` stands for the whole family 2.0 to 2.3.
    """
    ceiling = float(wanted) if "." in wanted else float(wanted) + 0.9
    numbers = {lod: float(lod) for lod in offered if float(lod) >= 1}
    within = [lod for lod, number in numbers.items() if number <= ceiling]
    if within:
        return max(within, key=numbers.__getitem__)
    return min(numbers, key=numbers.__getitem__, default=None)
