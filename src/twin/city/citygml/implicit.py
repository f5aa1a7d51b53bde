"""Implicit geometry: a prototype in coordinates of its own, placed by a matrix and a reference point.

OGC 12-019 (CityGML 2.0), 8.3: a point of the prototype is multiplied by the transformation matrix, then moved by the
reference point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from twin.city.citygml.names import local
from twin.city.citygml.polygons import HREF
from twin.city.citygml.stream import Element

__all__ = ["Implicit", "read_implicit"]


@dataclass(frozen=True, slots=True)
class Implicit:
    """A prototype and where it stands.

    Attributes
    ----------
    geometry
        The element that holds or links to the prototype, None if there is none in the file.
    matrix
        Places the prototype, shape ``(4, 4)``; None if it cannot be read.
    library
        The file that holds the prototype instead.
    """

    geometry: Element | None
    matrix: NDArray[np.float64] | None
    library: str


def read_implicit(element: Element, target: Callable[[str], Element | None]) -> Implicit:
    """Read the implicit geometry in a property such as ``lod1ImplicitRepresentation``.

    Parameters
    ----------
    target
        Finds an element by its ``gml:id``, for a reference point that is a link.
    """
    inside = {local[e.tag]: e for e in element.iter() if local[e.tag] in _WANTED}
    point = inside.get("referencePoint")
    if point is not None and (href := point.get(HREF)) is not None:
        point = target(str(href).removeprefix("#"))
    library = inside.get("libraryObject")
    return Implicit(
        inside.get("relativeGMLGeometry", inside.get("relativeGeometry")),
        _placement(_numbers(inside.get("transformationMatrix")), _numbers(point)),
        "" if library is None else (library.text or "").strip() or "unnamed",
    )


_WANTED = {"relativeGMLGeometry", "relativeGeometry", "transformationMatrix", "referencePoint", "libraryObject"}


def _numbers(element: Element | None) -> list[float] | None:
    """Return the numbers in an element, none if it is absent, None if they are none."""
    words = [] if element is None else "".join(text for text in element.itertext()).split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return None
    return numbers if all(map(isfinite, numbers)) else None


def _placement(matrix: list[float] | None, reference: list[float] | None) -> NDArray[np.float64] | None:
    if matrix is None or reference is None or len(matrix) not in (0, 16) or len(reference) not in (0, 3):
        return None
    placed = np.array(matrix, dtype=np.float64).reshape(4, 4) if matrix else np.eye(4)
    placed[:3, 3] += reference or 0.0
    return placed
