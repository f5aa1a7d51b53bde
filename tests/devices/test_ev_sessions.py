"""Sessions of home charging: draws follow the curves, the curves make sense, and both follow the data."""

import tomllib
from importlib.resources import files

import numpy as np
import pytest

from twin.devices.ev.sessions import (
    DRAWS,
    REFERENCE_POWER_KW,
    arrival_shares,
    average_day,
    blocked_days,
    draw_sessions,
    energy_survival,
    home_sessions,
    mean_energy,
    plug_in_probability,
    session_model,
    stay_survival,
)

MODEL = home_sessions()
N = 40_000
EDGES = np.linspace(0, 24, 49)
# Largest distance that 99.9 % of samples of this size keep from their own distribution (Kolmogorov)
CLOSE = 1.95 / np.sqrt(N)


@pytest.fixture(scope="module")
def drawn():
    uniforms = np.random.default_rng(3).random((N, DRAWS))
    return {weekend: draw_sessions(MODEL, np.full(N, weekend), uniforms) for weekend in (False, True)}


@pytest.fixture(scope="module")
def week():
    random = np.random.default_rng(4)
    return draw_sessions(MODEL, random.random(N) < 2 / 7, random.random((N, DRAWS)))


@pytest.mark.parametrize("weekend", [False, True])
def test_arrivals_drawn_follow_the_mixture(drawn, weekend):
    shares = arrival_shares(MODEL.weekend if weekend else MODEL.weekday, EDGES)
    assert shares.sum() == pytest.approx(1, abs=1e-6)
    found = np.histogram(drawn[weekend].arrival_h, EDGES)[0] / N
    assert np.abs(np.cumsum(found - shares)).max() < CLOSE


def test_people_come_home_in_the_evening_and_on_weekends_earlier(drawn):
    hours, shares = average_day(MODEL.weekday, MODEL.weekend)
    assert 17 < hours[shares.argmax()] < 20
    assert shares[(hours > 16) & (hours < 22)].sum() > 0.5
    assert np.median(drawn[True].arrival_h) < np.median(drawn[False].arrival_h)


def test_stays_and_energies_drawn_follow_their_curves(week):
    hours, shares = average_day(MODEL.weekday, MODEL.weekend)
    for values, points, curve in (
        (week.stay_h, np.linspace(0.5, 60, 60), lambda x: stay_survival(MODEL.stay, hours[:, None], x)),
        (
            week.energy_kwh,
            np.linspace(0.5, 90, 60),
            lambda x: energy_survival(MODEL.energy, MODEL.stay, hours[:, None], x),
        ),
    ):
        found = (values[:, None] > points).mean(axis=0)
        assert np.abs(found - shares @ curve(points)).max() < CLOSE + 0.005  # the curves take half hours as points
    assert week.energy_kwh.mean() == pytest.approx(mean_energy(MODEL, 300.0), rel=0.02)


def test_who_comes_in_the_evening_stays_overnight(week):
    evening = (week.arrival_h > 18) & (week.arrival_h < 22)
    morning = (week.arrival_h > 8) & (week.arrival_h < 11)
    assert np.median(week.stay_h[evening]) > 10 > 5 > np.median(week.stay_h[morning])


def test_no_session_wants_more_than_the_reference_charger_gives(week):
    assert (week.energy_kwh <= REFERENCE_POWER_KW * week.stay_h + 1e-9).all()
    assert (week.energy_kwh > 0).all()
    assert week.stay_h.min() >= 0.1
    assert week.stay_h.max() <= 72


def test_small_batteries_want_less():
    assert mean_energy(MODEL, 30) < mean_energy(MODEL, 60) < mean_energy(MODEL, 100)
    assert mean_energy(MODEL, 5) < 5


def test_cars_that_are_there_cannot_come():
    assert 0 < blocked_days(MODEL) < 0.5
    assert plug_in_probability(MODEL, 0.2) > 0.2
    assert plug_in_probability(MODEL, 1.0) > 1
    assert plug_in_probability(MODEL, 1 / blocked_days(MODEL)) == np.inf


# -- the data


@pytest.fixture
def tables(shared):
    from twin.devices.ev.fit import read_tables

    return read_tables(shared / "data" / "mobility" / "ev")


@pytest.mark.corpus
def test_fitting_again_gives_the_parameters_that_are_shipped(tables, tmp_path):
    from twin.devices.ev.fit import fit, goodness, write

    parameters = fit(tables)
    write(tmp_path / "again.toml", parameters, goodness(tables, session_model(parameters)))
    again = tomllib.loads((tmp_path / "again.toml").read_text())
    shipped = tomllib.loads((files("twin.devices.ev") / "catalogue" / "ev_sessions.toml").read_text())
    for section, values in shipped.items():
        for name, value in values.items():
            assert again[section][name] == pytest.approx(value, rel=2e-3, abs=2e-3), (section, name)


@pytest.mark.corpus
def test_draws_look_like_the_raw_tables(tables, drawn, week):
    quarters = np.linspace(0, 24, 97)
    for weekend, shares, distance in ((False, tables.weekday, 0.005), (True, tables.weekend, 0.01)):
        assert shares.sum() == pytest.approx(1)
        found = np.histogram(drawn[weekend].arrival_h, quarters)[0] / N
        assert np.abs(np.cumsum(found - shares)).max() < distance + CLOSE
    exceeded = np.arange(1, 100) / 100
    for values, table, distance in ((week.stay_h, tables.stay_h, 0.03), (week.energy_kwh, tables.energy_kwh, 0.04)):
        assert np.abs((values[:, None] > table).mean(axis=0) - exceeded).max() < distance + CLOSE
    half_hour = (week.arrival_h * 2).astype(int)
    for k in range(30, 46):  # 15:00 to 23:00, when most come
        assert week.energy_kwh[half_hour == k].mean() == pytest.approx(tables.energy_by_arrival_kwh[k], rel=0.12)
    for k in range(32, 46):
        assert np.median(week.stay_h[half_hour == k]) == pytest.approx(tables.stay_by_arrival_h[k], rel=0.12)
