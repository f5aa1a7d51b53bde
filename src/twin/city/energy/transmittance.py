"""Heat through plane building components, from their layers (ISO 6946:2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["R_SE_M2K_W", "R_SI_M2K_W", "capacities", "resistances", "transmittances"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Surface resistances by the direction in which heat flows, ISO 6946:2017, Table 7
R_SI_M2K_W = {"upwards": 0.10, "horizontal": 0.13, "downwards": 0.17}
R_SE_M2K_W = 0.04


def resistances(construction: Ints, order: Ints, share: Floats, resistance: Floats, n: int) -> Floats:
    """Return the thermal resistance of constructions from surface to surface, m2 K/W, shape ``(n,)``.

    Homogeneous layers add up (ISO 6946, 6.7.1.1). Where a layer has several materials side by side, their conductances
    count by share of area: the lower limit of the combined method (6.7.2.4).

    Parameters
    ----------
    construction, order
        Of every piece of a layer, its construction and the place of the layer in it, shape ``(k,)``.
    share
        Share of the layer's area that the piece takes.
    resistance
        Thickness over conductivity of the piece, NaN where unknown: then the construction's is unknown too.
    """
    if not len(construction):
        return np.full(n, np.nan)
    layers, of = np.unique(np.stack([construction, order]), axis=1, return_inverse=True)
    of = of.reshape(-1)
    covered = np.bincount(of, share)
    with np.errstate(divide="ignore"):
        conductance = np.bincount(of, share / resistance) / covered
        total = np.bincount(layers[0], 1.0 / conductance, n)
    known = np.bincount(layers[0], minlength=n) > 0
    return np.where(known, total, np.nan)


def capacities(construction: Ints, share: Floats, capacity: Floats, n: int) -> Floats:
    """Return the heat capacity of constructions per area, J/(m2 K), shape ``(n,)``: the sum over all pieces of
    layers; NaN where one is unknown or there is none.
    """
    total = np.bincount(construction, share * capacity, n)
    return np.where(np.bincount(construction, minlength=n) > 0, total, np.nan)


def transmittances(resistance: Floats, flow: NDArray[np.str_]) -> Floats:
    """Return the thermal transmittance of components to the outside air, W/(m2 K) (ISO 6946:2017, 6.5.1).

    Parameters
    ----------
    resistance
        From surface to surface, m2 K/W, shape ``(n,)``.
    flow
        Direction in which heat leaves: ``upwards`` (roofs), ``horizontal`` (walls) or ``downwards`` (floors).
    """
    inside = np.select([flow == name for name in R_SI_M2K_W], list(R_SI_M2K_W.values()), R_SI_M2K_W["horizontal"])
    u: Floats = 1.0 / (inside + resistance + R_SE_M2K_W)
    return u
