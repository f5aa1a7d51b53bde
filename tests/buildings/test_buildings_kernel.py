"""The 5R1C kernel against the printed procedure, against formulas, and against conservation of energy."""

from itertools import pairwise

import iso13790
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import (
    FLOOR_M2,
    HOUR,
    all_means,
    constant,
    cut,
    house,
    one,
    random_houses,
    random_year,
    summer_and_winter,
)

from twin.buildings.kernel import recurrence
from twin.buildings.kernel.balance import balance
from twin.buildings.kernel.simple_hourly import Control, Run, Shared, fold, simulate


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


def test_heat_into_the_mass_is_a_warmer_surrounding_of_the_heavy_elements():
    zones = house(2, h_op=np.array([150.0, 0.0]))
    excess, nothing = 6.0, constant(0, 4000)
    watts = np.broadcast_to(excess * zones.h_tr_em, (4000, 2))
    result = simulate(fold(zones, HOUR), np.full(2, 5.0), nothing, nothing, nothing, Control(), boundary=watts)
    # left alone the mass takes its place between the warmer surrounding and outdoors
    to_air = 1.0 / (1.0 / zones.h_tr_is + 1.0 / zones.h_ve)
    to_outdoors = 1.0 / (1.0 / zones.h_tr_ms + 1.0 / (zones.h_tr_w + to_air))
    expected = excess * zones.h_tr_em / (zones.h_tr_em + to_outdoors)
    assert expected[1] == 0.0
    assert result.mass[-1] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("by_operative", [False, True])
def test_a_surrounding_as_warm_everywhere_is_the_outdoor_temperature_lifted(shared, by_operative):
    n, n_steps = 5, 300
    zones = house(n, h_w=0.0, h_ve=0.0, h_op=np.linspace(20.0, 300.0, n))
    outdoor, internal, solar, heat_set = random_year(n_steps, n)
    lift = Shared(3.0 + np.cos(np.arange(n_steps))[:, None], np.ones((1, n)))
    watts = Shared(lift.profiles, lift.shares * zones.h_tr_em)
    steps, mass, rest = fold(zones, HOUR), np.full(n, 18.0), (internal, solar, Control(heat_set))
    options = {"by_operative": by_operative, "keep_mass": True}
    given = simulate(steps, mass, outdoor, *rest, **options, boundary=watts if shared else watts.expand())
    lifted = simulate(steps, mass, outdoor + lift.expand(), *rest, **options)
    for name in ("power", "air", "mass"):
        assert getattr(given, name) == pytest.approx(getattr(lifted, name), rel=1e-9, abs=1e-7)


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


@pytest.mark.parametrize("step_s", [900.0, HOUR, 3 * HOUR])
def test_the_energy_of_every_building_year_balances(step_s):
    n, n_steps = 12, 8760
    zones = random_houses(n)
    outdoor, internal, solar, heat_set = random_year(n_steps, n)
    series = outdoor, internal, solar
    control = Control(heat_set, np.full((n_steps, n), 25.0))
    result = simulate(fold(zones, step_s), np.full(n, 20.0), *series, control, keep_mass=True)
    flows = balance(zones, step_s, *series, result)
    brought = result.power + flows.gains + flows.boundary
    taken = flows.transmission + flows.ventilation + flows.storage
    assert np.abs(brought - taken).max() < 1e-6
    assert (np.abs((brought - taken).sum(axis=0)) < 1e-12 * np.abs(brought).sum(axis=0)).all()


def heating(zones, outdoor, internal, solar, control, step_s=HOUR):
    result = simulate(fold(zones, step_s), np.full(len(zones.c_m), 20.0), outdoor, internal, solar, control)
    return np.maximum(result.power, 0.0).sum(axis=0)


HOUSES = {"h_op": st.floats(10.0, 400.0), "h_w": st.floats(1.0, 150.0), "capacity": st.floats(8e4, 3.7e5)}


@settings(max_examples=25, deadline=None)
@given(better=st.floats(0.1, 0.99), part=st.sampled_from(["h_op", "h_w", "h_ve"]), **HOUSES)
def test_more_insulation_never_raises_heating(better, part, **values):
    outdoor, _, _, heat_set = random_year(400, 1)
    series = np.minimum(outdoor, 15.0), np.zeros_like(outdoor), np.zeros_like(outdoor)
    values["h_ve"] = 60.0
    before = heating(house(**values), *series, Control(heat_set))
    assert heating(house(**{**values, part: values[part] * better}), *series, Control(heat_set)) <= before * (1 + 1e-9)


