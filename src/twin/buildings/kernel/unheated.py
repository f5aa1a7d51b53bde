"""Unheated attics: which share of the temperature difference to outdoors upper ceilings see.

EN ISO 13789:2017, 7: the reduction factor b = H_ue / (H_iu + H_ue), H_iu between the heated and the unheated room and
H_ue between this and outdoors.

TABULA's archetypes state one U-value for "roof or upper ceiling": that of whichever is insulated. Over a heated attic
(or none) it is the roof's, and b is 1. Below an unheated attic it is read as the ceiling's, and the roof above is bare;
a roof that is insulated over an unheated attic is thereby taken for an insulated ceiling, which loses somewhat less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.ground import AIR_J_M3K, Real

__all__ = ["attic_factor", "attic_volume", "reduction_factor", "roof_factor"]

Floats = NDArray[np.float64]

# Planning assumption: tiles on felt or boards resist 0.2 m2 K/W, and surfaces 0.10 and 0.04 (EN ISO 6946)
BARE_ROOF_U_W_M2K = 1.0 / (0.10 + 0.20 + 0.04)
ATTIC_AIR_CHANGE_1_H = 3.0  # EN ISO 13789:2017, Table 7: not airtight, by joints or openings


def reduction_factor(inside_w_k: Real, outside_w_k: Real) -> Floats:
    """Return b = H_ue / (H_iu + H_ue), 1: EN ISO 13789:2017, 7.2; 1 where nothing leads into the unheated room."""
    inside, outside = np.broadcast_arrays(np.asarray(inside_w_k, float), np.asarray(outside_w_k, float))
    whole = inside + outside
    return np.asarray(np.divide(outside, whole, out=np.ones_like(whole), where=whole > 0.0))


def attic_volume(roof_m2: Real, ceiling_m2: Real) -> Floats:
    """Return the volume below pitched roofs, m3, from their area and what they cover.

    A gable roof over a square of the ceiling's area (planning assumption): cos(pitch) is ceiling over roof, the ridge
    rises half the side times tan(pitch).
    """
    ceiling = np.asarray(ceiling_m2, dtype=np.float64)
    roof = np.maximum(roof_m2, ceiling)
    rise = np.sqrt(np.maximum(roof**2 - ceiling**2, 0.0))  # ceiling area times tan(pitch)
    return np.asarray(rise * np.sqrt(ceiling) / 4.0)


def attic_factor(
    ceiling_u_w_m2k: Real,
    ceiling_m2: Real,
    roof_m2: Real,
    roof_u_w_m2k: Real = BARE_ROOF_U_W_M2K,
    air_change_1_h: Real = ATTIC_AIR_CHANGE_1_H,
    volume_m3: Real | None = None,
) -> Floats:
    """Return the reduction factor of upper ceilings below an unheated attic, 1.

    Parameters
    ----------
    roof_u_w_m2k
        Of the roof over the attic; tiles on felt or boards unless stated (planning assumption).
    air_change_1_h
        Of the attic with outdoors (EN ISO 13789:2017, Table 7).
    volume_m3
        `attic_volume` if None.
    """
    volume = attic_volume(roof_m2, ceiling_m2) if volume_m3 is None else np.asarray(volume_m3)
    outside = np.asarray(roof_m2) * roof_u_w_m2k + AIR_J_M3K / 3600.0 * np.asarray(air_change_1_h) * volume
    return reduction_factor(np.asarray(ceiling_u_w_m2k) * ceiling_m2, outside)


def roof_factor(
    ceiling_u_w_m2k: Real,
    ceiling_m2: Real,
    roof_m2: Real,
    roof_u_w_m2k: Real = BARE_ROOF_U_W_M2K,
    air_change_1_h: Real = ATTIC_AIR_CHANGE_1_H,
) -> Floats:
    """Return what `attic_factor` is where the area of the pitched roof stands for that of the ceiling below it, 1.

    The heat lost is this times U of the ceiling times the area of the roof.
    """
    ceiling, roof = np.broadcast_arrays(np.asarray(ceiling_m2, float), np.asarray(roof_m2, float))
    covered = np.minimum(np.divide(ceiling, roof, out=np.ones_like(roof), where=roof > 0.0), 1.0)
    return np.asarray(attic_factor(ceiling_u_w_m2k, ceiling, roof, roof_u_w_m2k, air_change_1_h) * covered)
