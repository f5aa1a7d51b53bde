"""Who comes to charging stations and when: the sessions of public points and workplaces, and the fleets of depots."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from twin.devices.days import CivilDays
from twin.devices.ev.sessions import DRAWS, J_PER_KWH, SessionModel, draw_sessions, session_model
from twin.devices.ev.station_queue import Visit
from twin.random import uniform
from twin.units import HOUR_S

__all__ = ["Fleet", "daily_limits", "depot_visits", "public_visits", "station_sessions"]

Floats = NDArray[np.float64]

LARGEST_ENERGY_KWH = 100.0  # the data end there
SPREADS = 3.0  # beyond so many standard deviations no vehicle of a depot is early or late
_DRAWN_AT_ONCE = 128  # sessions of a station: what is drawn ahead is kept in memory


@cache
def station_sessions(place: str) -> SessionModel:
    """Return the model of sessions at ``public`` points or at a ``workplace``; the catalogue says where it is from."""
    text = (files("twin.devices.ev") / "catalogue" / f"ev_sessions_{place}.toml").read_text(encoding="utf-8")
    return session_model(tomllib.loads(text))


def daily_limits(days: CivilDays, limit: float, from_h: float, until_h: float) -> Iterator[tuple[int, float]]:
    """Yield from which instants a station has a limit, W, and has none: from one hour of the clock until another."""
    for first in range(-1, days.n, _DRAWN_AT_ONCE):
        day = first + np.arange(_DRAWN_AT_ONCE)
        begins = days.seconds(day[day < days.n], np.float64(from_h))
        ends = days.seconds(day[day < days.n] + (until_h <= from_h), np.float64(until_h))
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            yield begin, limit
            yield end, math.inf


def public_visits(
    model: SessionModel,
    days: CivilDays,
    random: np.random.Generator,
    per_day: float,
    weekend_share: float,
    patience_s: float,
) -> Iterator[Visit]:
    """Yield who comes to a station, by arrival.

    How many come on a day is Poisson, as of many people who know nothing of each other; when, for how long and for how
    much is drawn from the model, alike and independently for each. Nobody wants more than `LARGEST_ENERGY_KWH`.

    Parameters
    ----------
    per_day
        Mean number of sessions on a working day.
    weekend_share
        Sessions on a Saturday, Sunday or holiday over those of a working day.
    """
    rate = per_day * np.where(days.free[: days.n], weekend_share, 1.0)
    block = max(1, int(_DRAWN_AT_ONCE / max(per_day, 1e-3)))
    for first in range(0, days.n, block):
        numbers = random.poisson(rate[first : first + block])
        day = np.repeat(first + np.arange(len(numbers)), numbers)
        drawn = draw_sessions(model, days.free[day], random.random((len(day), DRAWS)))
        arrival = days.seconds(day, drawn.arrival_h)
        inside = np.flatnonzero((arrival >= days.axis.start) & (arrival < days.axis.end))
        order = inside[np.argsort(arrival[inside], kind="stable")]
        energy = np.floor(np.minimum(drawn.energy_kwh, LARGEST_ENERGY_KWH)[order] * J_PER_KWH)  # so that sums are exact
        stay = np.rint(drawn.stay_h[order] * HOUR_S).astype(np.int64)
        for come, joule, seconds in zip(arrival[order].tolist(), energy.tolist(), stay.tolist(), strict=True):
            yield Visit(come, joule, come + patience_s, seconds)


@dataclass(frozen=True)
class Fleet:
    """The vehicles of a depot.

    Attributes
    ----------
    keys
        One per vehicle, as `twin.random.entity_keys` gives them.
    energy
        What each wants when it returns, J.
    return_h, return_spread_h, departure_h, departure_spread_h
        Mean and standard deviation of the hours of the clock at which vehicles return and leave.
    daily
        Whether they drive on Saturdays, Sundays and holidays too.
    """

    keys: NDArray[np.uint64]
    energy: float
    return_h: float
    return_spread_h: float
    departure_h: float
    departure_spread_h: float
    daily: bool


def depot_visits(fleet: Fleet, days: CivilDays, seed: int) -> Iterator[Visit]:
    """Yield the returns of a depot's vehicles, in order, each until it leaves again.

    Every vehicle returns once on every day on which it drives, and leaves on that day if that is later, else on the
    next day on which it drives. Its hours are drawn for vehicle and day, normal within three standard deviations.
    Who still waits for a point when it has to leave, leaves.
    """
    driving = np.flatnonzero(np.ones(len(days.free), dtype=bool) if fleet.daily else ~days.free)
    leaving = driving if fleet.departure_h > fleet.return_h else driving[1:]
    block = max(1, _DRAWN_AT_ONCE // max(len(fleet.keys), 1))
    n = int(np.searchsorted(driving, days.n))
    for first in range(0, n, block):
        back, away = driving[first : min(first + block, n)], leaving[first : min(first + block, n)]
        arrival = _drawn_times(fleet.return_h, fleet.return_spread_h, "depot return", fleet.keys, days, back, seed)
        departure = _drawn_times(
            fleet.departure_h, fleet.departure_spread_h, "depot departure", fleet.keys, days, away, seed
        )
        inside = np.flatnonzero((arrival >= days.axis.start) & (arrival < days.axis.end))
        order = inside[np.argsort(arrival[inside], kind="stable")]
        for come, leave in zip(arrival[order].tolist(), departure[order].tolist(), strict=True):
            yield Visit(come, fleet.energy, leave, departure=leave)


def _drawn_times(
    mean_h: float,
    spread_h: float,
    purpose: str,
    keys: NDArray[np.uint64],
    days: CivilDays,
    which: NDArray[np.int64],
    seed: int,
) -> NDArray[np.int64]:
    """Return an instant per day and vehicle, one after the other, ``(days * vehicles,)``."""
    drawn = np.clip(uniform(seed, purpose, keys, (days.first + which)[:, None]), 2.0**-53, None)
    hours = mean_h + spread_h * np.clip(ndtri(drawn), -SPREADS, SPREADS)
    return days.seconds(np.repeat(which, len(keys)), hours.reshape(-1))
