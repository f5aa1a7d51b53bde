"""Appliances, lighting and presence: by mean profiles, dwelling by dwelling, and after standard load profiles."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people_case import BERLIN, CATALOGUE, DWELLING_M2, PEOPLE, STOCHASTIC, axis_of, homes, run, simulator
from twin.buildings.people.households import HouseholdsSimulator, build
from twin.buildings.people.load_profiles import LoadProfiles
from twin.buildings.people.settings import PeopleSettings
from twin.engine.ports import Simulator
from twin.engine.time import CivilTime
from twin.errors import TwinError
from twin.registry import Setup

MEAN = PeopleSettings()
STANDARD = PeopleSettings(profiles="standard")
APPLIANCES_W_M2, LIGHTING_W_M2, BODY_W = 5.0, 3.0, 70.0


def weekly_mean(name):
    """Mean over the week of a profile of flats."""
    return CATALOGUE.weekly[name][CATALOGUE.use_rows(np.array(["MULTI_RES"]))[0]].mean()


def test_the_mean_household_by_hand():
    out = run(simulator(HouseholdsSimulator, homes(), MEAN, 3600), axis_of(1, 3600))
    watts_at_20_h = (0.8 * APPLIANCES_W_M2 + 0.2 * LIGHTING_W_M2) * DWELLING_M2
    assert out["electric_load"][20, 0] == pytest.approx(watts_at_20_h)
    assert out["occupancy"][20, 0] == pytest.approx(0.8)
    assert out["internal_gain"][20, 0] == pytest.approx(watts_at_20_h + 0.8 * PEOPLE * BODY_W)


def test_zones_of_a_building_are_summed_and_buildings_without_one_use_nothing():
    city = homes(3, use=np.array(["MULTI_RES", "RETAIL", "OFFICE"]), building=[1, 1, 3])
    for how in (MEAN, STOCHASTIC):
        out = run(simulator(HouseholdsSimulator, city, how), axis_of(1))
        bodies = CATALOGUE.uses["sensible_heat"][CATALOGUE.use_rows(city.table("zone")["use_type"])] * PEOPLE
        load = out["internal_gain"] - bodies * out["occupancy"]
        assert out["electric_load"][:, [0, 2]].max() == 0
        assert out["electric_load"][:, 1] == pytest.approx(load[:, :2].sum(axis=1))
        assert out["electric_load"][:, 3] == pytest.approx(load[:, 2])


def test_only_dwellings_are_drawn():
    city = homes(3, use=np.array(["OFFICE", "MULTI_RES", "SCHOOL"]))
    mean, drawn = (run(simulator(HouseholdsSimulator, city, how), axis_of(2)) for how in (MEAN, STOCHASTIC))
    for name, values in mean.items():
        assert np.array_equal(drawn[name][:, [0, 2]], values[:, [0, 2]]), name
        assert not np.array_equal(drawn[name][:, 1], values[:, 1]), name


def test_many_households_together_are_the_mean_profile():
    city, axis = homes(3000), axis_of(7)
    drawn = run(simulator(HouseholdsSimulator, city), axis)
    mean = run(simulator(HouseholdsSimulator, homes(), MEAN), axis)
    for name, unfolding in (("electric_load", 0.02), ("internal_gain", 0.02), ("occupancy", 0.0)):
        by_hour = drawn[name].reshape(7, 24, 4, -1).mean(axis=(0, 2))
        wanted = mean[name].reshape(7, 24, 4).mean(axis=(0, 2))
        error = by_hour.std(axis=1) / np.sqrt(by_hour.shape[1])
        assert (np.abs(by_hour.mean(axis=1) - wanted) <= 4.5 * error + unfolding * wanted).all(), name
        assert drawn[name].mean() == pytest.approx(mean[name].mean(), rel=0.02), name


def test_the_peak_per_dwelling_falls_with_their_number():
    axis = axis_of(14)
    load = run(simulator(HouseholdsSimulator, homes(256)), axis)["electric_load"]
    peak = [load.reshape(axis.n, -1, n).sum(axis=2).max(axis=0).mean() / n for n in (1, 4, 16, 64, 256)]
    assert all(less < more for more, less in pairwise(peak))
    coincidence = np.array(peak) / peak[0]
    assert 0.1 < coincidence[-1] < 0.3  # of quarter hours; planning rules for 100 and more dwellings lie there
    assert peak[0] > 2500.0


CITY = homes(4, dwellings=[1, 3, 8, 2], use=np.array(["SINGLE_RES", "MULTI_RES", "MULTI_RES", "OFFICE"]))
SPRING = axis_of(3, start="2023-03-25")  # with the change to summer time


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(1, SPRING.n - 1), max_size=5, unique=True), quarter_hours=st.sampled_from([1, 2, 4]))
def test_any_cut_into_windows_gives_the_same(cuts, quarter_hours):
    axis = axis_of(3, 900 * quarter_hours, "2023-03-25")
    steps = np.diff([0, *sorted({c // quarter_hours for c in cuts} - {0}), axis.n]).tolist()
    it = simulator(HouseholdsSimulator, CITY, step_s=axis.step_s)
    whole, parts = run(it, axis), run(it, axis, steps)
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("civil", [BERLIN, CivilTime("Asia/Kolkata"), CivilTime("Australia/Lord_Howe")])
def test_long_steps_are_the_means_of_short_ones(civil):
    short = axis_of(4, 900, "2023-04-01", civil)
    fine = run(simulator(HouseholdsSimulator, CITY, civil=civil), short)
    for step_s in (1800, 3600, 10800, 86400):
        axis = axis_of(4, step_s, "2023-04-01", civil)
        coarse = run(simulator(HouseholdsSimulator, CITY, step_s=step_s, civil=civil), axis)
        for name, values in coarse.items():
            mean = fine[name].reshape(axis.n, -1, values.shape[1]).mean(axis=1)
            np.testing.assert_allclose(values, mean, rtol=1e-9, atol=1e-9)


def test_starting_later_changes_nothing():
    it = simulator(HouseholdsSimulator, CITY)
    whole, later = run(it, axis_of(4)), run(it, axis_of(2, start="2023-01-11"))
    for name, values in later.items():
        np.testing.assert_allclose(values, whole[name][192:], rtol=1e-9, atol=1e-9)


def test_more_buildings_or_dwellings_never_change_the_households_there_are():
    axis = axis_of(3)
    few, more = (run(simulator(HouseholdsSimulator, homes(n)), axis) for n in (3, 5))
    for name, values in few.items():
        assert np.array_equal(more[name][:, :3], values), name
    two, three = (run(simulator(HouseholdsSimulator, homes(1, n)), axis)["electric_load"][:, 0] for n in (2, 3))
    added = three - two
    assert added.min() >= 0.29 * 0.589 * APPLIANCES_W_M2 * DWELLING_M2  # the standing power of the third
    assert added.max() > 1000.0


def test_the_seed_decides():
    it, axis = simulator(HouseholdsSimulator, homes(5)), axis_of(2)
    one, again, other = (run(it, axis, seed=seed)["electric_load"] for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_somebody_is_where_lights_go_on_and_all_power_heats():
    out = run(simulator(HouseholdsSimulator, homes(40)), axis_of(7))
    assert out["electric_load"].min() > 0
    assert set(np.unique(np.round(out["occupancy"], 6))) >= {0.0, 0.5, 1.0}
    assert 0 <= out["occupancy"].min() <= out["occupancy"].max() <= 1
    np.testing.assert_allclose(out["internal_gain"] - out["electric_load"], PEOPLE * BODY_W * out["occupancy"])
    away = out["occupancy"] == 0
    assert out["electric_load"][away].mean() < 0.7 * out["electric_load"][~away].mean()


def test_empty_dwellings_have_their_standing_power_alone():
    out = run(simulator(HouseholdsSimulator, homes(2, people=0.0)), axis_of(2))
    assert out["occupancy"].max() == 0
    assert out["electric_load"] == pytest.approx(0.3 * weekly_mean("appliances") * APPLIANCES_W_M2 * DWELLING_M2)


def test_a_standard_load_profile_keeps_the_energy_of_the_year():
    level = np.ones((3, 3, 96))
    level[:, :, 72:80] += 6.0
    level[0] *= 1.2
    profiles = LoadProfiles({"MULTI_RES": level})
    city = homes(2, use=np.array(["MULTI_RES", "SINGLE_RES"]))
    out = run(simulator(HouseholdsSimulator, city, STANDARD, load_profiles=profiles), axis_of(1))["electric_load"]
    mean = run(simulator(HouseholdsSimulator, city, MEAN), axis_of(1))["electric_load"]
    by_m2 = weekly_mean("appliances") * APPLIANCES_W_M2 + weekly_mean("lighting") * LIGHTING_W_M2
    yearly = by_m2 * DWELLING_M2
    assert out[0, 0] == pytest.approx(1.2 * yearly)
    assert out[75, 0] == pytest.approx(1.2 * 7.0 * yearly)
    assert np.array_equal(out[:, 1], mean[:, 1])


def test_standard_profiles_need_a_file():
    with pytest.raises(TwinError, match="load_profiles"):
        simulator(HouseholdsSimulator, homes(), STANDARD)


def test_what_is_built():
    inputs = {"archetypes": CATALOGUE, "people": STOCHASTIC}
    built = build(Setup(CITY, inputs, BERLIN, 900))
    assert isinstance(built, Simulator)
    assert (built.name, built.step_s) == ("appliances", 900)
    without = type(CITY)({"building": CITY.buildings}, CITY.geometry)
    assert build(Setup(without, inputs, BERLIN, 900)) is None
