"""The vertices of documents as coordinates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from twin.city.cityjson.boundaries import Nested, parse_nested, parse_rows
from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import Document
from twin.city.cityjson.header import Header

__all__ = ["parse_vertices"]

Floats = NDArray[np.float64]
Corners = tuple[NDArray[Any], list[int]]  # of all documents, and how many each has

_EMPTY = Raw(b"[]")
_PIECE = 125_000  # bytes that are made into numbers at a time: with the list they end in, one piece of `iter_numbers`
_JOINT = re.compile(rb"\],\[")


def parse_vertices(documents: Sequence[Document], header: Header, diagnosis: Diagnosis) -> Floats:
    """Return the coordinates of all vertices of documents, and note in each where its own are; shape ``(n, 3)``.

    The documents lose their text on the way.
    """
    corners, counts = _of_one(documents) or _of_all(documents) or _one_by_one(documents, diagnosis)
    coordinates = header.apply(corners, diagnosis)
    first = 0
    for document, n in zip(documents, counts, strict=True):
        document.vertices = _EMPTY
        document.first_vertex, document.n_vertices = first, -1 if coordinates is None else n
        first += max(n, 0)
    return np.zeros((0, 3)) if coordinates is None else coordinates


def _of_one(documents: Sequence[Document]) -> Corners | None:
    """Return the vertices of a single document, piece by piece; None if it is not single, or anything is odd."""
    if len(documents) != 1:
        return None
    text = memoryview(documents[0].vertices)
    if bytes(text[:2]) != b"[[" or bytes(text[-2:]) != b"]]":
        return None
    parts = []
    for piece in _pieces(text[1:-1]):
        corners = parse_rows(piece, 3)
        if corners is None:
            return None
        parts.append(corners)
    return np.concatenate(parts), [sum(map(len, parts))]


def _pieces(text: memoryview) -> Iterator[memoryview]:
    """Yield pieces that hold whole lists."""
    at = 0
    while at < len(text):
        joint = _JOINT.search(text, at + _PIECE)
        stop = joint.start() + 1 if joint else len(text)
        yield text[at:stop]
        at = stop + 1


def _of_all(documents: Sequence[Document]) -> Corners | None:
    """Return the vertices of all documents, None if anything is odd."""
    filled = [k for k, document in enumerate(documents) if document.vertices != _EMPTY]
    counts = np.zeros(len(documents), dtype=np.int64)
    if not filled:
        return np.zeros((0, 3)), counts.tolist()
    parsed = parse_nested(b",".join([documents[k].vertices for k in filled]), 2)
    if parsed is None or not _are_triples(parsed):
        return None
    begun = np.flatnonzero(parsed.opened == 2)
    if len(begun) != len(filled):
        return None
    counts[filled] = np.diff(begun, append=len(parsed.starts))
    return parsed.values.reshape(-1, 3), counts.tolist()


def _are_triples(parsed: Nested) -> bool:
    return len(parsed.values) == 3 * len(parsed.starts) and bool((np.diff(parsed.starts) == 3).all())


def _one_by_one(documents: Sequence[Document], diagnosis: Diagnosis) -> Corners:
    """Return the same after noting what is wrong; -1 vertices where something is."""
    found = [diagnosis.vertices(document.vertices, document.place) for document in documents]
    corners = np.concatenate([np.zeros((0, 3)), *(some for some in found if some is not None)])
    return corners, [-1 if some is None else len(some) for some in found]
