"""When vehicles come: visits drawn day by day on the civil clock, each from its vehicle and its day alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.devices.days import CivilDays
from twin.devices.ev.sessions import (
    DRAWS,
    J_PER_KWH,
    SessionModel,
    draw_sessions,
    plug_in_probability,
    sessions_per_day,
)
from twin.engine.time import CivilTime, TimeAxis
from twin.random import uniform
from twin.units import HOUR_S

__all__ = ["Diary", "Visits"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PURPOSE = "ev session"
_LONGEST_SHIFT_S = 2 * HOUR_S  # by which a change of the clock may move an instant to the day before


@dataclass(frozen=True)
class Visits:
    """Visits to come: whose, from when until when (whole seconds since 1970-01-01 UTC), and the energy wanted, J."""

    vehicle: Ints
    arrival: Ints
    departure: Ints
    energy: Floats

    def __len__(self) -> int:
        return len(self.vehicle)

    def take(self, rows: NDArray[np.bool_] | Ints) -> Visits:
        """Return some of them."""
        return Visits(self.vehicle[rows], self.arrival[rows], self.departure[rows], self.energy[rows])


class Diary:
    """Draws who comes on which day.

    On every day each vehicle comes with the same probability, at a drawn time on the civil clock, for a drawn stay and
    energy. Days are counted from 1970, so a draw depends on nothing but seed, vehicle and day. Public holidays are
    weekend days.

    Parameters
    ----------
    model
        How sessions are distributed.
    civil
        Where the vehicles live by the clock.
    keys
        Key of each vehicle.
    capacity
        Most energy that a vehicle may want, J.
    yearly
        Energy that it charges here in a year, J.

    Attributes
    ----------
    begins
        Instant before which no vehicle comes, for every day of the axis in turn.
    """

    begins: list[int]

    def __init__(
        self, model: SessionModel, civil: CivilTime, keys: NDArray[np.uint64], capacity: Floats, yearly: Floats
    ) -> None:
        self._model, self._civil, self._keys, self._capacity = model, civil, keys, capacity
        self._probability = plug_in_probability(model, sessions_per_day(model, capacity, yearly))

    def begin(self, axis: TimeAxis, seed: int) -> None:
        """Lay the diary out over an axis."""
        self._seed = seed
        self._days = CivilDays(axis, self._civil)
        self.begins = (self._days.seconds(np.arange(self._days.n), 0.0) - _LONGEST_SHIFT_S).tolist()

    def visits(self, k: int) -> Visits:
        """Return all visits that begin on day ``k`` of the axis, in the order of vehicles."""
        counter = (self._days.first + k) * (1 + DRAWS)
        coming = np.flatnonzero(uniform(self._seed, _PURPOSE, self._keys, counter) < self._probability)
        keys = self._keys[coming]
        uniforms = uniform(self._seed, _PURPOSE, keys, counter + 1 + np.arange(DRAWS)[:, None])
        drawn = draw_sessions(self._model, np.full(len(coming), self._days.free[k]), uniforms.T)
        arrival = self._days.seconds(np.int64(k), drawn.arrival_h)
        departure = arrival + np.rint(drawn.stay_h * HOUR_S).astype(np.int64)
        energy = np.floor(np.minimum(drawn.energy_kwh * J_PER_KWH, self._capacity[coming]))  # so that sums are exact
        return Visits(coming, arrival, departure, energy)
