"""The geometries that an object offers, and which of them are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from twin.city.citygml.names import PLAIN_ORDER
from twin.city.citygml.stream import Element
from twin.city.found import NOTHING, UNKNOWN_TYPE, best_lod

__all__ = ["Offer", "Shape", "best", "choose"]


class Shape(msgspec.Struct, frozen=True, gc=False):
    """One geometry of an object or of a thematic surface of it; ``group`` is -1 for a geometry without semantics.

    A struct takes a fraction of a named tuple's time to make.
    """

    lod: str
    kind: str
    element: Element
    type_code: int = UNKNOWN_TYPE
    identifier: str = ""
    attributes: Mapping[str, Any] = NOTHING
    group: int = -1
    host: int = -1


class Offer:
    """An object with its geometries, whether openings may be among them, and the thermal zones in it."""

    __slots__ = ("attributes", "has_openings", "kind", "row", "shapes", "zones")

    def __init__(self, row: int, kind: str, attributes: dict[str, Any]) -> None:
        self.row, self.kind, self.attributes = row, kind, attributes
        self.has_openings = False
        self.shapes: list[Shape] = []
        self.zones: list[Element] = []

    def levels(self) -> frozenset[str]:
        """Return all levels of detail."""
        return frozenset([shape.lod for shape in self.shapes])

    def lods(self) -> frozenset[str]:
        """Return the levels of detail of the object; those of openings alone do not count."""
        if not self.has_openings:
            return self.levels()
        return frozenset([shape.lod for shape in self.shapes if shape.host < 0])

    def thematic(self, lod: str, wanted: str) -> list[Shape]:
        """Return thematic surfaces, and the openings in them.

        An opening is at the level of its wall; one that has no such level, nor any that its wall has, at its best one.
        """
        if not self.has_openings:
            return [shape for shape in self.shapes if shape.group >= 0 and shape.lod == lod]
        own = [shape for shape in self.shapes if shape.group >= 0]
        levels: dict[int, set[str]] = {}
        for shape in own:
            levels.setdefault(shape.group, set()).add(shape.lod)
        taken = dict.fromkeys(levels, lod)
        for group, host in {shape.group: shape.host for shape in own if shape.host >= 0}.items():
            if lod not in levels[group] and not levels[group] & levels.get(host, set()):
                taken[group] = best(frozenset(levels[group]), wanted) or lod
        return [shape for shape in own if shape.lod == taken[shape.group]]

    def plain(self, lod: str) -> list[Shape]:
        """Return geometries without semantics, solids first."""
        at_lod = [shape for shape in self.shapes if shape.group < 0 and shape.lod == lod]
        return sorted(at_lod, key=lambda shape: PLAIN_ORDER.index(shape.kind))


def choose(offers: Sequence[Offer], wanted: str) -> list[str | None]:
    """Return the level of detail for each object of a feature, the first being the feature itself.

    Where parts have a finer level than the whole, the whole's own geometry covers them once more and is not taken.
    """
    chosen = [best(offer.lods(), wanted) for offer in offers]
    of_parts = [lod for offer, lod in zip(offers[1:], chosen[1:], strict=True) if lod and offer.kind.endswith("Part")]
    if of_parts and chosen[0] != best(frozenset(filter(None, (chosen[0], *of_parts))), wanted):
        chosen[0] = None
    return chosen


@lru_cache(maxsize=1024)
def best(lods: frozenset[str], wanted: str) -> str | None:
    """Return the best of some levels of detail; see `best_lod`."""
    return best_lod(lods, wanted)
