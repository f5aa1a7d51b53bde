"""How cars charge at home: a statistical model of sessions, its curves and its draws.

A session is an arrival, a stay and the energy wanted. Arrivals are mixtures of normals on the clock, one for weekdays
and one for weekends. A stay is either short (lognormal) or overnight (leaving next morning, normal on the clock), the
more likely overnight the later the arrival; some overnight stays go on for whole days. Energy is Weibull about a mean
that depends on the arrival, and never more than `REFERENCE_POWER_KW` gives in the stay, as in the data fitted.

Hours are on the civil clock; a curve over arrivals counts them from `DAY_BREAK_H` so that a night is in one piece.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from twin.units import HOUR_S, scale

__all__ = [
    "DRAWS",
    "J_PER_KWH",
    "Energy",
    "Mixture",
    "SessionModel",
    "Sessions",
    "Stay",
    "arrival_shares",
    "average_day",
    "blocked_days",
    "draw_sessions",
    "energy_survival",
    "home_sessions",
    "mean_energy",
    "plug_in_probability",
    "session_model",
    "sessions_per_day",
    "stay_survival",
]

Floats = NDArray[np.float64]

DAY_BREAK_H = 6.0
LONGEST_STAY_H = 72.0  # the data end there
REFERENCE_POWER_KW = 11.0  # usual on-board charger of the cars behind the data: three phases of 16 A
SHORTEST_STAY_H = 0.1
DAYS_PER_YEAR = 365.25
J_PER_KWH = scale("kWh")[1]
DRAWS = 6  # uniform numbers that one session takes
_EXTRA_DAYS = np.arange(4.0)
_BINS_PER_DAY = 48


@dataclass(frozen=True)
class Mixture:
    """Normals wrapped round the clock: weights (sum 1), means and standard deviations in h, each of shape ``(k,)``."""

    weights: Floats
    means_h: Floats
    deviations_h: Floats


@dataclass(frozen=True)
class Stay:
    """Parameters of how long a car stays.

    Attributes
    ----------
    overnight, overnight_from_h, overnight_width_h
        Probability of staying overnight: a logistic step over the arrival hour, its height, middle and width.
    leave_h, leave_drift, leave_deviation_h
        Hour of leaving next morning after an arrival at 18 h, how much later per hour of later arrival, and spread.
    another_day
        Probability that an overnight stay goes on for another day, again and again.
    short_median_h, short_sigma
        Lognormal of short stays.
    """

    overnight: float
    overnight_from_h: float
    overnight_width_h: float
    leave_h: float
    leave_drift: float
    leave_deviation_h: float
    another_day: float
    short_median_h: float
    short_sigma: float


@dataclass(frozen=True)
class Energy:
    """Parameters of the energy wanted.

    Attributes
    ----------
    shape
        Of the Weibull distribution.
    mean_kwh, swing_kwh, most_at_h
        Its mean over the arrival hour: a constant, and a cosine of the day with its amplitude and highest hour.
    """

    shape: float
    mean_kwh: float
    swing_kwh: float
    most_at_h: float


@dataclass(frozen=True)
class SessionModel:
    """A complete model of the sessions of one kind of place."""

    weekday: Mixture
    weekend: Mixture
    stay: Stay
    energy: Energy


@dataclass(frozen=True)
class Sessions:
    """Sessions drawn, one entry each: hour of arrival on the clock, stay in whole seconds but in h, energy in kWh."""

    arrival_h: Floats
    stay_h: Floats
    energy_kwh: Floats


def session_model(data: Mapping[str, Any]) -> SessionModel:
    """Return the model that a parameter file holds."""
    return SessionModel(
        _mixture(data["weekday"]), _mixture(data["weekend"]), Stay(**data["stay"]), Energy(**data["energy"])
    )


def _mixture(data: Mapping[str, Sequence[float]]) -> Mixture:
    weights = np.array(data["weights"])
    return Mixture(weights / weights.sum(), np.array(data["means_h"]), np.array(data["deviations_h"]))


@cache
def home_sessions() -> SessionModel:
    """Return the model of charging at home that is shipped; its catalogue's SOURCE.md says what it was fitted to."""
    text = (files("twin.devices.ev") / "catalogue" / "ev_sessions.toml").read_text(encoding="utf-8")
    return session_model(tomllib.loads(text))


