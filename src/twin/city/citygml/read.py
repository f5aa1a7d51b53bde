"""Read CityGML 1.0, 2.0 and 3.0, object by object in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

from twin.city.citygml.draft import name_of
from twin.city.citygml.energy import EnergyReader
from twin.city.citygml.features import Features, Register
from twin.city.citygml.names import CLASSES, local
from twin.city.citygml.stream import MEMBERS, Element, Undeclared, reference_system, stream
from twin.city.found import Found
from twin.city.source import Source
from twin.errors import Problem, Problems

__all__ = ["read_citygml"]

_LINES = {"pointCloud", "grid", "reliefPoints", "ridgeOrValleyLines", "breaklines", "extent"}
_SILENT = {"boundedBy", "description", "name"}  # of the model as a whole; what else it says is not read


def read_citygml(source: Source, lod: str, tile: int | None = None) -> Iterator[Found]:
    """Read the objects of a CityGML file, one geometry each.

    Of every object the highest level of detail not above ``lod`` is taken (else the lowest above it), as its thematic
    surfaces where it has any, else as its solid, else as another geometry without semantics.

    Parameters
    ----------
    tile
        How many top-level buildings to read at a time; None for the whole file at once.

    Yields
    ------
    Found
        One per tile. What was not understood in the file is named in the last one.

    Raises
    ------
    TwinError
        If the file is no well-formed XML, holds a document type or entities, is no city model, repeats the identifier
        of a building, or has coordinates that cannot be read; names line and object. All such problems of a tile at
        once.
    """
    with Problems(source.path) as problems:
        reader = _Reader(source, lod, problems)
        undeclared: list[Undeclared] = []
        for holder in stream(source, undeclared):
            if local[holder.tag] not in MEMBERS:
                reader.about(holder)
                continue
            for k in range(len(holder)):  # no name for the element: what nothing refers to is freed faster
                if tile is not None and reader.features.buildings >= tile and CLASSES[holder[k].tag] == "Building":
                    found = reader.finish()
                    if problems.found:
                        return
                    yield found
                reader.read(holder[k])
        reader.report(undeclared)
        found = reader.finish()
        if not problems.found:
            yield found


class _Reader:
    """Reads tile after tile; numbers and counts run on from one to the next."""

    def __init__(self, source: Source, lod: str, problems: Problems) -> None:
        self.source, self.lod, self.problems = source, lod, problems
        self.register = Register()
        self._start(None)

    def _start(self, before: Found | None) -> None:
        self.found = Found(str(self.source.path), rings_closed=True)
        if before is not None:
            self.found.crs_as_found, self.found.metadata = before.crs_as_found, dict(before.metadata)
        energy = EnergyReader(self.found, None if before is None else before.energy)
        self.features = Features(self.found, self.problems, self.lod, energy, self.register)

    def about(self, element: Element) -> None:
        """Take what a child of the root says of the whole model: its reference system, its title."""
        name, found = local[element.tag], self.found
        if name == "boundedBy" and found.crs_as_found is None:
            found.crs_as_found = reference_system(element) or None
        elif name == "name" and element.text:
            found.metadata.setdefault("title", element.text.strip())
        elif name not in _SILENT:
            self.register.unread[element.tag] += 1

    def read(self, element: Element) -> None:
        """Read a top-level object."""
        if self.found.crs_as_found is None:
            self.found.crs_as_found = reference_system(element) or None
        self.features.read(element)

    def finish(self) -> Found:
        """Return what was read since the last call, and start anew."""
        self._settle()
        self.features.draft.close()
        self.problems.found.sort(key=_place)
        found = self.found
        self._start(found)
        return found

    def _settle(self) -> None:
        """Look for targets of links in the other objects, in a second pass; report those that lead nowhere."""
        pending, polygons, found = self.features.pending, self.features.polygons, self.found
        if pending and not self.problems.found:
            for holder in stream(self.source):
                for element in holder if local[holder.tag] in MEMBERS else ():
                    polygons.enter(element)
                    pending = [link for link in pending if not polygons.settle(link)]
                    polygons.leave()
                if not pending:
                    break
        for link in pending:
            text = f"{name_of(found, link.row)} refers to geometry #{link.target}, which does not exist; it is left out"
            found.warn("xlink-dangling", text, found.ids[link.row], link.line)

    def report(self, undeclared: list[Undeclared]) -> None:
        """Note what was not understood, once per name."""
        warn, register = self.found.warn, self.register
        note = self.found.note
        for tag, count in register.unread.items():
            name, text = local[tag], f"{tag} is not read ({count} times)"
            if name.startswith("appearance"):
                note("appearance-unread", text)
            elif name in _LINES or name.startswith("lod"):
                note("geometry-unread", text)
            else:
                warn("element-unread", text)
        if register.passed_over:
            text = "levels of detail were left out: of every object one is read, the best"
            note("lod-unread", f"{register.passed_over} {text}")
        for tag, count in register.kept.items():
            warn(
                "element-kept",
                f"{tag} is of no module we know; it is kept as data among the attributes ({count} times)",
            )
        for kind, count in register.unnamed.items():
            warn("id-missing", f"{count} objects of class {kind} have no gml:id; they are numbered")
        for name, count in register.libraries.items():
            warn("implicit-library", f"{count} implicit geometries are in another file, {name}; they are left out")
        if register.homeless:
            text = "openings of thermal zones are in walls that link to none of their building; they are left out"
            warn("opening-without-wall", f"{register.homeless} {text}")
        for prefix in undeclared:
            warn(
                "prefix-undeclared",
                f"line {prefix.line}: {prefix.message}; it is read all the same",
                place=str(prefix.line),
            )


def _place(problem: Problem) -> int:
    """Return the line of a problem, for sorting."""
    line = (problem.place or "").partition(":")[0]
    return int(line) if line.isdigit() else 0
