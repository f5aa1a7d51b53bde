"""Instances of geometry templates, placed: every corner by the instance's matrix, then by its reference point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from twin.city.cityjson.boundaries import Boundaries
from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import Document, Geometry, Pick, Picks
from twin.city.cityjson.geometry import Shapes, add_block, parse_shapes
from twin.city.cityjson.semantics import Labeller
from twin.city.found import Found

__all__ = ["Templates", "add_instances"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class _Written(msgspec.Struct):
    templates: list[Geometry] = []
    vertices: list[tuple[float, float, float]] = msgspec.field(default_factory=list, name="vertices-templates")


_DECODER = msgspec.json.Decoder(_Written)


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates of a file.

    Attributes
    ----------
    vertices
        In the units of the reference system, around the origin, shape ``(n, 3)``.
    """

    geometries: Sequence[Geometry] = ()
    vertices: Floats = field(default_factory=lambda: np.zeros((0, 3)))

    @classmethod
    def read(cls, text: Raw, place: str, diagnosis: Diagnosis) -> Templates:
        """Decode the member ``geometry-templates``."""
        written = diagnosis.decode(_DECODER.decode, text, f"{place}/geometry-templates")
        if written is None:
            return cls()
        vertices = np.array(written.vertices, dtype=np.float64).reshape(-1, 3)
        return cls(written.templates, vertices)


def add_instances(
    found: Found,
    picks: Picks,
    first: Ints,
    n_vertices: Ints,
    coordinates: Floats,
    templates: Templates,
    labeller: Labeller,
    diagnosis: Diagnosis,
) -> None:
    """Add one block per template with all its instances.

    A template's matrix is applied to its vertices, and the reference point added (CityJSON 2.0.1, 3.4).

    Parameters
    ----------
    picks
        Geometries of type ``GeometryInstance``.
    first, n_vertices
        Row of the first vertex that each may refer to, and how many there are from there on.
    """
    instances = [picks.pick(k) for k in range(len(picks))]
    points = _reference_points(instances, first, n_vertices, diagnosis)
    matrices = np.array([_matrix(pick, diagnosis) for pick in instances])
    numbers = np.array([geometry.template for geometry in picks.geometries])
    rows = np.array(picks.rows)
    if not len(coordinates):
        return  # and every reference point is a problem
    home = Document("", Raw(b"[]"), {})
    for number in np.unique(numbers).tolist():
        of = numbers == number
        template = Picks([templates.geometries[number]], [-1], [number], [f"template {number}"], [home])
        n = np.array([len(templates.vertices)])
        shape = parse_shapes(template, np.zeros(1, dtype=np.int64), n, labeller, diagnosis)
        if not len(templates.vertices):
            continue  # and every corner is a problem
        placed = np.einsum("iab,vb->iva", matrices[of, :3, :3], templates.vertices[_used(shape)])
        placed += (matrices[of, :3, 3] + coordinates[points[of]])[:, None]
        copies = _repeated(shape, int(np.count_nonzero(of)), labeller)
        add_block(found, copies, placed.reshape(-1, 3), rows[of], labeller)


def _used(shape: Shapes) -> Ints:
    return np.unique(shape.boundaries.corners)


def _repeated(shape: Shapes, n: int, labeller: Labeller) -> Shapes:
    """Return ``n`` copies of a shape that refer to as many copies of the vertices it uses, and are groups apart."""
    some, used = shape.boundaries, _used(shape)
    copy = np.arange(n)[:, None]
    corners = np.searchsorted(used, some.corners) + copy * len(used)
    first, span = (int(shape.groups.min()), int(np.ptp(shape.groups)) + 1) if len(shape.groups) else (0, 0)
    apart = labeller.reserve(n * span) - first + copy * span
    hosts = np.where(shape.hosts < 0, -1, shape.hosts + apart)
    return Shapes(
        Boundaries(corners.ravel(), *(np.tile(a, n) for a in (some.ring_sizes, some.surface_rings, some.surfaces))),
        np.tile(shape.types, n),
        (shape.groups + apart).ravel(),
        hosts.ravel(),
        np.tile(shape.kinds, n),
    )


def _reference_points(picks: Sequence[Pick], first: Ints, n_vertices: Ints, diagnosis: Diagnosis) -> Ints:
    """Return the row of the vertex that each instance stands at."""
    points = []
    for pick, start, n in zip(picks, first.tolist(), n_vertices.tolist(), strict=True):
        place = f"{pick.place}/boundaries"
        point: Any = diagnosis.decode(_POINT.decode, pick.geometry.boundaries, place)
        if point is not None and not 0 <= point[0] < n:
            text = f"vertex index {point[0]} of {pick.owner} is out of range"
            diagnosis.problem(text, place, f"0 to {n - 1}")
            point = None
        points.append(0 if point is None else start + point[0])
    return np.array(points, dtype=np.int64)


_POINT = msgspec.json.Decoder(tuple[int])


def _matrix(pick: Pick, diagnosis: Diagnosis) -> Floats:
    """Return the matrix of an instance, shape ``(4, 4)``."""
    numbers = pick.geometry.matrix
    matrix = np.array(numbers if numbers is not None and len(numbers) == 16 else np.full(16, np.nan), dtype=np.float64)
    matrix = matrix.reshape(4, 4)
    if not (np.isfinite(matrix).all() and (matrix[3] == (0, 0, 0, 1)).all()):
        text = f"the transformation matrix of {pick.owner} is {numbers}"
        diagnosis.problem(text, f"{pick.place}/transformationMatrix", "16 numbers, row by row, the last row 0 0 0 1")
        return np.eye(4)
    return matrix
