"""Read ``.poly`` files: a list of vertices and the polygons of one shell over them, as TetGen and val3dity use it."""

from __future__ import annotations

import re

import numpy as np

from twin.city.check.primitives import Collector, Owner, Primitives
from twin.city.source import Source
from twin.errors import Problem, TwinError

__all__ = ["looks_like_poly", "read_poly"]

_HEADER = re.compile(rb"(\s*#[^\n]*\n|\s*\n)*\s*\d+[ \t]+3([ \t]+\d+){0,2}[ \t]*\r?(\n|$)")


def looks_like_poly(head: bytes) -> bool:
    """Say whether a file starts like one: number of vertices, and that they have three coordinates."""
    return _HEADER.match(head) is not None


def read_poly(source: Source) -> Primitives:
    """Read a ``.poly`` file as one solid.

    Of every facet the first polygon is the outline, the others are holes. What follows the facets is skipped (lists of
    holes and regions), up to another such header: what that starts is read as an inner shell.

    Format: TetGen manual (Si 2015), "poly" files.

    Raises
    ------
    TwinError
        If the file ends too early, or holds what is no number or no vertex; names the line.
    """
    lines = _Lines(source)
    collected = Collector(rings_closed=False, objects=[Owner(source.path.stem.partition(".")[0], "solid")])
    shells = []
    while lines.find_header():
        shells.append(_shell(lines, collected))
    collected.add("Solid", 0, "", "", [shells])
    return collected.done()


class _Lines:
    """The lines of a file that hold something, one after the other."""

    def __init__(self, source: Source) -> None:
        self._source = source
        text = source.read().decode("utf-8", "replace")
        self._rows = [
            (number, words)
            for number, line in enumerate(text.splitlines(), 1)
            if (words := line.partition("#")[0].split())
        ]
        self._next = 0

    def find_header(self) -> bool:
        """Go on to the next line that starts a list of vertices; say whether there is one."""
        while self._next < len(self._rows):
            words = self._rows[self._next][1]
            after = self._rows[self._next + 1][1] if self._next + 1 < len(self._rows) else []
            if self._next == 0 or (len(words) in (2, 4) and words[1] == "3" and len(after) >= 4):
                return True
            self._next += 1
        return False

    def error(self, message: str, expected: str) -> TwinError:
        number = self._rows[self._next - 1][0] if self._next else 1
        return TwinError(Problem(f"line {number}: {message}", self._source.path, str(number), expected))

    def take(self, what: str, at_least: int) -> tuple[int, list[float]]:
        """Return number and numbers of the next line."""
        if self._next == len(self._rows):
            raise self.error("the file ends too early", what)
        number, words = self._rows[self._next]
        self._next += 1
        try:
            values = [float(word) for word in words]
        except ValueError as error:
            raise self.error(str(error), what) from None
        if len(values) < at_least or not np.isfinite(values).all():
            raise self.error(f"{' '.join(words)!r}", what)
        return number, values

    def count(self, what: str) -> int:
        """Return the whole number that the next line starts with."""
        return self.whole(self.take(what, 1)[1][0], what)

    def whole(self, value: float, what: str) -> int:
        if value != int(value) or value < 0:
            raise self.error(f"{value:g}", what)
        return int(value)


def _shell(lines: _Lines, collected: Collector) -> list[tuple[str, list[list[int]]]]:
    """Read vertices and facets; return the facets as ``(place, rings)``."""
    vertices = [lines.take("a vertex: number, x, y, z", 4)[1] for _ in range(lines.count("the number of vertices"))]
    rows = {vertex[0]: row for row, vertex in enumerate(vertices)}
    start = collected.add_coordinates(np.array([vertex[1:4] for vertex in vertices], dtype=np.float64).reshape(-1, 3))
    facets = []
    for _ in range(lines.count("the number of facets")):
        number, head = lines.take("a facet: number of polygons, number of holes", 1)
        rings = [_ring(lines, rows, start) for _ in range(lines.whole(head[0], "a number of polygons"))]
        facets.append((str(number), rings))
        for _ in range(lines.whole(head[1], "a number of holes") if len(head) > 1 else 0):
            lines.take("a point in a hole: number, x, y, z", 4)
    return facets


def _ring(lines: _Lines, rows: dict[float, int], start: int) -> list[int]:
    """Read the corners of a polygon, which may go on over several lines."""
    what = "a polygon: number of corners, then that many vertices"
    values = lines.take(what, 1)[1]
    count = lines.whole(values[0], what)
    corners = values[1:]
    while len(corners) < count:
        corners += lines.take(what, 1)[1]
    if wrong := [corner for corner in corners[:count] if corner not in rows]:
        raise lines.error(f"there is no vertex {wrong[0]:g}", f"0 to {len(rows) - 1}")
    return [start + rows[corner] for corner in corners[:count]]
