"""Fit the sessions of a kind of charging points to the tables that ElaadNL publishes.

``python -m twin.devices.ev.fit FOLDER [--place PLACE] [-o OUT]`` reads the column for private (default), public or
workplace charging points of

- ``elaad_distribution-of-arrival.csv`` and ``-weekend.csv``: share of arrivals per quarter hour,
- ``elaad_distribution-of-connection-time.csv`` and ``-of-energy-demand.csv``: hours and kWh that 0, 1 ... 100 % of the
  sessions exceed,
- ``elaad_mean-session-length-per.csv`` and ``elaad_mean-demand-per-arrival.csv``: hours and kWh per half hour of
  arrival

in FOLDER, and writes the parameters and how well they fit as TOML. Nothing of the tables goes into that file.
Workplaces have no column for weekends, where hardly anyone comes: their weekdays stand in.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from twin.devices.ev.sessions import (
    Energy,
    Mixture,
    SessionModel,
    Stay,
    arrival_shares,
    average_day,
    energy_survival,
    session_model,
    stay_survival,
)

__all__ = ["PLACES", "Place", "Tables", "fit", "goodness", "read_tables", "write"]

Floats = NDArray[np.float64]

_SHARES = np.arange(1.0, 100.0) / 100.0  # without the ends, which are the data's limits
_QUARTERS = np.linspace(0.0, 24.0, 97)
_KWH = np.linspace(0.0, 100.0, 201)
_DIGITS = 4

# start, least and most of every parameter of a stay, in the order of `Stay`; for workplaces, where who comes in the
# morning leaves in the afternoon, "overnight" is the working day: the less likely the later, and over 24 h earlier
_STAY_RANGE = {
    "overnight": (0.8, 0.3, 1.0),
    "overnight_from_h": (14.7, 8.0, 20.0),
    "overnight_width_h": (0.5, 0.05, 5.0),
    "leave_h": (7.8, 4.0, 12.0),
    "leave_drift": (0.2, -0.5, 1.0),
    "leave_deviation_h": (2.0, 0.3, 6.0),
    "another_day": (0.07, 0.001, 0.5),
    "short_median_h": (2.0, 0.3, 8.0),
    "short_sigma": (0.9, 0.2, 2.0),
}
_WORKING_DAY = {
    "overnight": (0.8, 0.3, 1.0),
    "overnight_from_h": (11.0, 8.0, 20.0),
    "overnight_width_h": (-1.0, -5.0, -0.05),
    "leave_h": (-7.5, -12.0, -4.0),
}


@dataclass(frozen=True)
class Place:
    """A kind of charging points.

    Attributes
    ----------
    column
        Which column of the tables is theirs.
    weekday, weekend
        Where the search for the mixtures of arrivals starts: means and standard deviations, h.
    stay
        Start, least and most of every parameter of a stay.
    """

    file: str
    column: int
    weekday: tuple[tuple[float, ...], tuple[float, ...]]
    weekend: tuple[tuple[float, ...], tuple[float, ...]]
    stay: Mapping[str, tuple[float, float, float]]

    @property
    def out(self) -> Path:
        """The parameter file."""
        return Path(__file__).parent / "catalogue" / self.file


PLACES = {
    # arrivals from work, in the evening, at midday (and before midnight on weekdays)
    "private": Place(
        "ev_sessions.toml",
        1,
        ((17.0, 20.5, 12.5, 23.0), (1.0, 1.5, 3.5, 1.0)),
        ((17.2, 20.5, 12.5), (1.0, 2.0, 3.5)),
        _STAY_RANGE,
    ),
    # in the morning, from work, around midday, in the evening
    "public": Place(
        "ev_sessions_public.toml",
        2,
        ((8.5, 17.5, 13.0, 20.0), (1.0, 1.0, 3.0, 2.5)),
        ((10.5, 17.0, 14.0, 20.0), (1.5, 1.5, 3.0, 2.5)),
        _STAY_RANGE,
    ),
    # in the morning, after lunch
    "workplace": Place(
        "ev_sessions_workplace.toml",
        3,
        ((8.0, 9.0, 13.0), (0.5, 1.5, 2.0)),
        ((8.0, 9.0, 13.0), (0.5, 1.5, 2.0)),
        {**_STAY_RANGE, **_WORKING_DAY},
    ),
}


@dataclass(frozen=True)
class Tables:
    """The tables fitted to.

    Attributes
    ----------
    weekday, weekend
        Share of arrivals per quarter hour, shape ``(96,)``.
    stay_h, energy_kwh
        What 1, 2 ... 99 % of the sessions exceed, shape ``(99,)``.
    stay_by_arrival_h, energy_by_arrival_kwh
        By half hour of arrival, shape ``(48,)``; NaN where there are too few. Upstream calls both means, but the stays
        behave as medians: they leap from 7.3 to 14.3 h between 14:30 and 15:00, as only the middle of two crowds does.
    """

    weekday: Floats
    weekend: Floats
    stay_h: Floats
    energy_kwh: Floats
    stay_by_arrival_h: Floats
    energy_by_arrival_kwh: Floats


def read_tables(folder: Path, place: str = "private") -> Tables:
    """Read the tables of one of the `PLACES`."""
    column = PLACES[place].column
    stays, energies = (
        _column(folder / f"elaad_distribution-of-{name}.csv", column)[1:100]
        for name in ("connection-time", "energy-demand")
    )
    weekday = _column(folder / "elaad_distribution-of-arrival.csv", column) / 100.0
    weekend = _column(folder / "elaad_distribution-of-arrival-weekend.csv", column) / 100.0
    return Tables(
        weekday=weekday,
        weekend=weekday if np.isnan(weekend).all() else weekend,
        stay_h=stays,
        energy_kwh=energies,
        stay_by_arrival_h=_column(folder / "elaad_mean-session-length-per.csv", column),
        energy_by_arrival_kwh=_column(folder / "elaad_mean-demand-per-arrival.csv", column),
    )


def _column(path: Path, column: int) -> Floats:
    """Return a column of values, NaN where a row has none, in the order of the keys: some files stand unsorted."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        _, *rows = csv.reader(file)
    if ":" in rows[0][0]:
        rows.sort()
    return np.array([float(row[column]) if len(row) > column and row[column] else np.nan for row in rows])


