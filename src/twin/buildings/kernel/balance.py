"""Where the heat of buildings went that were simulated by the simple hourly method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.simple_hourly import Result, Zones

__all__ = ["Balance", "balance"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Balance:
    """Heat flows of a window, ``(step, building)``, W.

    gains + boundary + power = transmission + ventilation + storage.
    """

    gains: Floats
    boundary: Floats
    transmission: Floats
    ventilation: Floats
    storage: Floats


def balance(
    zones: Zones,
    step_s: float,
    outdoor: Floats,
    internal: Floats,
    solar: Floats,
    result: Result,
    boundary: Floats | None = None,
) -> Balance:
    """Return where the heat of a window went, from a result with ``keep_mass``.

    Parameters are those given to `twin.buildings.kernel.simple_hourly.simulate`.
    """
    z = zones
    mean_mass = (result.mass[:-1] + result.mass[1:]) / 2
    radiant = 0.5 * internal + solar
    into_star = z.to_surface * radiant + z.h_tr_w * outdoor + z.h_tr_is * result.air
    star = (z.h_tr_ms * mean_mass + into_star) / (z.h_tr_ms + z.h_tr_w + z.h_tr_is)
    lost_by_windows = (1.0 - z.to_mass - z.to_surface) * radiant
    return Balance(
        gains=internal + solar,
        boundary=np.zeros_like(mean_mass) if boundary is None else boundary,
        transmission=z.h_tr_w * (star - outdoor) + z.h_tr_em * (mean_mass - outdoor) + lost_by_windows,
        ventilation=z.h_ve * (result.air - outdoor) + (0.0 if result.airing is None else result.airing),
        storage=z.c_m / step_s * np.diff(result.mass, axis=0),
    )
