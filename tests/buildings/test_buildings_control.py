"""What is done about the temperature indoors: limits, opened windows, ventilation by the clock, what is controlled."""

from dataclasses import replace

import numpy as np
import pytest
from kernel_case import (
    HOUR,
    all_means,
    constant,
    cut,
    house,
    random_houses,
    random_year,
    summer_and_winter,
)

from twin.buildings.kernel.balance import balance
from twin.buildings.kernel.simple_hourly import Control, fold, simulate


def test_the_air_never_leaves_the_set_points_and_power_works_one_way_at_a_time():
    zones = random_houses(20)
    outdoor, internal, solar, heat_set = random_year(2000, 20)
    cool_set = np.full((2000, 20), 25.0)
    result = simulate(fold(zones, HOUR), np.full(20, 20.0), outdoor, internal, solar, Control(heat_set, cool_set))
    assert (result.air >= heat_set - 1e-9).all()
    assert (result.air <= cool_set + 1e-9).all()
    between = (result.air > heat_set + 1e-9) & (result.air < cool_set - 1e-9)
    assert (result.power[between] == 0.0).all()


def cold_spell(heating_max=None):
    series = constant(-15), constant(0), constant(0)
    return simulate(fold(house(), HOUR), np.array([20.0]), *series, Control(constant(20), heating_max=heating_max))


def test_installed_power_is_never_exceeded_and_the_air_falls_short_then():
    most = np.array([3000.0])
    assert cold_spell(most).power.max() == pytest.approx(3000.0)
    assert cold_spell(most).air[-1] < 20.0
    assert cold_spell(most * 9).power == pytest.approx(cold_spell().power)


def test_cooling_is_limited_too():
    hot = constant(35), constant(500), constant(2000)
    control = Control(constant(20), constant(24), cooling_max=np.array([500.0]))
    limited = simulate(fold(house(), HOUR), np.array([24.0]), *hot, control)
    assert limited.power.min() == pytest.approx(-500.0)
    assert limited.air[-1] > 24.0


def aired(outdoor, gain=3000.0, threshold=23.0):
    control = Control(constant(20), airing_from=np.array([threshold]), airing_max=np.array([150.0]))
    series = constant(outdoor), constant(500), constant(gain)
    return simulate(fold(house(), HOUR), np.array([23.0]), *series, control, keep_mass=True), series


def test_windows_wide_open_are_just_more_ventilation():
    result, series = aired(20.0, gain=9000.0)
    assert result.air[-1] > 23.0
    more = fold(house(h_ve=50.0 + 150.0), HOUR)
    same = simulate(more, result.mass[-2], *(v[-1:] for v in series), Control(constant(-100, 1)))
    assert result.air[-1] == pytest.approx(same.air[-1], rel=1e-12)
    assert result.mass[-1] == pytest.approx(same.mass[-1], rel=1e-12)
    assert result.airing[-1] == pytest.approx(150.0 * (result.air[-1] - 20.0))


def test_windows_are_opened_no_further_than_it_takes_and_not_where_outdoors_is_warmer():
    result, _ = aired(5.0, gain=7000.0)
    assert result.air[-1] == pytest.approx(23.0)
    assert 0 < result.airing[-1] < 150.0 * 18.0
    closed, _ = aired(5.0, gain=7000.0, threshold=np.inf)
    assert closed.air[-1] > 23.0
    assert (closed.airing == 0).all()
    heatwave, _ = aired(60.0)
    assert (heatwave.airing[heatwave.air < 60.0] == 0).all()


def test_airing_is_neither_heating_nor_cooling_and_balances():
    result, series = aired(18.0)
    assert result.airing.max() > 0
    assert (result.power == 0).all()
    flows = balance(house(), HOUR, *series, result)
    assert flows.gains + result.power == pytest.approx(flows.transmission + flows.ventilation + flows.storage, rel=1e-9)


def test_left_floating_nothing_is_spent():
    series = constant(-10), constant(100), constant(0)
    result = simulate(fold(house(), HOUR), np.array([20.0]), *series, Control())
    never = simulate(fold(house(), HOUR), np.array([20.0]), *series, Control(constant(-1000)))
    assert (result.power == 0).all()
    assert result.air == pytest.approx(never.air, rel=1e-12)


