"""BESTEST by the simple hourly method of EN ISO 13790, as in the city."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel import simple_hourly
from twin.buildings.kernel.control import Control
from twin.buildings.kernel.films import CONVECTION_W_M2K
from twin.buildings.kernel.glass import inside_film, inward_shares, u_value
from twin.buildings.kernel.layers import effective_capacity, mass_area, resistance
from twin.units import HOUR_S, STEFAN_BOLTZMANN, ZERO_DEGC_K
from twin.validation.bestest.elements import START_DEGC, Envelope, Opaque, Window

__all__ = ["FiveResistances"]

Floats = NDArray[np.float64]

_BLACKBODY_W_M2K = 4.0 * STEFAN_BOLTZMANN * (START_DEGC + ZERO_DEGC_K) ** 3


class FiveResistances:
    """The simple hourly method of EN ISO 13790, its mass from the layers (EN ISO 13786)."""

    passes = 1

    def __init__(self, envelopes: Sequence[Envelope], outdoor: Floats) -> None:
        self._outdoor = outdoor[:, None]
        zones = [self.zones(e) for e in envelopes]
        names = [f.name for f in fields(simple_hourly.Zones)]
        together = simple_hourly.Zones(**{n: np.concatenate([getattr(z, n) for z in zones]) for n in names})
        self._steps = simple_hourly.fold(together, HOUR_S)
        # the standard's internal gains are half convective; what is more radiant than that joins the sun
        internal = np.array([e.internal_w for e in envelopes])
        convective = np.array([2.0 * (1.0 - e.radiant) for e in envelopes]) * internal
        self._internal = np.tile(convective, (len(outdoor), 1))
        self._solar = np.column_stack([self.solar(e) for e in envelopes]) + internal - convective

    @staticmethod
    def zones(e: Envelope) -> simple_hourly.Zones:
        """Return the coefficients of EN ISO 13790, 7.2.2.2 and 12.2.2, for the zone's actual surfaces."""
        area = np.array([o.area_m2 for o in e.opaque])
        capacity = np.array([effective_capacity(o.layers) for o in e.opaque])
        massive = np.array([o.layers.capacities.any() for o in e.opaque])
        u = np.array([_opaque_u(o) for o in e.opaque])
        h_w = float(u[~massive] @ area[~massive] + sum(w.area_m2 * _glass_u(w) for w in e.windows))
        a_m = mass_area(capacity[massive], area[massive])
        a_t = float(area.sum() + sum(w.area_m2 for w in e.windows))
        h_ms = simple_hourly.H_MS_W_M2K * a_m
        h_op = float(u[massive] @ area[massive])
        values = (
            h_w,
            1.0 / (1.0 / h_op - 1.0 / h_ms),
            h_ms,
            simple_hourly.H_IS_W_M2K * a_t,
            e.h_infiltration,
            float(capacity @ area),
        )
        shares = (a_m / a_t, 1.0 - a_m / a_t - h_w / (simple_hourly.H_MS_W_M2K * a_t))
        return simple_hourly.Zones(*(np.array([v]) for v in (*values, *shares)))

    @staticmethod
    def solar(e: Envelope) -> Floats:
        """Return gains by sun less what is lost to the sky, W, shape ``(t,)``: EN ISO 13790, 11.3."""
        walls, panes = e.indoors()
        gains: Floats = walls.sum(axis=1)
        for window, absorbed in zip(e.windows, panes, strict=True):
            inside = inside_film(float(window.panes.emissivity_back[-1]))
            gains = gains + absorbed @ inward_shares(window.between, window.outside_w_m2k, inside)
            gains = gains - window.area_m2 * _glass_u(window) / window.outside_w_m2k * window.sky
        for o in e.opaque:
            gains = gains + o.area_m2 * _opaque_u(o) / o.outside_w_m2k * o.outside
        return gains

    def advance(self, hours: NDArray[np.int64], control: Control) -> tuple[Floats, Floats]:
        """Return power, W, and air temperature, degC, as `Method`."""
        outdoor, internal, solar = (v[hours] for v in (self._outdoor, self._internal, self._solar))
        outdoor = np.repeat(outdoor, internal.shape[1], axis=1)
        start = np.full(internal.shape[1], START_DEGC)
        done = simple_hourly.simulate(self._steps, start, outdoor, internal, solar, control)
        return done.power, done.air

    def settled(self) -> FiveResistances:
        """Return itself: the coefficients are the standard's."""
        return self


def _opaque_u(o: Opaque) -> float:
    """Return the thermal transmittance of an opaque element, W/(m2 K): EN ISO 6946, annex C at both surfaces."""
    inside = CONVECTION_W_M2K[o.heat_flow] + o.emissivity * _BLACKBODY_W_M2K
    return 1.0 / (1.0 / o.outside_w_m2k + resistance(o.layers) + 1.0 / inside)


def _glass_u(window: Window) -> float:
    return u_value(window.between, window.outside_w_m2k, inside_film(float(window.panes.emissivity_back[-1])))
