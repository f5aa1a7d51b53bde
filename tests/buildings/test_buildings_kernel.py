"""The 5R1C kernel against the printed procedure, against formulas, and against conservation of energy."""

from dataclasses import fields

import iso13790
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.buildings import kernel
from twin.buildings.kernel import Control, Zones, balance, fold, simulate

HOUR = 3600.0
FLOOR_M2 = 100.0


def house(n=1, h_op=150.0, h_w=60.0, h_ve=50.0, capacity=165e3, floor=FLOOR_M2):
    """Return a house of 100 m2, medium weight."""
    mass_area, total = 2.5 * floor, 4.5 * floor
    h_ms = 9.1 * mass_area
    values = {
        "h_tr_w": h_w,
        "h_tr_em": h_op * h_ms / (h_ms - h_op),
        "h_tr_ms": h_ms,
        "h_tr_is": 3.45 * total,
        "h_ve": h_ve,
        "c_m": capacity * floor,
        "to_mass": mass_area / total,
        "to_surface": 1.0 - mass_area / total - h_w / (9.1 * total),
    }
    return Zones(**{name: np.broadcast_to(np.asarray(v, dtype=float), (n,)).copy() for name, v in values.items()})


def one(zones, i):
    return Zones(**{f.name: float(getattr(zones, f.name)[i]) for f in fields(zones)})


def random_year(n_steps, n, seed=3):
    rng = np.random.default_rng(seed)
    hours = np.arange(n_steps)[:, None]
    outdoor = 9.0 - 10.0 * np.cos(2 * np.pi * hours / 8760) - 4.0 * np.cos(2 * np.pi * hours / 24)
    outdoor = outdoor + rng.normal(0.0, 2.0, (n_steps, n))
    solar = np.maximum(-np.cos(2 * np.pi * hours / 24), 0.0) * rng.uniform(0.0, 3000.0, (n_steps, n))
    heat_set = np.where((hours % 24 >= 6) & (hours % 24 < 22), 20.0, 17.0) + np.zeros((1, n))
    return outdoor, rng.uniform(100.0, 900.0, (n_steps, n)), solar, heat_set


def random_houses(n, seed=7):
    rng = np.random.default_rng(seed)
    return house(
        n,
        h_op=rng.uniform(20.0, 300.0, n),
        h_w=rng.uniform(5.0, 90.0, n),
        h_ve=rng.uniform(5.0, 120.0, n),
        capacity=rng.uniform(8e4, 3.7e5, n),
    )


@pytest.mark.parametrize("step_s", [900.0, HOUR, 2 * HOUR])
def test_the_folded_map_is_the_printed_procedure(step_s):
    n_steps, n = 500, 5
    zones = random_houses(n)
    outdoor, internal, solar, heat_set = random_year(n_steps, n)
    outdoor, solar = outdoor + 10.0, 10.0 * solar
    start = np.full(n, 18.0)
    result = simulate(
        fold(zones, step_s), start, outdoor, internal, solar, Control(heat_set, np.full((n_steps, n), 24.0))
    )
    assert (result.power > 0).any()
    assert (result.power < 0).any()
    for i in range(n):
        z, mass = one(zones, i), start[i]
        for k in range(n_steps):
            series = outdoor[k, i], internal[k, i], solar[k, i], heat_set[k, i], 24.0
            power, air, mass = iso13790.step(z, step_s, mass, *series, FLOOR_M2)
            assert result.power[k, i] == pytest.approx(power, rel=1e-9, abs=1e-6)
            assert result.air[k, i] == pytest.approx(air, rel=1e-9)
        assert result.mass[-1, i] == pytest.approx(mass, rel=1e-9)


def constant(value, n_steps=3000):
    return np.full((n_steps, 1), float(value))


def test_in_steady_state_heating_is_the_heat_transfer_times_the_difference():
    zones = house(h_op=150.0, h_w=60.0, h_ve=50.0)
    result = simulate(fold(zones, HOUR), np.array([5.0]), constant(-5), constant(0), constant(0), Control(constant(20)))
    # 13790 keeps the air at the set point; the surfaces are a little colder, so a little less is lost than H (20 + 5)
    inner = 1.0 / (1.0 / zones.h_tr_em + 1.0 / zones.h_tr_ms) + zones.h_tr_w
    expected = 25.0 * (1.0 / (1.0 / inner + 1.0 / zones.h_tr_is) + zones.h_ve)
    assert result.power[-1] == pytest.approx(expected, rel=1e-12)
    ideal = (150.0 + 60.0 + 50.0) * 25.0
    assert result.power[-1] == pytest.approx(ideal, rel=0.12)
    assert result.power[-1] < ideal