@pytest.mark.parametrize("added", [80.0, -30.0])
def test_ventilation_by_the_clock_is_that_of_another_building(added):
    n, n_steps = 4, 300
    outdoor, internal, solar, heat_set = random_year(n_steps, n)
    limits = {"heating_max": np.full(n, 5000.0), "cooling_max": np.full(n, 800.0)}
    control = Control(heat_set, np.full((n_steps, n), 23.0), **limits)
    extra = replace(control, ventilation=np.full((1, 1), added))
    zones = replace(random_houses(n), h_ve=np.full(n, 40.0))
    given = np.full(n, 20.0), outdoor + 8.0, internal, 5 * solar
    other = simulate(fold(replace(zones, h_ve=zones.h_ve + added), HOUR), *given, control)
    result = simulate(fold(zones, HOUR), *given, extra, keep_mass=True)
    assert other.power.max() == pytest.approx(5000.0)
    assert other.power.min() == pytest.approx(-800.0)
    for name in ("power", "air"):
        assert getattr(result, name) == pytest.approx(getattr(other, name), rel=1e-9, abs=1e-6)
    assert result.airing == pytest.approx(added * (result.air - given[1]), rel=1e-9, abs=1e-6)


def test_windows_open_on_top_of_the_ventilation_by_the_clock():
    n_steps = 100
    series = constant(20, n_steps), constant(500, n_steps), constant(9000, n_steps)
    windows = {"airing_from": np.array([23.0]), "airing_max": np.array([150.0])}
    control = Control(constant(20, n_steps), ventilation=constant(70, n_steps), **windows)
    result = simulate(fold(house(), HOUR), np.array([23.0]), *series, control)
    more = Control(constant(20, n_steps), **windows)
    same = simulate(fold(house(h_ve=120.0), HOUR), np.array([23.0]), *series, more)
    assert result.air == pytest.approx(same.air, rel=1e-12)
    assert result.airing == pytest.approx(same.airing + 70.0 * (same.air - 20.0), rel=1e-9)


def test_where_windows_are_opened_nothing_is_cooled():
    series = constant(30), constant(500), constant(3000)
    windows = {"airing_from": np.array([23.0]), "airing_max": np.array([150.0])}
    result = simulate(fold(house(), HOUR), np.array([23.0]), *series, Control(constant(20), constant(24), **windows))
    assert (result.power == 0).all()
    assert result.air[-1] > 30.0


def surfaces(zones, outdoor, internal, result):
    """Return the temperature of the surfaces by the heat balance of the air (C.11)."""
    brought = 0.5 * internal + result.power - (0.0 if result.airing is None else result.airing)
    return ((zones.h_tr_is + zones.h_ve) * result.air - zones.h_ve * outdoor - brought) / zones.h_tr_is


def test_the_operative_temperature_is_three_tenths_air_and_seven_surfaces():
    n, n_steps = 6, 1000
    series, zones = summer_and_winter(n_steps, n), random_houses(6)
    control = cut(all_means(n, n_steps), slice(0, n_steps))
    result = simulate(fold(zones, HOUR), np.full(n, 20.0), *series, control, operative=True)
    expected = 0.3 * result.air + 0.7 * surfaces(zones, *series[:2], result)
    assert result.operative == pytest.approx(expected, rel=1e-9)


def test_the_operative_temperature_can_be_the_one_that_is_kept():
    n, n_steps = 6, 1000
    series, zones = summer_and_winter(n_steps, n), random_houses(6)
    control = Control(np.full((n_steps, n), 20.0), np.full((n_steps, n), 25.0))
    result = simulate(fold(zones, HOUR), np.full(n, 20.0), *series, control, keep_mass=True, by_operative=True)
    assert result.operative.min() == pytest.approx(20.0)
    assert result.operative.max() == pytest.approx(25.0)
    assert result.operative == pytest.approx(0.3 * result.air + 0.7 * surfaces(zones, *series[:2], result), rel=1e-9)
    flows = balance(zones, HOUR, *series, result)
    taken = flows.transmission + flows.ventilation + flows.storage
    assert flows.gains + result.power == pytest.approx(taken, rel=1e-9, abs=1e-6)
    with pytest.raises(ValueError, match="works on the air"):
        simulate(fold(zones, HOUR), np.full(n, 20.0), *series, Control(ventilation=5.0), by_operative=True)
