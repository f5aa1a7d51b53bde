"""What sun and sky give to thermal zones, from the radiation on every surface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.habits import BLINDS_DOWN_W_M2
from twin.buildings.zones.thermal_zones import ThermalZones
from twin.units import STEFAN_BOLTZMANN, ZERO_DEGC_K

__all__ = ["SkyGain", "SolarGain"]

Floats = NDArray[np.float64]


class SolarGain:
    """The gain by short-wave radiation, through windows and through opaque parts.

    Parameters
    ----------
    windows, opaque
        Areas of every surface that turn irradiance into a gain, m2, shape ``(n_surfaces,)``.
    """

    def __init__(self, zones: ThermalZones, windows: Floats, opaque: Floats) -> None:
        self._all = zones.weighted(windows + opaque)
        building = zones.city.surfaces["building"]
        kept_out = windows * (1.0 - zones.city.buildings["movable_shading_factor"][building])
        self._by_blinds = zones.weighted(kept_out) if kept_out.any() else None

    def __call__(self, irradiance: Floats) -> Floats:
        """Return the gain, W, ``(step, zone)``, from the radiation on each surface, W/m2, ``(step, surface)``."""
        gain = self._all(irradiance)
        if self._by_blinds is not None:
            gain -= self._by_blinds(np.where(irradiance > BLINDS_DOWN_W_M2, irradiance, 0.0))
        return gain


class SkyGain:
    """The loss by long-wave radiation to the sky, negative as a rule.

    Parameters
    ----------
    areas
        Of every zone, m2, shape ``(n_zones,)``.
    """

    def __init__(self, areas: Floats) -> None:
        self._areas = areas

    def __call__(self, outdoor: Floats, infrared: Floats) -> Floats:
        """Return the gain, W, ``(step, zone)``, from outdoor temperature (degC) and the sky's radiation (W/m2)."""
        lost = STEFAN_BOLTZMANN * (outdoor + ZERO_DEGC_K) ** 4 - infrared
        gain: Floats = lost * -self._areas
        return gain
