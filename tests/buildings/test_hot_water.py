"""Hot water: by mean profiles and tap by tap, and the temperature of the cold water."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people_case import BERLIN, CATALOGUE, PEOPLE, STOCHASTIC, axis_of, homes, run, simulator
from twin.buildings.people.hot_water import HotWaterSimulator, build, cold_water, hot_water_power
from twin.buildings.people.households import HouseholdsSimulator
from twin.buildings.people.kinds import DRAW_OFFS
from twin.buildings.people.settings import PeopleSettings
from twin.engine.time import TimeAxis
from twin.registry import Setup

MEAN = PeopleSettings()
LITRES = 30.0  # per person and day


def demand(city, axis, how=STOCHASTIC, **more):
    return run(simulator(HotWaterSimulator, city, how, axis.step_s), axis, **more)["hot_water_demand"]


def test_thirty_litres_a_day_by_hand():
    assert hot_water_power(np.array([2.0]), np.array([30.0])) == pytest.approx(2 * 30 * 4180 * 50 / 86400)


def test_the_week_of_the_mean_profile_is_what_people_draw():
    water = demand(homes(), axis_of(7, 3600), MEAN)
    assert water.mean() == pytest.approx(hot_water_power(PEOPLE, LITRES), rel=1e-3)


def test_many_households_together_are_the_mean_profile():
    axis = axis_of(7)
    drawn, mean = demand(homes(4000), axis), demand(homes(), axis, MEAN)
    by_hour = drawn.reshape(7, 24, 4, -1).mean(axis=(0, 2))
    wanted = mean.reshape(7, 24, 4).mean(axis=(0, 2))
    error = by_hour.std(axis=1) / np.sqrt(by_hour.shape[1])
    assert (np.abs(by_hour.mean(axis=1) - wanted) <= 4.5 * error + 0.01 * wanted).all()
    assert drawn.mean() == pytest.approx(mean.mean(), rel=0.02)


def test_taps_run_one_at_a_time_mostly_and_as_hard_as_they_can():
    second = demand(homes(20), axis_of(2, 60))
    flows = [kind.power_w for kind in DRAW_OFFS]
    assert flows == pytest.approx([2438.3, 14630.0, 34136.7, 19506.7], abs=0.1)
    assert (second == 0).mean() > 0.95
    assert flows[1] < second.max() < 2 * max(flows)


def test_the_peak_per_dwelling_falls_with_their_number():
    axis = axis_of(7)
    water = demand(homes(256), axis)
    peak = [water.reshape(axis.n, -1, n).sum(axis=2).max(axis=0).mean() / n for n in (1, 8, 64, 256)]
    assert all(less < more for more, less in pairwise(peak))
    assert peak[-1] < 0.15 * peak[0]


def test_nobody_draws_water_who_is_not_there():
    axis = axis_of(7)
    city = homes(60, people=1.0)
    water = demand(city, axis)
    occupancy = run(simulator(HouseholdsSimulator, city), axis)["occupancy"]
    begins = (water[1:] > 0) & (water[:-1] == 0)  # a draw-off that began before may go on after they left
    assert begins.sum() > 1000
    assert occupancy[1:][begins].min() > 0


AXIS = axis_of(2)


@settings(max_examples=6, deadline=None)
@given(cuts=st.lists(st.integers(1, AXIS.n - 1), max_size=5, unique=True))
def test_any_cut_into_windows_gives_the_same(cuts):
    steps = np.diff([0, *sorted(cuts), AXIS.n]).tolist()
    city = homes(3, dwellings=[1, 5, 2])
    np.testing.assert_allclose(demand(city, AXIS, steps=steps), demand(city, AXIS), rtol=1e-9, atol=1e-9)


def test_hours_are_the_means_of_quarter_hours():
    city = homes(3, dwellings=[1, 5, 2])
    fine = demand(city, AXIS).reshape(48, 4, 3).mean(axis=1)
    np.testing.assert_allclose(demand(city, axis_of(2, 3600)), fine, rtol=1e-9, atol=1e-9)


def test_hot_water_can_stay_a_mean_profile():
    how = PeopleSettings(profiles="stochastic", hot_water_draws="mean")
    assert np.array_equal(demand(homes(), AXIS, how), demand(homes(), AXIS, MEAN))


def test_cold_water_is_coldest_in_february_and_asks_for_more_heat():
    how = PeopleSettings(cold_water_swing_k=5.0)
    assert cold_water(np.array([45, 45 + 182]), how) == pytest.approx([5.0, 15.0], abs=0.01)
    february, august = (TimeAxis.at(f"2023-{month}-14", 3600, 24, BERLIN.timezone) for month in ("02", "08"))
    ratio = demand(homes(), february, how).sum() / demand(homes(), february, MEAN).sum()
    assert ratio == pytest.approx(55.0 / 50.0)
    assert demand(homes(), august, how).sum() < demand(homes(), august, MEAN).sum()


def test_what_is_built():
    built = build(Setup(homes(), {"archetypes": CATALOGUE}, BERLIN, 3600))
    assert [(write.quantity, write.per) for write in built.writes] == [("hot_water_demand", "building")]
    city = homes()
    assert build(Setup(type(city)({"building": city.buildings}, city.geometry), {}, BERLIN, 3600)) is None
