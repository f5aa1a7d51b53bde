"""Dwellings and their people: households, presence, and daylight."""

import numpy as np
import pytest
from pydantic import ValidationError

from people_case import BERLIN, homes
from twin.buildings.people.daylight import Daylight, darkness
from twin.buildings.people.days import by_day, part_of_step, slot_length
from twin.buildings.people.dwellings import settle
from twin.buildings.people.presence import at_home, chance_of_somebody, inclinations, people_by_zone, somebody
from twin.buildings.people.settings import PeopleSettings, state_people
from twin.engine.time import CivilTime, TimeAxis
from twin.ledger import Ledger
from twin.units import DAY_S

DAY = 19_400  # 2023-02-12


def settled(n=1, dwellings=1, people=1.72, seed=1):
    city = homes(n, dwellings, people=people)
    return settle(seed, city.table("zone"), np.arange(n), np.zeros(n, dtype=np.int64))


@pytest.mark.parametrize("people", [0.4, 1.0, 1.72, 3.1])
def test_households_have_the_mean_that_their_zone_has(people):
    d = settled(20_000, people=people)
    assert d.people.mean() == pytest.approx(people, rel=0.02)
    assert d.share.mean() == pytest.approx(1.0, rel=0.03)
    assert d.share_of_water.mean() == pytest.approx(1.0, rel=0.03)
    assert len(d.person_keys) == d.people.sum()
    assert len(set(d.person_keys.tolist())) == len(d.person_keys)
    if people >= 1:
        assert d.people.min() == 1
        assert (d.people == 1).mean() == pytest.approx(np.exp(1 - people), abs=0.02)
    else:
        assert (d.people == 0).mean() == pytest.approx(1 - people, abs=0.02)


def test_dwellings_are_rounded_and_at_least_one():
    d = settled(3, np.array([0.3, 2.4, 2.6]))
    assert np.bincount(d.zone).tolist() == [1, 2, 3]
    assert d.share_of_water[d.people == 0].sum() == 0


def test_a_dwelling_more_changes_no_other_household():
    two, three = settled(1, 2), settled(1, 3)
    assert np.array_equal(three.keys[:2], two.keys)
    assert np.array_equal(three.people[:2], two.people)


def test_blocks_are_the_dwellings_again():
    d = settled(7, np.array([1, 5, 2, 9, 1, 1, 3]))
    zones, people = [], []
    for rows, zone, part in d.blocks(4):
        assert np.array_equal(part.zone + zone.start, d.zone[rows])
        assert part.n_zones == zone.stop - zone.start
        assert np.array_equal(np.bincount(part.person_dwelling, minlength=len(part.keys)), part.people)
        zones += (part.zone + zone.start).tolist()
        people += part.person_keys.tolist()
    assert zones == d.zone.tolist()
    assert people == d.person_keys.tolist()


def test_of_many_the_share_of_the_profile_is_at_home_at_any_time():
    d = settled(15_000)
    profile = np.tile(np.array([1.0, 0.5, 0.1, 0.2, 0.8, 0.0])[:, None], (4, 1))
    home = at_home(d, inclinations(1, d, DAY, 24), profile)
    error = 4.5 * np.sqrt(0.25 / len(d.person_keys))
    assert np.abs(home.mean(axis=1) - profile[:, 0]).max() < error
    there = somebody(d, home)
    for people in (1, 2, 3):
        of_size = there[:, d.people == people].mean(axis=1)
        chance = chance_of_somebody(profile[:, 0], people)
        assert np.abs(of_size - chance).max() < 4.5 * np.sqrt(0.25 / (d.people == people).sum())


def test_people_come_and_go_a_few_times_a_day_and_keep_to_habits():
    d = settled(2000)
    profile = np.full((24, 1), 0.5)
    days = [at_home(d, inclinations(1, d, DAY + k, 24), profile) for k in range(20)]
    moves = np.mean([np.diff(home, axis=0).sum(axis=0).mean() for home in days])
    assert 0.3 < moves < 2.0
    share = np.mean([home.mean(axis=0) for home in days], axis=0)
    assert share.std() > 0.15  # without habits 0.5 / sqrt(20 days x 3 parts) and no more


def test_people_of_a_zone_are_counted():
    d = settled(3, np.array([2, 1, 4]))
    home = np.ones((24, len(d.person_keys)), dtype=bool)
    assert people_by_zone(d, home)[0].tolist() == np.bincount(d.zone[d.person_dwelling], minlength=3).tolist()
    empty = settled(2, people=0.0)
    assert people_by_zone(empty, np.ones((24, 0), dtype=bool)).max() == 0
    assert not somebody(empty, np.ones((24, 0), dtype=bool)).any()


@pytest.mark.parametrize(
    ("zone", "slot_s"),
    [("Europe/Berlin", 3600), ("UTC", 3600), ("Asia/Kolkata", 1800), ("Asia/Kathmandu", 900)],
)
def test_no_full_hour_of_the_clock_lies_inside_a_slot(zone, slot_s):
    civil = CivilTime(zone)
    axis = TimeAxis.at("2023-01-01", 900, 96, zone)
    assert slot_length(axis, civil) == slot_s
    assert part_of_step(axis, slot_s) == 900
    assert (axis.start - axis.start % DAY_S) % part_of_step(axis, slot_s) == 0


def test_windows_are_cut_at_midnight_utc():
    window = TimeAxis(DAY * DAY_S - 3600, 3600, 26)
    parts = list(by_day(window))
    assert [(rows.start, rows.stop) for rows, _ in parts] == [(0, 1), (1, 25), (25, 26)]
    assert [part.start for _, part in parts] == [window.start, DAY * DAY_S, (DAY + 1) * DAY_S]


def test_lamps_follow_the_sun_and_the_year_stays():
    assert darkness(np.array([100.0, 90.0, 82.5, 75.0, 30.0])) == pytest.approx([1.0, 1.0, 0.625, 0.25, 0.25])
    light = Daylight(51.5, 7.0, BERLIN)
    first = int(TimeAxis.at("2021-01-01", DAY_S, 1).start // DAY_S)
    year = np.array([light(first + k) for k in range(365)])
    assert year.mean() == pytest.approx(1.0, rel=0.01)
    december, june = year[334:365].mean(axis=0), year[151:181].mean(axis=0)
    at_eight = slice(28, 32)  # by the clock in winter
    assert december[at_eight].mean() > 1.4
    assert june[at_eight].mean() < 0.8
    assert year[:, 0] == pytest.approx(1.0)  # by night lamps do not ask for the season


def test_the_ledger_says_how_people_are_made():
    mean, drawn = Ledger(), Ledger()
    state_people(PeopleSettings(cold_water_degc=12.0), mean)
    assert "from cold water of 12 degC" in mean.statements[0].text
    assert "mean profiles of their use" in mean.statements[1].text
    state_people(PeopleSettings(profiles="stochastic", standing_share=0.25), drawn)
    assert len(drawn.statements) == 5
    assert drawn.statements[2].text.startswith("25% of the appliances' electricity")
    assert not any("mean profiles of their use" in rule.text for rule in drawn.statements)


def test_cold_water_does_not_freeze():
    assert PeopleSettings(cold_water_degc=10.0, cold_water_swing_k=10.0).cold_water_swing_k == 10.0
    with pytest.raises(ValidationError, match="would freeze"):
        PeopleSettings(cold_water_degc=2.0, cold_water_swing_k=5.0)