def test_without_ventilation_the_building_is_well_defined():
    zones = house(h_ve=0.0)
    series = constant(0), constant(300), constant(100), Control(constant(20))
    none = simulate(fold(zones, HOUR), np.array([15.0]), *series).power[-1]
    tiny = simulate(fold(house(h_ve=1e-9), HOUR), np.array([15.0]), *series).power[-1]
    assert none == pytest.approx(tiny, rel=1e-9)
    assert none > 0


@pytest.mark.parametrize("step_s", [900.0, HOUR])
def test_left_alone_it_cools_down_exponentially(step_s):
    zones = house()
    n_steps = int(5 * 86400 / step_s)
    never = constant(-100, n_steps)
    zero = constant(0, n_steps)
    steps = fold(zones, step_s)
    result = simulate(steps, np.array([20.0]), zero, zero, zero, Control(never), keep_mass=True)
    to_air = 1.0 / (1.0 / zones.h_tr_is + 1.0 / zones.h_ve)
    to_outdoors = zones.h_tr_em + 1.0 / (1.0 / zones.h_tr_ms + 1.0 / (zones.h_tr_w + to_air))
    time_constant = zones.c_m / to_outdoors
    exact = 20.0 * np.exp(-np.arange(n_steps + 1)[:, None] * step_s / time_constant)
    assert result.mass == pytest.approx(exact, abs=20.0 * (step_s / time_constant[0]) ** 2 / 12)


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


@pytest.mark.parametrize("step_s", [900.0, HOUR, 3 * HOUR])
def test_the_energy_of_every_building_year_balances(step_s):
    n, n_steps = 12, 8760
    zones = random_houses(n)
    outdoor, internal, solar, heat_set = random_year(n_steps, n)
    series = outdoor, internal, solar
    control = Control(heat_set, np.full((n_steps, n), 25.0))
    result = simulate(fold(zones, step_s), np.full(n, 20.0), *series, control, keep_mass=True)
    flows = balance(zones, step_s, *series, result)
    brought = result.power + flows.gains
    taken = flows.transmission + flows.ventilation + flows.storage
    assert np.abs(brought - taken).max() < 1e-6
    assert (np.abs((brought - taken).sum(axis=0)) < 1e-12 * np.abs(brought).sum(axis=0)).all()


@settings(max_examples=40, deadline=None)
@given(
    h_op=st.floats(10.0, 400.0),
    h_w=st.floats(1.0, 150.0),
    better=st.floats(0.1, 0.99),
    part=st.sampled_from(["h_op", "h_w", "h_ve"]),
)
def test_more_insulation_never_raises_heating(h_op, h_w, better, part):
    outdoor, _, _, heat_set = random_year(600, 1)
    none = np.zeros_like(outdoor)

    def heating(**changed):
        zones = house(**{"h_op": h_op, "h_w": h_w, "h_ve": 60.0, **changed})
        out = np.minimum(outdoor, 15.0)
        return simulate(fold(zones, HOUR), np.array([20.0]), out, none, none, Control(heat_set)).power.sum()

    before = {"h_op": h_op, "h_w": h_w, "h_ve": 60.0}[part]
    assert heating(**{part: before * better}) <= heating() * (1 + 1e-9)


def test_blocks_of_buildings_and_windows_do_not_change_the_result(monkeypatch):
    n, n_steps = 11, 300
    outdoor, internal, solar, heat_set = random_year(n_steps, n)
    steps = fold(random_houses(n), HOUR)
    limits = {"heating_max": np.full(n, 4000.0), "airing_from": np.full(n, 22.0), "airing_max": np.full(n, 100.0)}

    def run(mass, begin, end):
        series = (v[begin:end] for v in (outdoor + 10.0, internal, 6.0 * solar))
        return simulate(steps, mass, *series, Control(heat_set[begin:end], **limits))

    whole = run(np.full(n, 20.0), 0, n_steps)
    monkeypatch.setattr(kernel, "BLOCK_BUILDINGS", 4)
    monkeypatch.setattr(kernel, "BLOCK_STEPS", 7)
    blocked = run(np.full(n, 20.0), 0, n_steps)
    first = run(np.full(n, 20.0), 0, 101)
    second = run(first.mass[-1], 101, n_steps)
    for name in ("power", "air", "airing"):
        expected = getattr(whole, name)
        assert expected.any()
        assert getattr(blocked, name) == pytest.approx(expected, rel=1e-12, abs=1e-9)
        joined = np.vstack([getattr(first, name), getattr(second, name)])
        assert joined == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_one_outdoor_series_serves_all_buildings():
    outdoor, internal, solar, heat_set = random_year(200, 3)
    shared, steps = outdoor[:, :1], fold(random_houses(3), HOUR)
    given = internal, solar, Control(heat_set)
    together = simulate(steps, np.full(3, 20.0), shared, *given)
    apart = simulate(steps, np.full(3, 20.0), np.repeat(shared, 3, axis=1), *given)
    assert np.array_equal(together.power, apart.power)
