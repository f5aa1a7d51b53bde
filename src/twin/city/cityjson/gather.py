"""From documents to what is found in them: objects as lists, vertices and surfaces as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import INSTANCE, Document, Picks
from twin.city.cityjson.geometry import add_block, parse_shapes
from twin.city.cityjson.header import Header
from twin.city.cityjson.objects import Objects
from twin.city.cityjson.semantics import Labeller
from twin.city.cityjson.templates import add_instances
from twin.city.found import Found

__all__ = ["Gathering", "drop_unused_vertices"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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
        picks = self.objects.add(documents)
        if any(document.n_vertices < 0 for document in documents):
            picks = picks.where([document.n_vertices >= 0 for document in picks.documents])
        for document in documents:
            document.objects = {}  # of which only the picks are still needed
        picks, instances = self._parted(picks)
        if len(picks):
            shapes = parse_shapes(picks, *_vertices_of(picks), self.label, self.diagnosis)
            add_block(self.found, shapes, coordinates, np.array(picks.rows), self.label)
        if len(instances):
            templates, n = self.header.templates, _vertices_of(instances)
            add_instances(self.found, instances, *n, coordinates, templates, self.label, self.diagnosis)

    def _parted(self, picks: Picks) -> tuple[Picks, Picks]:
        """Return the geometries that are none, and those that are instances of templates."""
        if not self.header.templates.geometries:
            return picks, Picks.none()
        instanced = [geometry.type == INSTANCE for geometry in picks.geometries]
        return picks.where([not some for some in instanced]), picks.where(instanced)

    def close(self) -> Found:
        """Return what was found, with notes of what was left out."""
        self.objects.report()
        self.found.surface_ids, self.found.surface_attributes = self.label.said()
        return self.found


def drop_unused_vertices(found: Found) -> None:
    """Keep of the coordinates those that surfaces refer to."""
    for k, block in enumerate(found.blocks):
        used, rows = np.unique(block.ring_vertices, return_inverse=True)
        found.blocks[k] = replace(block, coordinates=block.coordinates[used], ring_vertices=rows)


def _vertices_of(picks: Picks) -> tuple[Ints, Ints]:
    """Return for each geometry the row of the first vertex it may refer to, and how many there are."""
    homes = picks.documents
    if homes[0] is homes[-1]:  # one document, as those of several follow one another
        return np.full(len(homes), homes[0].first_vertex), np.full(len(homes), homes[0].n_vertices)
    return np.array([home.first_vertex for home in homes]), np.array([home.n_vertices for home in homes])
