"""When vehicles come: visits drawn day by day on the civil clock, each from its vehicle and its day alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from twin.devices.ev.sessions import (
    DRAWS,
    J_PER_KWH,
    SessionModel,
    draw_sessions,
    plug_in_probability,
    sessions_per_day,
)
from twin.engine.time import CivilTime, TimeAxis, utc_offset
from twin.random import uniform
from twin.units import DAY_S, HOUR_S

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
        local = datetime.fromtimestamp(axis.start, UTC).astimezone(ZoneInfo(self._civil.timezone)).date()
        first = (local - datetime(1970, 1, 1, tzinfo=UTC).date()).days
        days = first + np.arange((axis.end - axis.start) // DAY_S + 2)
        self._days = days
        self._weekend = ((days + 3) % 7 >= 5) | np.isin(days, sorted(self._civil.holidays))
        self._hours = TimeAxis((first - 2) * DAY_S, HOUR_S, 24 * (len(days) + 4))
        self._offset = utc_offset(self._hours, self._civil.timezone)
        self.begins = (self._instant(days * DAY_S) - _LONGEST_SHIFT_S).tolist()

    def visits(self, k: int) -> Visits:
        """Return all visits that begin on day ``k`` of the axis, in the order of vehicles."""
        counter = int(self._days[k]) * (1 + DRAWS)
        coming = np.flatnonzero(uniform(self._seed, _PURPOSE, self._keys, counter) < self._probability)
        keys = self._keys[coming]
        uniforms = uniform(self._seed, _PURPOSE, keys, counter + 1 + np.arange(DRAWS)[:, None])
        drawn = draw_sessions(self._model, np.full(len(coming), self._weekend[k]), uniforms.T)
        arrival = self._instant(self._days[k] * DAY_S + np.rint(drawn.arrival_h * HOUR_S).astype(np.int64))
        departure = arrival + np.rint(drawn.stay_h * HOUR_S).astype(np.int64)
        energy = np.floor(np.minimum(drawn.energy_kwh * J_PER_KWH, self._capacity[coming]))  # so that sums are exact
        return Visits(coming, arrival, departure, energy)

    def _instant(self, shown: Ints) -> Ints:
        """Return the instants at which the clock shows so many seconds since 1970."""
        return np.asarray(shown - self._offset_at(shown - self._offset_at(shown)))

    def _offset_at(self, seconds: Ints) -> Ints:
        return np.asarray(self._offset[(seconds - self._hours.start) // HOUR_S])