# -- fitting


def fit(tables: Tables, place: str = "private") -> dict[str, Any]:
    """Return the parameters that fit the tables best, rounded, as they stand in the parameter file."""
    start = PLACES[place]
    weekday = _fit_mixture(tables.weekday, *start.weekday)
    weekend = _fit_mixture(tables.weekend, *start.weekend)
    hours, shares = average_day(weekday, weekend)
    stay = _fit_stay(tables, start.stay, hours, shares)
    energy = _fit_energy(tables, stay, hours, shares)
    model = SessionModel(weekday, weekend, stay, energy)
    return {part: {key: _round(value) for key, value in values.items()} for part, values in asdict(model).items()}


def _fit_mixture(shares: Floats, means_h: tuple[float, ...], deviations_h: tuple[float, ...]) -> Mixture:
    k = len(means_h)

    def mixture(x: Floats) -> Mixture:
        weights = np.exp(np.r_[0.0, x[: k - 1]])
        return Mixture(weights / weights.sum(), x[k - 1 : 2 * k - 1], np.exp(x[2 * k - 1 :]))

    def misfit(x: Floats) -> Floats:
        return 100.0 * (arrival_shares(mixture(x), _QUARTERS) - shares)

    best = mixture(least_squares(misfit, np.r_[np.zeros(k - 1), means_h, np.log(deviations_h)]).x)
    order = np.argsort(best.means_h % 24.0)
    return Mixture(best.weights[order], best.means_h[order] % 24.0, best.deviations_h[order])


def _fit_stay(tables: Tables, ranges: Mapping[str, tuple[float, float, float]], hours: Floats, shares: Floats) -> Stay:
    """Fit all stays to the distribution and those of every half hour to their median, weighted by arrivals."""
    weight, medians = _known(tables.stay_by_arrival_h, 0.5 * np.sqrt(shares * len(shares)))

    def misfit(x: Floats) -> Floats:
        stay = Stay(*x)
        together = shares @ stay_survival(stay, hours[:, None], tables.stay_h) - _SHARES
        return _joined(together, weight * (stay_survival(stay, hours, medians) - 0.5))

    start, least, most = np.array(list(ranges.values())).T
    return Stay(*least_squares(misfit, start, bounds=(least, most)).x.tolist())


