"""The thermal zones of a city by EN ISO 13790's simple hourly method, with the ground beneath them."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from twin.buildings.kernel.control import Control
from twin.buildings.kernel.series import Series, Shared
from twin.buildings.kernel.simple_hourly import Result, Run, fold
from twin.buildings.zones.thermal_zones import ThermalZones

__all__ = ["SimpleHourly"]

Floats = NDArray[np.float64]


class SimpleHourly:
    """Thermal zones of one mass each that can be moved through time.

    Parameters
    ----------
    begin_degc
        Temperature at which the masses begin, shape ``(zone,)``.
    by_operative
        Whether set points are those of the operative temperature.
    """

    def __init__(
        self,
        zones: ThermalZones,
        step_s: float,
        begin_degc: Floats,
        by_operative: bool = False,
        dtype: DTypeLike = np.float64,
    ) -> None:
        thermal = zones.thermal()
        _, outdoors, ground = zones.transmission
        opaque = outdoors + ground
        # the conductance to the ground is part of that between outdoors and the mass
        self._to_ground = thermal.h_tr_em * np.divide(ground, opaque, out=np.zeros(len(zones)), where=opaque > 0)
        self._below: Floats | None = None
        self._run, self._begin = Run(fold(thermal, step_s, dtype), by_operative), begin_degc

    def start(self) -> Floats:
        """Return the masses as warm as at the beginning, degC, shape ``(zone,)``."""
        return self._begin.copy()

    def run(
        self, state: Floats, outdoor: Floats, internal: Series, solar: Series, ground: Shared | None, control: Control
    ) -> tuple[Result, Floats]:
        """Run a window.

        Parameters
        ----------
        outdoor
            Outdoor temperature, degC, ``(step, 1 or zone)``.
        internal, solar, control
            As `twin.buildings.kernel.simple_hourly.simulate` takes them.
        ground
            Temperature that the ground floors have outside, degC; that outdoors if None.

        Returns
        -------
        Result
            With the operative temperature.
        state
            At the window's end.
        """
        boundary = None if ground is None else self._from_ground(ground, outdoor)
        result = self._run.simulate(state, outdoor, internal, solar, control, operative=True, boundary=boundary)
        return result, result.mass[-1].copy()

    def _from_ground(self, ground: Shared, outdoor: Floats) -> Series:
        """Return the heat that the ground sends into the masses because it is warmer than the air outdoors, W."""
        if outdoor.shape[1] > 1:
            return (ground.expand() - outdoor) * self._to_ground
        if self._below is not ground.shares:  # the kernel keeps what it makes of shares as long as they are the same
            shares = np.concatenate([ground.shares, np.full((1, len(self._to_ground)), -1.0)])
            self._below, self._ground_shares = ground.shares, shares * self._to_ground
        return Shared(np.hstack([ground.profiles, outdoor]), self._ground_shares)
