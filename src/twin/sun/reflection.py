"""The first reflection between buildings: what a surface receives of the sun that falls on those it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.sun.sight.visibility import Hits, Visibility

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["exchange"]

Floats = NDArray[np.float64]


def exchange(*views: Visibility) -> csr_array:
    """Return the view factors from each surface to the others, by what its rays hit first, shape ``(s, s)``.

    A ray stands for the cosine-weighted solid angle of its patch. What only casts shade reflects nothing, nor does the
    back of a surface, which is all that a party wall looks at.

    Raises
    ------
    ValueError
        If it is not known what the rays hit.
    """
    from scipy.sparse import coo_array

    n = len(views[0])
    rows, columns, weights = [], [], []
    for view in views:
        if view.hits is None:
            raise ValueError("it is not known what stands before the sky of surfaces taken out of their scene")
        weight = _weights(view, view.hits)
        kept = np.flatnonzero(_met_in_front(view, view.hits))
        rows.append(view.hits.origin[kept])
        columns.append(view.hits.surface[kept])
        weights.append(weight[kept])
    parts = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    return coo_array(parts, shape=(n, n)).tocsr()


def _met_in_front(view: Visibility, hits: Hits) -> NDArray[np.bool_]:
    """Tell which rays end on the outer side of a surface that receives sun, shape ``(h,)``."""
    met = np.zeros(len(hits.surface), dtype=bool)
    known = np.flatnonzero(hits.surface < len(view))
    normals, directions = view.normals[hits.surface[known]], view.patches.directions[hits.patch[known]]
    met[known] = np.einsum("rk,rk->r", normals, directions) < 0.0
    return met


def _weights(view: Visibility, hits: Hits) -> Floats:
    """Return what the rays stand for, as a share of what their surface sees all around, shape ``(h,)``.

    Of a surface that sees nothing of this half of the sphere, only a sample was cast: it stands for all of them.
    """
    directions = view.patches.directions[hits.patch]
    cosine = np.einsum("rk,rk->r", view.normals[hits.origin], directions)
    weight = np.maximum(cosine, 0.0) * view.patches.solid_angles[hits.patch] / np.pi
    total = np.bincount(hits.origin, weight, len(view))
    is_blind = np.unpackbits(np.bitwise_or.reduce(view.bits, axis=0), count=len(view)) == 0
    upward = np.sign(view.patches.directions[-1, 2])
    half = (1.0 + upward * view.normals[:, 2]) / 2.0
    scale = np.ones(len(view))
    np.divide(half, total, out=scale, where=is_blind & (total > 0.0))
    weighted: Floats = weight * scale[hits.origin]
    return weighted