def _fit_energy(tables: Tables, stay: Stay, hours: Floats, shares: Floats) -> Energy:
    """Fit all energies to the distribution and those of every half hour to their mean, weighted by arrivals."""
    scale = np.nanmean(tables.energy_by_arrival_kwh)
    weight, means = _known(tables.energy_by_arrival_kwh, 0.5 * np.sqrt(shares * len(shares)) / scale)

    def energy(x: Floats) -> Energy:
        shape, mean, cosine, sine = x.tolist()
        return Energy(shape, mean, float(np.hypot(cosine, sine)), float(np.arctan2(sine, cosine) * 12.0 / np.pi))

    def misfit(x: Floats) -> Floats:
        together = shares @ energy_survival(energy(x), stay, hours[:, None], tables.energy_kwh) - _SHARES
        return _joined(together, weight * (_mean_energies(energy(x), stay, hours) - means))

    return energy(least_squares(misfit, np.array([1.2, 24.0, 8.0, 0.0])).x)


def _known(values: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return weights and values without those that are not known: they weigh nothing."""
    known = np.isfinite(values)
    return np.where(known, weight, 0.0), np.where(known, values, 0.0)


def _joined(*parts: Floats) -> Floats:
    return np.asarray(np.concatenate(parts))


def _mean_energies(energy: Energy, stay: Stay, hours: Floats) -> Floats:
    return np.asarray(np.trapezoid(energy_survival(energy, stay, hours[:, None], _KWH), _KWH))


def _round(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_round(v) for v in value.tolist()]
    return float(f"{value:.{_DIGITS}g}")


def goodness(tables: Tables, model: SessionModel) -> dict[str, float]:
    """Return how far model and tables are apart.

    ``ks`` is the largest difference between the cumulated distributions (Kolmogorov-Smirnov), 1; ``rmse`` over half
    hours is weighted by arrivals.
    """
    hours, shares = average_day(model.weekday, model.weekend)
    grid = np.linspace(0.0, 72.0, 7201)
    medians = grid[np.argmax(stay_survival(model.stay, hours[:, None], grid) <= 0.5, axis=1)]
    by_hour = {
        "stay_median_rmse_h": medians - tables.stay_by_arrival_h,
        "energy_mean_rmse_kwh": _mean_energies(model.energy, model.stay, hours) - tables.energy_by_arrival_kwh,
    }
    together = {
        "stay_ks": shares @ stay_survival(model.stay, hours[:, None], tables.stay_h) - _SHARES,
        "energy_ks": shares @ energy_survival(model.energy, model.stay, hours[:, None], tables.energy_kwh) - _SHARES,
        "arrival_weekday_ks": np.cumsum(arrival_shares(model.weekday, _QUARTERS) - tables.weekday),
        "arrival_weekend_ks": np.cumsum(arrival_shares(model.weekend, _QUARTERS) - tables.weekend),
    }
    found = {name: float(np.abs(gap).max()) for name, gap in together.items()}
    for name, gap in by_hour.items():
        known = np.isfinite(gap)
        found[name] = float(np.sqrt(shares[known] @ gap[known] ** 2 / shares[known].sum()))
    return {name: float(f"{value:.2g}") for name, value in sorted(found.items())}


# -- writing


def write(path: Path, parameters: Mapping[str, Any], fitted: Mapping[str, float], place: str = "private") -> None:
    """Write the parameter file."""
    what = "home charging" if place == "private" else f"charging at {place} points"
    lines = [f"# Sessions of {what}; written by python -m twin.devices.ev.fit, see SOURCE.md", ""]
    for section, values in {**parameters, "fit": fitted}.items():
        lines += [f"[{section}]", *(f"{key} = {value!r}" for key, value in values.items()), ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Fit the sessions of a kind of charging points.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--place", choices=list(PLACES), default="private")
    parser.add_argument("-o", "--out", type=Path)
    arguments = parser.parse_args()
    tables = read_tables(arguments.folder, arguments.place)
    parameters = fit(tables, arguments.place)
    fitted = goodness(tables, session_model(parameters))
    write(arguments.out or PLACES[arguments.place].out, parameters, fitted, arguments.place)


if __name__ == "__main__":
    main()
