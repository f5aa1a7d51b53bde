"""A document cut in parts of so many buildings, each with all that belongs to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from twin.city.cityjson.document import CityObject, Document

__all__ = ["parts"]


def parts(document: Document, tile: int) -> Iterator[Document]:
    """Yield parts of a document with about ``tile`` top-level buildings each; families stay together."""
    families: dict[str, list[str]] = {}
    for identifier in document.objects:
        families.setdefault(_root(identifier, document.objects), []).append(identifier)
    chosen: list[str] = []
    n_buildings = 0
    for root, family in families.items():
        chosen += family
        n_buildings += document.objects[root].type == "Building"
        if n_buildings == tile:
            yield _part(document, chosen)
            chosen, n_buildings = [], 0
    if chosen:
        yield _part(document, chosen)


def _root(identifier: str, objects: dict[str, CityObject]) -> str:
    """Return the topmost ancestor of an object (some member of the circle where parents run in one)."""
    passed = {identifier}
    while names := objects[identifier].parents:
        above = next((name for name in names if name in objects and objects[name].type != "CityObjectGroup"), None)
        if above is None or above in passed:
            return identifier
        passed.add(above)
        identifier = above
    return identifier


def _part(document: Document, names: list[str]) -> Document:
    members = {name: document.members[name] for name in names if name in document.members}
    return replace(document, objects={name: document.objects[name] for name in names}, members=members)
