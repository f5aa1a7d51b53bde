"""Large terrain models in little memory: complete triangles of an unfinished surface become one short element."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from twin.city.citygml.names import FOLDED, local

__all__ = ["fold", "unfold"]

_PATCHES = {"trianglePatches", "patches"}
_AT_LEAST = 1000  # triangles at a time

Element = etree._Element


def fold(unfinished: Element) -> bool:
    """Fold the triangles of a surface that is being parsed; return whether there were enough to do so."""
    patches = unfinished
    while local[patches.tag] not in _PATCHES:
        if not len(patches):
            return False
        patches = patches[-1]
    first = 0
    while first < len(patches) and patches[first].tag == FOLDED:
        first += 1
    complete = patches[first:-1]
    if len(complete) < _AT_LEAST:
        return False
    rings = [_ring(face) for face in complete]
    if None in rings:
        return False
    folded = etree.Element(FOLDED)
    folded.text = ";".join(ring for ring in rings if ring is not None)
    del patches[first:-1]
    patches.insert(first, folded)
    return True


def unfold(folded: Element) -> Iterator[tuple[int, str]]:
    """Yield line and coordinates of every triangle in a folded element."""
    for ring in (folded.text or "").split(";"):
        at, _, numbers = ring.partition(":")
        yield int(at) if at.isdecimal() else 0, numbers  # a file may hold anything, elements called like ours too


def _ring(face: Element) -> str | None:
    """Return line and coordinates of a triangle, None if it is more than that."""
    if len(face) != 1 or len(face[0]) != 1 or local[face.tag] != "Triangle" or face.keys():
        return None
    boundary = face[0]
    texts = [position.text for position in boundary[0][:]]
    if local[boundary.tag] != "exterior" or local[boundary[0].tag] != "LinearRing" or not all(texts):
        return None
    numbers = " ".join(text for text in texts if text)
    return None if ";" in numbers or ":" in numbers else f"{boundary.sourceline or 0}:{numbers}"
