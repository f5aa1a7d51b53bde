"""From documents to what is found in them: objects as lists, vertices and surfaces as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import INSTANCE, Document, Pick
from twin.city.cityjson.geometry import add_block, parse_shapes
from twin.city.cityjson.header import Header
from twin.city.cityjson.objects import Objects
from twin.city.cityjson.semantics import Labeller
from twin.city.cityjson.templates import add_instances
from twin.city.found import Found

__all__ = ["Gathering", "drop_unused_vertices"]

Floats = NDArray[np.float64]


class Gathering:
    """Adds documents to one `Found`."""

    def __init__(self, file: str, lod: str, header: Header, diagnosis: Diagnosis) -> None:
        self.found = header.open(file)
        self.header, self.diagnosis = header, diagnosis
        self.objects = Objects(self.found, diagnosis, lod, header.templates.geometries)
        self.label = Labeller(self.found, diagnosis)

    def use(self, header: Header) -> None:
        """Go on with the templates of another header."""
        if header is not self.header:
            self.header = header
            self.objects.levels.use(header.templates.geometries)

    def add(self, documents: Sequence[Document], coordinates: Floats) -> None:
        """Add the objects of documents and their geometries; ``coordinates`` are those of all their vertices."""
        picks = [pick for pick in self.objects.add(documents) if pick.document.n_vertices >= 0]
        for document in documents:
            document.objects = {}  # of which only the picks are still needed
        self._shapes([pick for pick in picks if pick.geometry.type != INSTANCE], coordinates)
        if instances := [pick for pick in picks if pick.geometry.type == INSTANCE]:
            first, n = _vertices_of(instances)
            add_instances(
                self.found, instances, first, n, coordinates, self.header.templates, self.label, self.diagnosis
            )

    def _shapes(self, picks: Sequence[Pick], coordinates: Floats) -> None:
        if not picks:
            return
        first, n = _vertices_of(picks)
        rows = np.fromiter([pick.row for pick in picks], dtype=np.int64, count=len(picks))
        shapes = parse_shapes(picks, first, n, self.label, self.diagnosis)
        add_block(self.found, shapes, coordinates, rows)

    def close(self) -> Found:
        """Return what was found, with notes of what was left out."""
        self.objects.report()
        return self.found


def drop_unused_vertices(found: Found) -> None:
    """Keep of the coordinates those that surfaces refer to."""
    for k, block in enumerate(found.blocks):
        used, rows = np.unique(block.ring_vertices, return_inverse=True)
        found.blocks[k] = replace(block, coordinates=block.coordinates[used], ring_vertices=rows)


def _vertices_of(picks: Sequence[Pick]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each geometry the row of the first vertex it may refer to, and how many there are."""
    homes = [pick.document for pick in picks]
    first = np.fromiter([home.first_vertex for home in homes], dtype=np.int64, count=len(homes))
    return first, np.fromiter([home.n_vertices for home in homes], dtype=np.int64, count=len(homes))