# -- curves


def arrival_shares(mixture: Mixture, edges_h: Floats) -> Floats:
    """Return the share of a day's arrivals between each pair of neighbouring hours, shape ``(len(edges_h) - 1,)``."""
    turns = 24.0 * np.arange(-2, 3)
    z = (edges_h[:, None, None] + turns - mixture.means_h[:, None]) / mixture.deviations_h[:, None]
    cumulated = (mixture.weights[:, None] * ndtr(z)).sum(axis=(1, 2))
    shares: Floats = np.diff(cumulated)
    return shares


def average_day(weekday: Mixture, weekend: Mixture) -> tuple[Floats, Floats]:
    """Return mid-bin hours of a day and the share of arrivals in each bin, over five weekdays and a weekend."""
    edges = np.linspace(0.0, 24.0, _BINS_PER_DAY + 1)
    shares = (5.0 * arrival_shares(weekday, edges) + 2.0 * arrival_shares(weekend, edges)) / 7.0
    return (edges[:-1] + edges[1:]) / 2.0, shares


def _from_day_break(arrival_h: Floats) -> Floats:
    hours: Floats = DAY_BREAK_H + (arrival_h - DAY_BREAK_H) % 24.0
    return hours


def _overnight(stay: Stay, hour: Floats) -> tuple[Floats, Floats]:
    """Return the probability of staying overnight and the mean stay until next morning, h."""
    probability = stay.overnight / (1.0 + np.exp((stay.overnight_from_h - hour) / stay.overnight_width_h))
    return probability, 24.0 + stay.leave_h + stay.leave_drift * (hour - 18.0) - hour


def stay_survival(stay: Stay, arrival_h: Floats, hours: Floats) -> Floats:
    """Return the probability of staying longer than ``hours`` after arriving at ``arrival_h``; both broadcast."""
    overnight, until_morning = _overnight(stay, _from_day_break(arrival_h))
    short = ndtr(-np.log(np.maximum(hours, 1e-9) / stay.short_median_h) / stay.short_sigma)
    weights = stay.another_day**_EXTRA_DAYS * (1.0 - stay.another_day)
    later = until_morning[..., None] + 24.0 * _EXTRA_DAYS
    long = (weights * ndtr((later - np.asarray(hours)[..., None]) / stay.leave_deviation_h)).sum(axis=-1)
    survival: Floats = np.where(hours < LONGEST_STAY_H, (1.0 - overnight) * short + overnight * long, 0.0)
    return survival


def _mean_wanted(energy: Energy, arrival_h: Floats) -> Floats:
    """Return the mean energy before stays limit it, kWh."""
    angle = 2.0 * np.pi * (np.asarray(arrival_h) - energy.most_at_h) / 24.0
    mean: Floats = energy.mean_kwh + energy.swing_kwh * np.cos(angle)
    return mean


def energy_survival(energy: Energy, stay: Stay, arrival_h: Floats, kwh: Floats) -> Floats:
    """Return the probability of wanting more than ``kwh`` after arriving at ``arrival_h``; both broadcast."""
    scale = math.gamma(1.0 + 1.0 / energy.shape)
    wanted = np.exp(-((scale * kwh / _mean_wanted(energy, arrival_h)) ** energy.shape))
    survival: Floats = wanted * stay_survival(stay, arrival_h, kwh / REFERENCE_POWER_KW)
    return survival


