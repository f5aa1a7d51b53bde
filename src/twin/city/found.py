"""What a reader found in a file: objects as lists, geometry as flat arrays, and what was doubtful on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.energy.items import EnergyFound
from twin.city.model import SURFACE_TYPES

__all__ = ["NOTHING", "TYPE_CODES", "UNKNOWN_TYPE", "Block", "Found", "best_lod"]

Ints = NDArray[np.int64]
Look = Callable[["Found"], list[dict[str, Any]]]

TYPE_CODES = {name: code for code, name in enumerate(SURFACE_TYPES)}
UNKNOWN_TYPE = -1
NOTHING: Mapping[str, Any] = MappingProxyType({})  # stands for all the surfaces without attributes


@dataclass(frozen=True, slots=True)
class Block:
    """Surfaces of some objects in flat arrays; surfaces of one object may lie in several blocks.

    Attributes
    ----------
    coordinates
        In the file's reference system, shape ``(n, 3)``.
    ring_vertices
        Row in ``coordinates`` of every ring corner.
    ring_sizes
        Corners of every ring; consecutive rings take consecutive corners.
    surface_rings
        Rings of every surface, the outer one first.
    surface_objects
        Row in `Found` of the object each surface bounds.
    surface_types
        What `Found.type_code` returns for the thematic type, ``UNKNOWN_TYPE`` where the file does not say.
    surface_groups
        Number of the thematic surface (a WallSurface, which may be made of several polygons), unique in the file.
    surface_hosts
        For windows and doors the number of the thematic surface they are in, -1 for all else.
    """

    coordinates: NDArray[np.float64]
    ring_vertices: Ints
    ring_sizes: Ints
    surface_rings: Ints
    surface_objects: Ints
    surface_types: Ints
    surface_groups: Ints
    surface_hosts: Ints


@dataclass
class Found:
    """A city as found, before anything is harmonized or derived.

    Attributes
    ----------
    file
        Name of the file, for messages.
    rings_closed
        Whether the format repeats the first corner of a ring at its end (GML does, CityJSON does not).
    ids, types, parents, attributes, lods
        Of every city object, in file order: identifier, class under CityJSON's name (``Building``, ``BuildingPart``,
        ``BuildingInstallation``, ``BuildingRoom``, ``PlantCover``, ``TINRelief``, ``+MyExtension`` ...), row of the
        object it is a child of (-1 for none), attributes, and level of detail its geometry was taken at ("" for none).
    lods_offered
        Every level of detail that some geometry in the file has.
    members
        By row of an object, further members of a CityJSON object that we do not interpret.
    blocks
        The geometry.
    surface_ids, surface_attributes
        Of every surface, in the order of the blocks: identifier in the file ("" for none), attributes.
    energy
        Energy objects of the file (Energy ADE, Dynamizers), None if it has none.
    metadata
        ``title``, and ``members``: further members of a CityJSON file as a whole.
    findings, later
        What was doubtful; and what looks for more when asked, with its place among the findings.
    """

    file: str
    rings_closed: bool
    ids: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    lods: list[str] = field(default_factory=list)
    lods_offered: set[str] = field(default_factory=set)
    members: dict[int, dict[str, Any]] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    surface_ids: Sequence[str] = field(default_factory=list)
    surface_attributes: Sequence[Mapping[str, Any]] = field(default_factory=list)
    type_names: list[str] = field(default_factory=lambda: list(SURFACE_TYPES))
    crs_as_found: str | None = None
    energy: EnergyFound | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    later: list[tuple[int, Look]] = field(default_factory=list)

    def add_object(self, identifier: str, parent: int, attributes: dict[str, Any], kind: str) -> int:
        """Append a city object and return its row."""
        self.ids.append(identifier)
        self.types.append(kind)
        self.parents.append(parent)
        self.attributes.append(attributes)
        self.lods.append("")
        return len(self.ids) - 1

    def type_code(self, name: str) -> int:
        """Return the code of a thematic surface type, a new one for a type not met before."""
        if name not in self.type_names:
            self.type_names.append(name)
        return self.type_names.index(name)

    def warn(self, code: str, message: str, entity: str | None = None, place: str | None = None) -> None:
        """Note something doubtful that was worked round; the message alone names file and place."""
        self._add_finding("warning", code, message, entity, place)

    def note(self, code: str, message: str) -> None:
        """Note what was left out without harm."""
        self._add_finding("note", code, message, None, None)

    def put_off(self, look: Look) -> None:
        """Leave a place among the findings for those of a function that is called when all are asked for."""
        self.later.append((len(self.findings), look))

    def all_findings(self) -> list[dict[str, Any]]:
        """Return all findings, those that were put off in their place."""
        while self.later:
            at, look = self.later[-1]
            self.findings[at:at] = look(self)
            self.later.pop()
        return self.findings

    def _add_finding(self, severity: str, code: str, message: str, entity: str | None, place: str | None) -> None:
        where = ":".join(part for part in (self.file, place) if part)
        self.findings.append(
            {"severity": severity, "code": code, "object": entity, "place": place, "message": f"{where}: {message}"}
        )


def best_lod(offered: Iterable[str], wanted: str) -> str | None:
    """Return the most detailed level not above the wanted one, else the least detailed above it, None for no level.

    Level 0, a mere footprint, is taken only where there is no other. ``"2"`` stands for the whole family 2.0 to 2.3.
    """
    ceiling = float(wanted) if "." in wanted else float(wanted) + 0.9
    numbers = {lod: float(lod) for lod in offered}
    solid = {lod: number for lod, number in numbers.items() if number >= 1} if ceiling >= 1 else numbers
    within = [lod for lod, number in solid.items() if number <= ceiling]
    if within:
        return max(within, key=numbers.__getitem__)
    return min(solid or numbers, key=numbers.__getitem__, default=None)
