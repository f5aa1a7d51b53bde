"""Events: choices, counts, rates that add up to a profile, and power in steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.buildings.people.draws import Choice, counts, poisson
from twin.buildings.people.events import DayRates, Events, Kind, draw, mean_power, start_rates
from twin.buildings.people.kinds import ATTENDED, DRAW_OFFS, LIGHTS, UNATTENDED
from twin.random import entity_keys, uniform

U = (np.arange(100_000) + 0.5) / 100_000
KETTLE = Kind("kettle", 1.0, 2000.0, 240.0)


def events(*rows):
    column, start, end, power = map(np.array, zip(*rows, strict=True))
    return Events(column, start.astype(float), end.astype(float), power.astype(float))


def test_a_choice_follows_its_weights_and_gives_back_the_rest_of_the_draw():
    choice = Choice(np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 1.0]]))
    thing, left = choice(np.zeros(len(U), dtype=np.int64), U)
    assert np.bincount(thing, minlength=3) / len(U) == pytest.approx([0.25, 0.0, 0.75], abs=1e-4)
    assert left[thing == 2].mean() == pytest.approx(0.5, abs=1e-4)
    assert (np.bincount(choice(np.ones(len(U), dtype=np.int64), U)[0]) > 0).tolist() == [False, True, True]
    assert 0 <= left.min() < 1e-4
    assert 1 - 1e-4 < left.max() < 1


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=40).filter(any), st.floats(0, 1 - 1e-12))
def test_a_choice_is_the_search_in_the_summed_weights(weights, u):
    share = np.cumsum(np.array(weights) / sum(weights))
    thing = Choice(np.array([weights]))(np.array([0]), np.array([u]))[0][0]
    assert thing == pytest.approx(min(np.searchsorted(share, u, "right"), len(weights) - 1), abs=0) or np.isclose(
        share[min(thing, len(share) - 1)], u
    )


@pytest.mark.parametrize("mean", [0.0, 0.01, 1.3, 17.0, 150.0, 900.0])
def test_counts_have_mean_and_spread_of_poisson(mean):
    count = poisson(np.full(len(U), mean), U)
    assert count.mean() == pytest.approx(mean, rel=2e-3, abs=1e-9)
    assert count.var() == pytest.approx(mean, rel=2e-2, abs=1e-9)
    more, kept = counts(np.full(len(U), mean), U)
    assert (more * kept).mean() == pytest.approx(mean, rel=2e-3, abs=1e-9)
    assert 0.9 < kept.min() <= kept.max() <= 1 or mean < 0.02


def test_an_event_adds_its_energy_to_the_steps_it_lasts():
    power = mean_power(events((1, 600, 2400, 300.0), (0, 0, 900, 10.0)), 900, 4, 2)
    assert power[:, 1] == pytest.approx([100.0, 300.0, 200.0, 0.0])
    assert power[:, 0] == pytest.approx([10.0, 0.0, 0.0, 0.0])


TENTHS = st.integers(0, 863_990).map(lambda tenths: tenths / 10)  # less of a step counts as none


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), TENTHS, TENTHS), min_size=1, max_size=20))
def test_the_energy_of_events_is_in_the_steps_whatever_their_length(drawn):
    some = events(*((column, start, start + length, 100.0) for column, start, length in drawn))
    for step_s in (60, 900, 3600):
        power = mean_power(some, step_s, 172_800 // step_s, 3)
        assert power.sum() * step_s == pytest.approx(sum(100.0 * length for *_, length in drawn), rel=1e-9)
        assert (power >= 0).all()
    coarse = mean_power(some, 3600, 48, 3)
    assert mean_power(some, 900, 192, 3).reshape(48, 4, 3).mean(axis=1) == pytest.approx(coarse, rel=1e-9, abs=1e-9)


def expected_power(rates, kinds):
    """Mean power that starts at given rates lead to, by brute force: a second at a time, lengths from 0.5 to 1.5."""
    chance = np.array([k.share / (k.power_w * k.length_s) for k in kinds])
    chance /= chance.sum()
    n, total = rates.shape[-1], 0.0
    second = np.arange(n * 900) + 0.5
    for kind, p in zip(kinds, chance, strict=True):
        alive = np.clip(1.5 - second / kind.length_s, 0.0, 1.0)
        spectrum = np.fft.rfft(np.repeat(rates, 900)) * np.fft.rfft(alive)
        total = total + p * kind.power_w * np.fft.irfft(spectrum, n * 900)
    return total.reshape(n, 900).mean(axis=1)


@pytest.mark.parametrize("kinds", [ATTENDED, LIGHTS, DRAW_OFFS])
def test_rates_lead_to_the_profile_they_were_made_for(kinds):
    hour = np.arange(168)
    level = np.repeat(2.0 + np.sin(2 * np.pi * hour / 24) + (hour % 24 >= 18), 4)
    (rates,) = start_rates(level, [(kinds, np.ones(672, dtype=bool))])
    power = expected_power(rates, kinds)
    assert power.mean() == pytest.approx(level.mean(), rel=1e-4)
    assert power.reshape(-1, 4).mean(axis=1) == pytest.approx(level.reshape(-1, 4).mean(axis=1), rel=0.04)


def test_two_groups_share_a_profile_and_begin_only_when_they_may():
    up = np.repeat((np.arange(168) % 24 >= 6) & (np.arange(168) % 24 < 22), 4)
    level = np.full(672, 100.0)
    by_people, by_itself = start_rates(level, [(ATTENDED, up), (UNATTENDED, ~up)])
    assert by_people[~up].max() == 0
    assert by_itself[up].max() == 0
    power = expected_power(by_people, ATTENDED) + expected_power(by_itself, UNATTENDED)
    assert power.mean() == pytest.approx(100.0, rel=1e-4)
    assert power == pytest.approx(level, rel=0.1)


def test_events_of_a_dwelling_do_not_depend_on_others():
    rates = DayRates(np.random.default_rng(1).random((2, 96)) * 1e-4)
    keys = entity_keys(["a", "b", "c"])
    rows, scale = np.array([0, 1, 0]), np.array([1.0, 2.0, 3.0])
    together = draw(1, "x", keys, 19000, rates, rows, scale, (KETTLE,))
    alone = draw(1, "x", keys[2:], 19000, rates, rows[2:], scale[2:], (KETTLE,))
    assert len(alone.start_s) > 3
    mine = together.column == 2
    assert np.array_equal(together.start_s[mine], alone.start_s)
    assert np.array_equal(together.end_s[mine], alone.end_s)
    other_day = draw(1, "x", keys[2:], 19001, rates, rows[2:], scale[2:], (KETTLE,))
    assert not np.array_equal(other_day.start_s, alone.start_s)


def test_many_events_begin_as_often_as_the_rates_say_and_only_where_they_may():
    rates = np.tile(np.arange(96.0), (1, 1)) * 1e-6
    keys = np.arange(20_000, dtype=np.uint64)
    zeros, ones = np.zeros(len(keys), dtype=np.int64), np.ones(len(keys))
    drawn = draw(3, "x", keys, 19000, DayRates(rates), zeros, ones, (KETTLE,))
    assert len(drawn.start_s) == pytest.approx(rates.sum() * 900 * len(keys), rel=0.01)
    by_hour = np.histogram(drawn.start_s, 24, (0, 86400))[0] / len(keys)
    assert by_hour == pytest.approx(rates.reshape(24, 4).sum(axis=1) * 900, rel=0.05, abs=0.003)
    length = drawn.end_s - drawn.start_s
    assert length.mean() == pytest.approx(240.0, rel=0.01)
    assert length.min() >= 120.0 - 1e-6
    assert length.max() <= 360.0 + 1e-6
    morning = np.arange(24)[:, None] < np.where(uniform(1, "half", keys) < 0.5, 12, 24)
    fewer = draw(3, "x", keys, 19000, DayRates(rates), zeros, ones, (KETTLE,), morning)
    early = morning[12, fewer.column]
    assert fewer.start_s[~early].max() < 43200
    assert fewer.start_s[early].max() > 43200
