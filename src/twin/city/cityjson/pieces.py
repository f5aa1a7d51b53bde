"""A CityJSON document cut in pieces that are decoded one after the other, so that what is made of each stays in cache.

Cuts are guessed from the text and never trusted: a document is taken only if its frame (all but the objects) and every
piece are valid by themselves, as then the whole is. All else is left to `twin.city.cityjson.decode`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from twin.city.cityjson.document import ABSENT, OBJECTS, ROOT, SERIALS, Document, Root

__all__ = ["UnevenError", "frame_of", "pieces_of"]

_FAILURES = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_PIECE = 1 << 20  # bytes
_NEAR = 1 << 16  # bytes between objects and vertices that other members may take
_KEY = b'"CityObjects"'
_OBJECTS = re.compile(_KEY + rb"\s*:\s*\{")
_VERTICES = b'"vertices"'
_BLANKS = 16  # bytes behind a name in which its colon is looked for
_TRIED = 4  # places where the objects may end
_END = re.compile(
    rb"\}\s*(\})\s*,\s*"
    rb'"(?:vertices|type|version|transform|metadata|extensions|appearance|geometry-templates)"\s*:'
)

# Between two objects: the end of one, the identifier of the next and the name of its first member
_NEXT = re.compile(
    rb"\}(\s*,\s*)"
    rb'"(?!attributes"|address"|geometry"|semantics"|material"|texture")[^"\\]*"\s*:\s*\{'
    rb'\s*"(?:type|attributes|geometry|parents|children|address|geographicalExtent)"'
)


class UnevenError(Exception):
    """A document cannot be read in pieces."""


def frame_of(text: bytearray) -> tuple[Root, int, int] | None:
    """Return a document without its objects, and where these start and end; None if it is small or unusual."""
    match = _OBJECTS.search(text) if len(text) > 2 * _PIECE else None
    vertices = text.find(_VERTICES, match.end()) if match else -1
    if match is None or vertices < 0:
        return None
    near = max(match.end(), vertices - _NEAR), vertices + len(_VERTICES) + _BLANKS
    ends = [found.start(1) for found in _END.finditer(text, *near)]
    view = memoryview(text)
    for end in reversed(ends[-_TRIED:]):
        frame = b"".join((view[: match.end()], view[end:]))
        try:
            root = ROOT.decode(frame)
        except msgspec.ValidationError:
            return None  # it has members of its own
        except _FAILURES:
            continue
        simple = root.type == "CityJSON" and not root.CityObjects and frame.count(_KEY) == 1
        return (root, match.end(), end) if simple else None
    return None


def pieces_of(text: bytearray, start: int, end: int, n_vertices: int) -> Iterator[Document]:
    """Yield the objects between two places of a text, some at a time.

    Raises
    ------
    UnevenError
        If a piece is no valid object.
    """
    while start < end:
        match = _NEXT.search(text, start + _PIECE, end)
        stop = match.start() + 1 if match else end
        begun = next(SERIALS)
        try:
            objects = OBJECTS.decode(b"{%b}" % bytes(text[start:stop]))
        except _FAILURES:
            raise UnevenError from None
        if next(SERIALS) - begun - 1 != len(objects) or "\0" in "".join(objects):
            raise UnevenError
        yield Document("", ABSENT, objects, n_vertices=n_vertices)
        start = match.end(1) if match else end
