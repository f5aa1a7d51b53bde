"""Read CityJSON 1.0 to 2.0 and CityJSON text sequences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.decode import DocumentDecoder
from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import Document
from twin.city.cityjson.gather import Gathering, drop_unused_vertices
from twin.city.cityjson.header import Header
from twin.city.cityjson.sequence import split
from twin.city.cityjson.tiles import parts
from twin.city.cityjson.vertices import parse_vertices
from twin.city.found import Found
from twin.city.source import Source
from twin.errors import Problems

__all__ = ["read_cityjson"]

_BATCH = 1 << 22  # bytes of a text sequence that are made into arrays at once


def read_cityjson(source: Source, lod: str, tile: int | None = None) -> Iterator[Found]:
    """Read all city objects of a CityJSON file or text sequence, one geometry each.

    Of every object the highest level of detail not above ``lod`` is taken (else the lowest above it); of several
    geometries at that level one with semantics, a solid before surfaces. A sequence is read as it is unpacked, so that
    with ``tile`` little more is held at a time than a tile.

    Parameters
    ----------
    tile
        How many top-level buildings (of a sequence: features) make one `Found`; None for all.

    Raises
    ------
    TwinError
        If the file is no JSON, no CityJSON, of an unknown version, or its indices, parents or transform are wrong;
        names line and column or JSON pointer. All such problems of the file (of a tile and what is before it) at once.
    """
    text, lines = split(source)
    reader = _Reader(source, lod)
    founds = reader.whole(text, tile) if lines is None else reader.sequence(lines, tile)
    del text  # which is large, and not needed any more when a Found is handed on
    yield from founds


class _Reader:
    """Reads one file."""

    def __init__(self, source: Source, lod: str) -> None:
        self.file, self.lod = str(source.path), lod
        self.problems = Problems(source.path)
        self.diagnosis = Diagnosis(self.problems)
        self.decode = DocumentDecoder(self.diagnosis)
        self.seen: set[str] = set()

    def whole(self, text: memoryview, tile: int | None) -> Iterator[Found]:
        """Yield what one CityJSON object holds, in parts."""
        document, header = self.decode(text, ""), self.decode.header
        del text
        if document is None or header is None:
            self.problems.raise_if_any()
            return
        coordinates = parse_vertices([document], header, self.diagnosis)
        if tile is None:
            found = self._gathered(document, header, coordinates)
            del document, coordinates
            yield found
            return
        for part in parts(document, tile):
            found = self._gathered(part, header, coordinates)
            drop_unused_vertices(found)
            yield found

    def _gathered(self, document: Document, header: Header, coordinates: NDArray[np.float64]) -> Found:
        gathering = Gathering(self.file, self.lod, header, self.diagnosis)
        gathering.add([document], coordinates)
        return self._checked(gathering)

    def sequence(self, lines: Iterator[tuple[str, bytes]], tile: int | None) -> Iterator[Found]:
        """Yield what the lines of a text sequence hold, so many features at a time."""
        gathering: Gathering | None = None
        for header, documents, complete in self._batches(lines, tile):
            if gathering is None:
                gathering = Gathering(self.file, self.lod, header, self.diagnosis)
            gathering.use(header)
            gathering.add(documents, parse_vertices(documents, header, self.diagnosis))
            if complete:
                yield self._checked(gathering)
                gathering = None

    def _batches(
        self, lines: Iterator[tuple[str, bytes]], tile: int | None
    ) -> Iterator[tuple[Header, list[Document], bool]]:
        """Yield features that share a header, a few megabytes at a time, and whether they complete a tile."""
        header: Header | None = None
        batch: list[Document] = []
        size = n = n_tiles = 0
        for place, line in lines:
            document = self.decode(line, place)
            if self.decode.header is None:
                break  # and there is a problem
            if self.decode.header is not header:
                if header is not None and batch:
                    yield header, batch, False
                    batch, size = [], 0
                header = self._follow(header, self.decode.header)
            if document is None or not document.objects:
                continue
            self._must_be_new(document)
            batch.append(document)
            size, n = size + len(line), n + 1
            if n == tile or size >= _BATCH:
                yield header, batch, n == tile
                batch, size, n_tiles, n = [], 0, n_tiles + (n == tile), n if n != tile else 0
        if header is None:
            self.problems.raise_if_any()
        elif n or not n_tiles:
            yield header, batch, True

    def _follow(self, first: Header | None, header: Header) -> Header:
        """Return the header of the lines to come; several sequences may follow one another in one system."""
        if first is not None and header.crs_as_found != first.crs_as_found:
            text = f"the reference system changes from {first.crs_as_found!r} to {header.crs_as_found!r}"
            self.diagnosis.problem(text, f"{header.place}/metadata/referenceSystem", "one for the whole file")
        return header

    def _must_be_new(self, document: Document) -> None:
        if not self.seen.isdisjoint(document.objects):
            for identifier in self.seen.intersection(document.objects):
                text = f"object {identifier} is given twice"
                self.diagnosis.problem(text, document.where(identifier), "unique ids")
        self.seen.update(document.objects)

    def _checked(self, gathering: Gathering) -> Found:
        """Return what was found if nothing is wrong with it."""
        self.problems.raise_if_any()
        found = gathering.close()
        if self.decode.n_unread:
            found.note("member-unread", f"{self.decode.n_unread} further members of features were left out")
            self.decode.n_unread = 0
        return found
