"""What is wrong with a CityJSON file and where: the second, careful look at what could not be read at once."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from twin.city.cityjson.boundaries import Boundaries
from twin.city.cityjson.document import ABSENT, NESTING, Pick
from twin.errors import Problems

__all__ = ["Diagnosis", "repeated"]

_DEEP = b"[" * 64  # far deeper than any boundary; only looked for once decoding has failed
_MAX_PROBLEMS = 100
_HUGE = 2**62

_BOUNDARIES: dict[int, Any] = {
    1: msgspec.json.Decoder(list[list[list[int]]]),
    2: msgspec.json.Decoder(list[list[list[list[int]]]]),
    3: msgspec.json.Decoder(list[list[list[list[list[int]]]]]),
}
_Text = bytes | memoryview | Raw
_Values = list[int | None] | None
_VALUES: dict[int, Any] = {
    1: msgspec.json.Decoder(_Values),
    2: msgspec.json.Decoder(list[_Values] | None),
    3: msgspec.json.Decoder(list[list[_Values] | None] | None),
}
_VERTICES = msgspec.json.Decoder(list[tuple[float, float, float]])
_SURFACES = msgspec.json.Decoder(list[dict[str, Any]])


class Diagnosis:
    """Notes problems of one file, at most so many that a person would read."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def problem(self, message: str, place: str, expected: str | None = None) -> None:
        """Note one problem."""
        if len(self.problems.found) < _MAX_PROBLEMS:
            self.problems.add(message, place or None, expected)

    def decode(self, decoder: Callable[[_Text], Any], text: _Text, place: str) -> Any:
        """Return what the decoder makes of a text, None after noting a problem."""
        try:
            return decoder(text)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at ")
            deep = "nested too deeply: " if _DEEP in bytes(text) else ""
            self.problem(deep + message[:1].lower() + message[1:], place + _pointer(path))
        except RecursionError:
            self.problem("nested too deeply", place, "the nesting of CityJSON")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self.problem(*_malformed(bytes(text), error, place))
        return None

    def vertices(self, text: Raw, place: str) -> NDArray[np.float64] | None:
        """Return the vertices of one document, None after noting a problem."""
        vertices = self.decode(_VERTICES.decode, text, f"{place}/vertices")
        return None if vertices is None else np.array(vertices, dtype=np.float64).reshape(-1, 3)

    def boundaries(self, pick: Pick) -> Boundaries:
        """Return the boundaries of one geometry, without surfaces after noting a problem."""
        depth = NESTING[pick.geometry.type]
        surfaces = self.decode(_BOUNDARIES[depth].decode, pick.geometry.boundaries, f"{pick.place}/boundaries") or []
        for _ in range(depth - 1):
            surfaces = list(chain.from_iterable(surfaces))
        rings = list(chain.from_iterable(surfaces))
        corners = list(chain.from_iterable(rings))
        if huge := [index for index in corners if abs(index) >= _HUGE]:
            text = f"vertex index {huge[0]} of {pick.owner} is out of range"
            self.problem(text, f"{pick.place}/boundaries", "the number of a vertex")
            corners = [index if abs(index) < _HUGE else 0 for index in corners]
        counts = (corners, list(map(len, rings)), list(map(len, surfaces)), [len(surfaces)])
        return Boundaries(*(np.array(some, dtype=np.int64) for some in counts))

    def indices(self, boundaries: Boundaries, n: int, pick: Pick) -> bool:
        """Tell whether all indices are those of vertices; note those that are not."""
        wrong = np.unique(boundaries.corners[(boundaries.corners < 0) | (boundaries.corners >= n)])
        if len(wrong):
            text = f"vertex index {', '.join(map(str, wrong[:5].tolist()))} of {pick.owner} is out of range"
            self.problem(text, f"{pick.place}/boundaries", f"0 to {n - 1}")
        return not len(wrong)

    def semantics(self, pick: Pick) -> tuple[list[dict[str, Any]], list[int] | None]:
        """Return thematic surfaces and values (-1 for null) of one geometry; None if it has no values."""
        semantics, place = pick.geometry.semantics, f"{pick.place}/semantics"
        if semantics is None:
            return [], None
        surfaces: list[dict[str, Any]] = []
        if semantics.surfaces is not ABSENT:
            surfaces = self.decode(_SURFACES.decode, semantics.surfaces, f"{place}/surfaces") or []
        for k, surface in enumerate(surfaces):
            if not isinstance(surface.get("type"), str):
                self.problem("semantic surface has no type", f"{place}/surfaces/{k}", "a type such as RoofSurface")
                surface["type"] = ""
        return surfaces, self._values(pick, semantics.values, len(surfaces), f"{place}/values")

    def _values(self, pick: Pick, text: Raw, n: int, place: str) -> list[int] | None:
        depth = NESTING[pick.geometry.type]
        values = self.decode(_VALUES[depth].decode, text, place)
        if values is None:
            return None
        for _ in range(depth - 1):
            values = list(chain.from_iterable(shell or [] for shell in values))
        wrong = {value for value in values if value is not None and not 0 <= value < n}
        if wrong:
            text_ = f"semantic value {min(wrong)} of {pick.owner} is out of range"
            self.problem(text_, place, f"0 to {n - 1}" if n else "no values, as there are no semantic surfaces")
            return None
        return [-1 if value is None else value for value in values]


def repeated(raw: Raw, texts: dict[str, Raw]) -> list[str]:
    """Return the keys that a JSON object holds more than once, of which a decoder keeps only the last.

    Without blanks an object is as long as its keys and values and their punctuation; only where that does not add up
    (a repeated key, or one written with escapes) is the text parsed again.
    """
    blanks = b" \t\r\n"
    keys = sum(len(msgspec.json.encode(key).translate(None, blanks)) for key in texts)
    values = sum(len(bytes(value).translate(None, blanks)) for value in texts.values())
    if keys + values + 2 * len(texts) + (1 if texts else 2) == len(bytes(raw).translate(None, blanks)):
        return []
    latest: list[tuple[str, Any]] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        latest[:] = pairs  # the outermost object comes last

    with suppress(RecursionError, ValueError):  # too deep, or wrong bytes: the objects' own decoding will say so
        json.loads(bytes(raw), object_pairs_hook=note, parse_int=float)
        return [name for name, uses in Counter(name for name, _ in latest).items() if uses > 1]
    return []


def _pointer(path: str) -> str:
    """Return msgspec's path (`` `$.geometry[0].lod` ``) as a JSON pointer."""
    return re.sub(r"[.\[]", "/", path.strip("`").removeprefix("$")).replace("]", "")


def _malformed(text: bytes, error: Exception, place: str) -> tuple[str, str, str]:
    """Return message, place and expectation for text that is no JSON."""
    match = re.search(r"\(byte (\d+)\)", str(error))
    at = int(match[1]) if match else getattr(error, "start", None)
    offset = len(text) if at is None else at
    line, column = text.count(b"\n", 0, offset) + 1, offset - text.rfind(b"\n", 0, offset)
    near = text[offset : offset + 12].decode("utf-8", "replace")
    reason = re.sub(r"\s*\(byte \d+\)|JSON is malformed: ", "", str(error))
    where = place or f"{line}:{column}"
    what = f"{place or f'line {line}'}, column {column}: {reason}" + (f" at {near!r}" if near else " (end of file)")
    return what[:1].lower() + what[1:], where, "JSON"
