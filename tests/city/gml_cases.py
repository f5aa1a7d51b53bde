"""What a reader of CityGML found in a text, surface by surface; and CityGML 3.0 to read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from city_cases import Face, gml_multi, gml_polygon

from twin.city.found import Found
from twin.city.read import find

MODULES_3 = {"bldg": "building", "con": "construction", "gen": "generics", "tran": "transportation"}
HEAD_3 = (
    '<CityModel xmlns="http://www.opengis.net/citygml/3.0" xmlns:gml="http://www.opengis.net/gml/3.2" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" '
    + " ".join(f'xmlns:{prefix}="http://www.opengis.net/citygml/{name}/3.0"' for prefix, name in MODULES_3.items())
    + ">\n"
)
MODULES_2 = {"veg": "vegetation", "tran": "transportation", "wtr": "waterbody", "frn": "cityfurniture"}
MODULES_2 |= {"dem": "relief", "grp": "cityobjectgroup", "luse": "landuse", "brid": "bridge", "tun": "tunnel"}


class Surface(NamedTuple):
    object: str
    type: str
    group: int
    host: int
    corners: np.ndarray  # of the outer ring


def found_in(folder: Path, text: str, lod: str | None = None, tile: int | None = None) -> list[Found]:
    path = folder / "city.gml"
    path.write_text(text)
    return list(find(path, lod, tile))


def one(folder: Path, text: str, lod: str | None = None) -> Found:
    (found,) = found_in(folder, text, lod)
    return found


def surfaces(found: Found) -> list[Surface]:
    names = [*found.type_names, ""]
    listed = []
    for block in found.blocks:
        rings = np.cumsum([0, *block.surface_rings])
        corners = np.cumsum([0, *block.ring_sizes])
        for k, first in enumerate(rings[:-1]):
            outer = block.ring_vertices[corners[first] : corners[first + 1]]
            row, code = block.surface_objects[k], block.surface_types[k]
            listed.append(
                Surface(
                    found.ids[row],
                    names[code],
                    int(block.surface_groups[k]),
                    int(block.surface_hosts[k]),
                    block.coordinates[outer],
                )
            )
    return listed


def codes_of(found: Found) -> list[str]:
    return sorted(finding["code"] for finding in found.findings)


def model_2(*members: str) -> str:
    """A CityGML 2.0 model of top-level objects in any module."""
    declared = " ".join(f'xmlns:{p}="http://www.opengis.net/citygml/{n}/2.0"' for p, n in MODULES_2.items())
    body = "".join(f"<cityObjectMember>{member}</cityObjectMember>\n" for member in members)
    return (
        f'<CityModel xmlns="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml" '
        f'xmlns:bldg="http://www.opengis.net/citygml/building/2.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'xmlns:gen="http://www.opengis.net/citygml/generics/2.0" {declared}>\n{body}</CityModel>\n'
    )


def model_3(*members: str) -> str:
    return HEAD_3 + "".join(f"<cityObjectMember>{member}</cityObjectMember>\n" for member in members) + "</CityModel>\n"


def element(name: str, body: str = "", identifier: str = "") -> str:
    return f"<{name}{f' gml:id={chr(34)}{identifier}{chr(34)}' if identifier else ''}>{body}</{name}>"


def sheet(faces: list[Face], name: str = "lod2MultiSurface") -> str:
    """A geometry property of some faces."""
    return f"<{name}>{gml_multi([gml_polygon(rings) for _, rings in faces])}</{name}>"
