"""Windows and doors that a file gives only with the thermal zones of the Energy ADE 3.0.

There the boundary of a zone is a second wall, which links to the polygons of the building's own wall and holds the
openings. They are openings of the wall with those polygons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twin.city.citygml.names import GEOMETRY, MEANINGS, OPENING, SURFACES, local
from twin.city.citygml.polygons import HREF, gml_id
from twin.city.citygml.shapes import Shape
from twin.city.citygml.stream import Element
from twin.city.found import TYPE_CODES

__all__ = ["zone_openings"]


def zone_openings(zone: Element, walls: Mapping[str, int], groups: Iterator[int]) -> tuple[list[list[Shape]], int]:
    """Return the geometries of every opening in the boundary of a thermal zone, and how many have no known wall.

    Parameters
    ----------
    zone
        The property of a building that holds the zone.
    walls
        By ``gml:id`` of a polygon, the number of the thematic surface it belongs to.
    groups
        Numbers for the openings.
    """
    openings, homeless = [], 0
    for boundary in zone.iter("{*}thermalBoundary"):
        for wall in boundary:
            links = (str(e.get(HREF)).removeprefix("#") for e in wall.iter("{*}surfaceMember") if e.get(HREF))
            host = next((walls[link] for link in links if link in walls), None)
            if host is None:
                homeless += sum(1 for _ in _openings(wall))
            else:
                openings += [_shapes(opening, host, next(groups)) for opening in _openings(wall)]
    return [shapes for shapes in openings if shapes], homeless


def _openings(wall: Element) -> Iterator[Element]:
    for holder in wall:
        if MEANINGS[holder.tag].role == OPENING:
            yield from holder


def _shapes(opening: Element, host: int, group: int) -> list[Shape]:
    code = TYPE_CODES.get(SURFACES[opening.tag] or "")
    if code is None:
        return []
    said = {local[e.tag]: text for e in opening if local[e.tag] == "name" and (text := (e.text or "").strip())}
    return [
        Shape(meaning.lod, meaning.shape, element, code, gml_id(opening), said, group, host)
        for element in opening
        if (meaning := MEANINGS[element.tag]).role == GEOMETRY
    ]