@settings(max_examples=25, deadline=None)
@given(kelvin=st.floats(0.0, 10.0), aired=st.booleans(), **HOUSES)
def test_warmer_weather_never_raises_heating(kelvin, aired, **values):
    outdoor, internal, solar, heat_set = random_year(400, 1)
    windows = {"airing_from": np.array([22.0]), "airing_max": np.array([150.0])} if aired else {}
    control = Control(heat_set, heating_max=np.array([9000.0]), **windows)
    zones = house(**values)
    warmer = heating(zones, outdoor + kelvin, internal, solar, control)
    assert warmer <= heating(zones, outdoor, internal, solar, control) * (1 + 1e-9)


@settings(max_examples=25, deadline=None)
@given(watt=st.floats(0.0, 3000.0), sun=st.booleans(), aired=st.booleans(), **HOUSES)
def test_adding_gains_never_raises_heating(watt, sun, aired, **values):
    outdoor, internal, solar, heat_set = random_year(400, 1)
    windows = {"airing_from": np.array([22.0]), "airing_max": np.array([150.0])} if aired else {}
    control, zones = Control(heat_set, **windows), house(**values)
    more = (internal, solar + watt) if sun else (internal + watt, solar)
    assert heating(zones, outdoor, *more, control) <= heating(zones, outdoor, internal, solar, control) * (1 + 1e-9)


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 95), max_size=4, unique=True), width=st.integers(2, 7), depth=st.integers(1, 40))
def test_blocks_of_buildings_and_windows_do_not_change_the_result(cuts, width, depth):
    n, n_steps = 7, 96
    series, control = summer_and_winter(n_steps, n), all_means(n, n_steps)
    steps = fold(random_houses(n), HOUR)

    def run(mass, begin, end):
        here = slice(begin, end)
        return simulate(steps, mass, *(v[here] for v in series), cut(control, here), keep_mass=True, operative=True)

    whole = run(np.full(n, 20.0), 0, n_steps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recurrence, "BLOCK_BYTES", 8 * width)
        patch.setattr(recurrence, "CHUNK_STEPS", depth)
        edges, mass, parts = [0, *sorted(cuts), n_steps], np.full(n, 20.0), []
        for begin, end in pairwise(edges):
            parts.append(run(mass, begin, end))
            mass = parts[-1].mass[-1]
    for name in ("power", "air", "airing", "operative"):
        expected = getattr(whole, name)
        assert expected.any()
        joined = np.vstack([getattr(part, name) for part in parts])
        assert joined == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert np.vstack([part.mass[:-1] for part in parts]) == pytest.approx(whole.mass[:-1], rel=1e-9)
    assert mass == pytest.approx(whole.mass[-1], rel=1e-9)


