"""The first reflection between buildings: what a surface receives of the sun that falls on those it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.sun.visibility import Visibility

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["exchange"]

Floats = NDArray[np.float64]


def exchange(*views: Visibility) -> csr_array:
    """Return the view factors from each surface to the others, by what its rays hit first, shape ``(s, s)``.

    A ray stands for the cosine-weighted solid angle of its patch. What only casts shade reflects nothing.

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
            raise ValueError("a horizon map does not know what stands before the sky")
        origin, hit = view.hits.origin, view.hits.surface
        known = hit < n
        origin, hit, patch = origin[known], hit[known], view.hits.patch[known]
        cosine = np.einsum("rk,rk->r", view.normals[origin], view.patches.directions[patch])
        rows.append(origin)
        columns.append(hit)
        weights.append(np.maximum(cosine, 0.0) * view.patches.solid_angles[patch] / np.pi)
    parts = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    return coo_array(parts, shape=(n, n)).tocsr()