def mean_energy(model: SessionModel, battery_kwh: float) -> float:
    """Return the mean energy of a session, kWh, of cars whose battery holds ``battery_kwh``."""
    hours, shares = average_day(model.weekday, model.weekend)
    kwh = np.linspace(0.0, battery_kwh, 401)
    return float(np.trapezoid(shares @ energy_survival(model.energy, model.stay, hours[:, None], kwh), kwh))


def sessions_per_day(model: SessionModel, battery: Floats, home_charging: Floats) -> Floats:
    """Return how often vehicles charge, per day, that hold ``battery`` J and charge ``home_charging`` J in a year."""
    sizes, which = np.unique(battery, return_inverse=True)
    mean = np.array([J_PER_KWH * mean_energy(model, size / J_PER_KWH) for size in sizes.tolist()])
    return np.asarray(home_charging / DAYS_PER_YEAR / mean[which])


def blocked_days(model: SessionModel) -> float:
    """Return on how many later days a car is still there, on average, when it might have arrived."""
    hours, shares = average_day(model.weekday, model.weekend)
    days = np.arange(1.0, LONGEST_STAY_H / 24.0 + 1.0)
    until = 24.0 * days[:, None, None] + hours[:, None] - hours
    return float(np.einsum("a,b,dba->", shares, shares, stay_survival(model.stay, hours, until)))


def plug_in_probability(model: SessionModel, sessions_per_day: Floats) -> Floats:
    """Return with what probability cars must come on each day to have so many sessions on average.

    A car cannot come while it is there: of ``p`` a day, each session blocks ``p`` times the `blocked_days`.
    Infinite if so many sessions are impossible.
    """
    wanted = np.asarray(sessions_per_day, dtype=np.float64)
    free = 1.0 - wanted * blocked_days(model)
    return np.divide(wanted, free, out=np.full_like(wanted, np.inf), where=free > 0)


# -- draws


def draw_sessions(model: SessionModel, weekend: NDArray[np.bool_], uniforms: Floats) -> Sessions:
    """Turn uniform numbers into one session per row.

    Parameters
    ----------
    weekend
        Whether the day of arrival is a Saturday or Sunday, shape ``(n,)``.
    uniforms
        Numbers in [0, 1), shape ``(n, DRAWS)``: which normal and where in it, short or overnight, how long, days on
        top, energy.
    """
    part, place, kind, length, days, wanted = uniforms.T
    arrival = np.where(weekend, _arrival(model.weekend, part, place), _arrival(model.weekday, part, place))
    stay = np.rint(_stay(model.stay, arrival, kind, length, days) * HOUR_S) / HOUR_S
    scale = math.gamma(1.0 + 1.0 / model.energy.shape)
    energy = _mean_wanted(model.energy, arrival) * (-np.log1p(-wanted)) ** (1.0 / model.energy.shape) / scale
    return Sessions(arrival, stay, np.minimum(energy, REFERENCE_POWER_KW * stay))


def _arrival(mixture: Mixture, part: Floats, place: Floats) -> Floats:
    k = np.minimum(np.searchsorted(np.cumsum(mixture.weights), part, side="right"), len(mixture.weights) - 1)
    hours: Floats = (mixture.means_h[k] + mixture.deviations_h[k] * _normal(place)) % 24.0
    return hours


def _stay(stay: Stay, arrival_h: Floats, kind: Floats, length: Floats, days: Floats) -> Floats:
    overnight, until_morning = _overnight(stay, _from_day_break(arrival_h))
    short = stay.short_median_h * np.exp(stay.short_sigma * _normal(length))
    more_days = np.minimum(np.log1p(-days) // np.log(stay.another_day), _EXTRA_DAYS[-1])
    long = until_morning + stay.leave_deviation_h * _normal(length) + 24.0 * more_days
    return np.clip(np.where(kind < overnight, long, short), SHORTEST_STAY_H, LONGEST_STAY_H)


def _normal(uniform: Floats) -> Floats:
    quantile: Floats = ndtri(np.clip(uniform, 2.0**-53, None))
    return quantile