@pytest.mark.parametrize("width", [8, 3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_a_run_keeps_between_windows_changes_nothing(width, dtype, monkeypatch):
    n, n_steps = 8, 96
    monkeypatch.setattr(recurrence, "BLOCK_BYTES", np.dtype(dtype).itemsize * width)
    (outdoor, internal, solar), control = summer_and_winter(n_steps, n), all_means(n, n_steps)
    shared = Shared(solar, np.eye(n))
    other = {**control, "heating_max": control["heating_max"] / 3, "airing_from": np.full(n, np.inf)}
    other["heating_set"] = Shared(control["heating_set"].profiles, control["heating_set"].shares + 0.5)
    steps, mass = fold(random_houses(n), HOUR, dtype), np.full(n, 20.0)
    run = Run(steps)
    # windows of all lengths, inputs in both forms, another control in the middle and the first one again
    for begin, end in pairwise([0, 1, 2, 3, 20, 21, 22, 60, 61, 62, n_steps]):
        here = slice(begin, end)
        sun = shared.steps(here) if begin % 2 else solar[here]
        lift = None if begin % 4 else internal[here]
        means = cut(other if 3 <= begin < 22 else control, here)
        kept = run.simulate(mass, outdoor[here], internal[here], sun, means, operative=True, boundary=lift)
        alone = simulate(steps, mass, outdoor[here], internal[here], sun, means, operative=True, boundary=lift)
        for name in ("power", "air", "airing", "operative", "mass"):
            assert (getattr(kept, name) == getattr(alone, name)).all(), (name, begin)
        mass = kept.mass[-1]


def test_a_building_does_not_depend_on_those_beside_it():
    n, n_steps = 12, 1500
    (outdoor, internal, solar), control = summer_and_winter(n_steps, n), all_means(n, n_steps)
    control = {k: v.expand() if isinstance(v, Shared) else v for k, v in control.items()}
    zones = random_houses(n)
    order = np.random.default_rng(1).permutation(n)

    def run(rows):
        chosen = Control(**{k: v[..., rows] for k, v in control.items()})
        series = (v[:, rows] for v in (outdoor, internal, solar))
        return simulate(fold(zones.take(rows), HOUR), np.full(len(rows), 20.0), *series, chosen).power

    together = run(np.arange(n))
    assert run(order) == pytest.approx(together[:, order], rel=1e-9, abs=1e-9)
    for i in range(n):
        assert run(np.array([i]))[:, 0] == pytest.approx(together[:, i], rel=1e-9, abs=1e-9)


def test_what_is_no_number_stays_where_it_is():
    n, n_steps = 6, 400
    (outdoor, internal, solar), control = summer_and_winter(n_steps, n), cut(all_means(n, 400), slice(0, 400))
    steps, start = fold(random_houses(n), HOUR), np.full(n, 20.0)
    right = simulate(steps, start, outdoor, internal, solar, control).power
    solar[50, 2] = np.nan
    wrong = simulate(steps, start, outdoor, internal, solar, control).power
    others = np.arange(n) != 2
    assert wrong[:, others] == pytest.approx(right[:, others], rel=1e-9, abs=1e-9)
    assert np.isnan(wrong[50:, 2]).all()


@pytest.mark.parametrize("by_operative", [False, True])
def test_single_precision_is_within_a_ten_thousandth(by_operative):
    n, n_steps = 40, 8760
    series, control = summer_and_winter(n_steps, n), all_means(n, n_steps)
    if by_operative:
        control = {k: v for k, v in control.items() if "air" not in k and k != "ventilation"}
    zones, start = random_houses(n), np.full(n, 20.0)
    exact, single = (
        simulate(fold(zones, HOUR, dtype), start, *series, Control(**control), by_operative=by_operative)
        for dtype in (np.float64, np.float32)
    )
    assert single.power.dtype == single.air.dtype == np.float32
    least = FLOOR_M2 * 3.6e6
    for sign in (1, -1):
        annual, other = (np.maximum(sign * r.power.astype(float), 0.0).sum(axis=0) * HOUR for r in (exact, single))
        assert annual.max() > 5 * least
        assert (np.abs(other - annual) <= 1e-4 * np.maximum(annual, least)).all()


def test_in_single_precision_nothing_drifts_where_all_is_equally_warm():
    n = 200
    same, nothing = np.full((2000, 1), 20.0), np.zeros((2000, 1))
    result = simulate(fold(random_houses(n), HOUR, np.float32), np.full(n, 20.0), same, nothing, nothing, Control())
    assert np.abs(result.mass - 20.0).max() < 1e-4


def test_with_everything_on_the_energy_balances():
    n, n_steps = 12, 3000
    series, zones = summer_and_winter(n_steps, n), random_houses(12)
    control = cut(all_means(n, n_steps), slice(0, n_steps))
    boundary = 400.0 * np.sin(np.arange(n_steps))[:, None] + np.linspace(0.0, 900.0, n)
    result = simulate(fold(zones, HOUR), np.full(n, 20.0), *series, control, keep_mass=True, boundary=boundary)
    flows = balance(zones, HOUR, *series, result, boundary)
    brought = result.power + flows.gains + flows.boundary
    taken = flows.transmission + flows.ventilation + flows.storage
    assert (result.power > 0).any()
    assert (result.power < 0).any()
    assert (result.airing > 0).any()
    assert np.abs(brought - taken).max() < 1e-6
    assert (result.power.max(axis=0) <= control.heating_max * (1 + 1e-9)).all()
    assert (result.power.min(axis=0) >= -control.cooling_max * (1 + 1e-9)).all()


def test_one_outdoor_series_serves_all_buildings():
    outdoor, internal, solar, heat_set = random_year(200, 3)
    shared, steps = outdoor[:, :1], fold(random_houses(3), HOUR)
    given = internal, solar, Control(heat_set)
    together = simulate(steps, np.full(3, 20.0), shared, *given)
    apart = simulate(steps, np.full(3, 20.0), np.repeat(shared, 3, axis=1), *given)
    assert together.power == pytest.approx(apart.power, rel=1e-9, abs=1e-9)
