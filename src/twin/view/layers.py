"""Layers as they are drawn: ragged shapes of entities, checked and joined into one set of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem
from twin.results.model import DrawnLayer

__all__ = ["LANDMARKS", "SKINS", "Shapes", "joined", "problems_of", "selected"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROWS = {"triangles": 3, "lines": 2, "points": 1}
# Points by which readers find their way in a network: entity set -> what the legend calls it
LANDMARKS = {"transformer": "transformer"}
# Faces of bodies that can have values of their own, and then are coloured instead: entity set -> the bodies
SKINS = {"surface": "building"}


def problems_of(layer: DrawnLayer) -> Iterator[Problem]:
    """Yield what is wrong with a layer, so that nothing is drawn from the wrong rows."""
    place = f"layer {layer.name}"
    rows, offsets = np.asarray(layer.coordinates), np.asarray(layer.offsets)
    if rows.ndim != 2 or rows.shape[1] != 3:
        yield Problem(f"coordinates have the shape {rows.shape}", place=place, expected="(n, 3)")
    elif not np.isfinite(rows).all():
        yield Problem("a coordinate is no number", place=place)
    if layer.kind not in _ROWS:
        yield Problem(f"the kind is {layer.kind!r}", place=place, expected=", ".join(_ROWS))
    if offsets.shape != (len(layer.ids) + 1,):
        yield Problem(f"{offsets.size} offsets for {len(layer.ids)} ids", place=place, expected="one more than ids")
        return
    if offsets[0] != 0 or offsets[-1] != len(rows) or (np.diff(offsets) < 0).any():
        found = f"offsets run from {offsets[0]} to {offsets[-1]}"
        yield Problem(found, place=place, expected=f"rising from 0 to {len(rows)}, the number of coordinates")
        return
    step = _ROWS.get(layer.kind, 1)
    odd = np.flatnonzero(np.diff(offsets) % step)
    if len(odd):
        yield Problem(f"{layer.ids[odd[0]]} has rows left over", place=place, expected=f"{step} for each")


@dataclass(frozen=True)
class Shapes:
    """All rows of some layers, and whose they are.

    Attributes
    ----------
    rows
        m, shape ``(n, 3)``.
    owner
        The entity each row belongs to, numbered through all layers, shape ``(n,)``.
    kind
        What the rows of each entity are, shape ``(n_entities,)``.
    entity
        The entity set each entity belongs to, shape ``(n_entities,)``.
    ids
        Shape ``(n_entities,)``.
    """

    rows: Floats
    owner: Ints
    kind: NDArray[np.str_]
    entity: NDArray[np.str_]
    ids: tuple[str, ...]

    def _of(self, kind: str) -> tuple[Floats, Ints]:
        here = self.kind[self.owner] == kind
        return self.rows[here], self.owner[here]

    @property
    def _is_skin(self) -> NDArray[np.bool_]:
        return np.isin(self.entity, list(SKINS))

    @property
    def has_skin(self) -> bool:
        """Whether faces of bodies are coloured one by one."""
        return bool(self._is_skin.any())

    @property
    def triangles(self) -> tuple[Floats, Ints]:
        """Faces that show ``(n, 3, 3)`` and the entity of each: skins instead of the bodies they belong to."""
        covered = {body for skin, body in SKINS.items() if (self.entity == skin).any()}
        return self._faces(~np.isin(self.entity, list(covered)))

    @property
    def bodies(self) -> tuple[Floats, Ints]:
        """Faces of what stands on the ground ``(n, 3, 3)`` and the entity of each, without skins."""
        return self._faces(~self._is_skin)

    def _faces(self, of: NDArray[np.bool_]) -> tuple[Floats, Ints]:
        rows, owner = self._of("triangles")
        wanted = of[owner]
        return rows[wanted].reshape(-1, 3, 3), owner[wanted][::3]

    @property
    def segments(self) -> tuple[Floats, Ints]:
        """Pieces of lines ``(n, 2, 3)`` and the entity of each."""
        rows, owner = self._of("lines")
        return rows.reshape(-1, 2, 3), owner[::2]

    @property
    def points(self) -> tuple[Floats, Ints]:
        """Points ``(n, 3)`` and the entity of each."""
        return self._of("points")

    @cached_property
    def foot(self) -> Floats:
        """Height of the lowest row of each entity, m, shape ``(n_entities,)``."""
        lowest = np.full(len(self.ids), np.inf)
        np.minimum.at(lowest, self.owner, self.rows[:, 2])
        return lowest

    @property
    def standing(self) -> Floats:
        """One point on the ground for each body, or for each entity if there are no bodies, m, shape ``(n, 3)``."""
        lowest = self.rows[:, 2] < self.foot[self.owner] + 0.01
        bodies = lowest & ((self.kind == "triangles") & ~self._is_skin)[self.owner]
        chosen = bodies if bodies.any() else lowest
        rows, owner = self.rows[chosen], self.owner[chosen]
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        return np.asarray(np.add.reduceat(rows, first) / np.diff(first, append=len(rows))[:, None])


def selected(layers: Sequence[DrawnLayer], coloured: Set[str]) -> list[DrawnLayer]:
    """Return the layers that belong into a picture in which these entity sets have values; all if none has.

    Colours on bodies are not to be disturbed by cables and pipes. Where lines or points have the colours, bodies, other
    lines and landmarks are their surroundings. Skins are drawn only where they have the colours.
    """
    layers = [layer for layer in layers if layer.entity not in SKINS or layer.entity in coloured]
    bodies = {layer.entity for layer in layers if layer.kind == "triangles"}
    of_network = not bodies.issuperset(coloured)
    return [
        layer
        for layer in layers
        if not coloured
        or layer.entity in coloured | bodies
        or (of_network and (layer.kind == "lines" or layer.entity in LANDMARKS))
    ]


def joined(layers: Sequence[DrawnLayer]) -> Shapes:
    """Return the layers as one set of arrays; they must be free of problems.

    Lines of entities that also have faces are left out: the edges of a body are found from its faces.
    """
    bodies = {layer.entity for layer in layers if layer.kind == "triangles"}
    layers = [layer for layer in layers if layer.kind != "lines" or layer.entity not in bodies]
    count = np.concatenate([np.diff(layer.offsets) for layer in layers])
    entities = [len(layer.ids) for layer in layers]
    return Shapes(
        rows=np.concatenate([np.asarray(layer.coordinates, dtype=np.float64) for layer in layers]),
        owner=np.repeat(np.arange(len(count)), count),
        kind=np.repeat([layer.kind for layer in layers], entities),
        entity=np.repeat([layer.entity for layer in layers], entities),
        ids=tuple(i for layer in layers for i in layer.ids),
    )
