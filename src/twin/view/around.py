"""The part of a city that stands around a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.results.model import DrawnLayer
from twin.view.layers import SKINS

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

__all__ = ["near"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SAME_M, _TOUCHING_M = 0.01, 0.3  # apart are corners of faces and their bodies, and of houses in a row, at most


def near(layers: Sequence[DrawnLayer], place: Floats, radius_m: float) -> list[DrawnLayer]:
    """Return what stands around a place ``(x, y)``, m: rows of houses whole, and of networks what is that near itself.

    Parameters
    ----------
    radius_m
        Within which the middle of a body lies, or that of another one it touches.
    """
    from scipy.spatial import cKDTree

    within = {layer.name: np.hypot(*(_middles(layer) - place).T) <= radius_m for layer in layers}
    corners = np.empty((0, 3))
    for layer in (layer for layer in layers if layer.kind == "triangles" and layer.entity not in SKINS):
        kept, grown = 0, within[layer.name]
        while kept < grown.sum():
            kept = grown.sum()
            grown = _any(layer, _near(cKDTree(_rows(layer, grown)), layer, _TOUCHING_M))
        within[layer.name] = grown
        corners = np.concatenate([corners, _rows(layer, grown)])
    for layer in (layer for layer in layers if layer.entity in SKINS):
        within[layer.name] = ~_any(layer, ~_near(cKDTree(corners), layer, _SAME_M))
    return [_taken(layer, within[layer.name]) for layer in layers]


def _middles(layer: DrawnLayer) -> Floats:
    """Return the mean of the rows of each entity in plan, NaN where it has none, shape ``(n_entities, 2)``."""
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(layer.coordinates[:, :2], axis=0)])
    counts = np.diff(layer.offsets)[:, None]
    return np.where(counts > 0, np.diff(sums[layer.offsets], axis=0) / np.maximum(counts, 1), np.nan)


def _near(points: cKDTree, layer: DrawnLayer, reach_m: float) -> Mask:
    """Return which rows of a layer have one of some points within reach."""
    distance, _ = points.query(layer.coordinates, distance_upper_bound=reach_m)
    return np.asarray(distance < np.inf)


def _any(layer: DrawnLayer, rows: Mask) -> Mask:
    """Return which entities have any of some rows."""
    return np.asarray(np.diff(np.concatenate([[0], np.cumsum(rows)])[layer.offsets]) > 0)


def _rows(layer: DrawnLayer, entities: Mask) -> Floats:
    return np.asarray(layer.coordinates[np.repeat(entities, np.diff(layer.offsets))])


def _taken(layer: DrawnLayer, entities: Mask) -> DrawnLayer:
    offsets = np.concatenate([[0], np.cumsum(np.diff(layer.offsets)[entities])])
    ids = [name for name, kept in zip(layer.ids, entities, strict=True) if kept]
    return replace(layer, coordinates=_rows(layer, entities), offsets=offsets, ids=ids)
