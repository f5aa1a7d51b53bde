"""Many nodes behind the door of the city kernel: steady state, step response, windows, and the simple method beside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_case import HOUR, all_means, cut, random_year, summer_and_winter
from scipy.linalg import expm

from buildings_case import boxes, filled
from twin.buildings.kernel import multinode, simple_hourly
from twin.buildings.kernel.control import Control
from twin.buildings.kernel.elements import SOURCES, assemble, ground_floor, internal_mass, opaque, window
from twin.buildings.kernel.ground import SOILS, Floor, slab_on_ground
from twin.buildings.kernel.ground_temperature import Swing, virtual_ground_temperature
from twin.buildings.kernel.series import Shared
from twin.buildings.zones import many_nodes
from twin.buildings.zones.many_nodes import MultiNode, networks
from twin.buildings.zones.thermal_zones import ThermalZones

GROUND_U, FLOOR_M2 = 0.35, 50.0
SHELTERED = {"ground_perimeter_m": 56.0}


def net_of(n=1, wall_u=0.4, air=40.0):
    """Return networks of one heavy room, the walls of each zone a little worse than those of the one before."""
    area, more = np.ones(n), 1.0 + 0.1 * np.arange(n)
    kinds = [
        opaque(80 * area, wall_u * more, 110e3 * area, "D", "horizontal"),
        opaque(60 * area, 0.3 * area, 75e3 * area, "I", "up"),
        ground_floor(FLOOR_M2 * area, GROUND_U * area, area, 175e3 * area, "D", SOILS["sand"]),
        window(15 * area, 1.3 * area),
        internal_mass(200 * area, 60e3 * area),
    ]
    return assemble(kinds, air * area, 1e6 * area)


def room(n=1, begin=20.0, by_operative=False, **changes):
    return MultiNode(net_of(n, **changes), HOUR, np.full(n, begin), by_operative)


def settled(net, outdoor, ground, **sources):
    """Return the temperatures of the nodes of one zone in the long run, solved directly."""
    matrix = np.diag(net.conductance[0].sum(axis=1) + net.outdoor[0]) - net.conductance[0]
    given_ = {"ground": ground - outdoor, **sources}
    return np.linalg.solve(
        matrix, net.outdoor[0] * outdoor + sum(net.sources[0, :, SOURCES.index(s)] * v for s, v in given_.items())
    )


def constant(value, n=1):
    return np.full((n, 1), float(value))


def run(zone, n, outdoor=0.0, internal=0.0, solar=0.0, ground=None, control=None, state=None):
    """Run steps of constant weather."""
    state = zone.start() if state is None else state
    series = [constant(v, n) for v in (outdoor, internal, solar)]
    return zone.run(state, *series, None if ground is None else constant(ground, n), control or Control())


def test_what_is_left_alone_settles_where_the_heat_flows_balance():
    result, _ = run(room(), 6000, -5.0, 800.0, 600.0, 8.0)
    nodes = settled(net_of(), -5.0, 8.0, internal=800.0, solar=600.0)
    assert result.air[-1, 0] == pytest.approx(nodes[-1], rel=1e-9)
    assert result.operative[-1, 0] == pytest.approx((nodes[-1] + nodes[-2]) / 2, rel=1e-9)
    assert result.power[-1, 0] == 0.0


def test_heating_makes_good_what_is_lost():
    net = net_of()
    result, _ = run(room(), 6000, -5.0, 300.0, 0.0, 8.0, Control(heating_set=np.array(20.0)))
    nodes = settled(net, -5.0, 8.0, internal=300.0, air=result.power[-1, 0])
    assert nodes[-1] == pytest.approx(20.0, rel=1e-9)
    lost = (net.outdoor[0] * (nodes + 5.0)).sum() - net.sources[0, :, 2].sum() * 13.0
    assert result.power[-1, 0] + 300.0 == pytest.approx(lost, rel=1e-9)


def test_the_long_run_is_nearly_u_a_dt():
    """Not exactly so: inner surfaces radiate to each other, which are colder than the air."""
    h = 40.0 + 80 * 0.4 + 60 * 0.3 + FLOOR_M2 * GROUND_U + 15 * 1.3
    result, _ = run(room(), 6000, 0.0, control=Control(heating_set=np.array(20.0)))
    assert 0.95 < result.power[-1, 0] / (20.0 * h) < 1.0


def test_the_answer_to_a_step_is_the_matrix_exponential():
    """Nodes without mass eliminated, x' = A x + b: means over each hour, A^-1 ((x1 - x0) / h - b)."""
    net, n = net_of(), 60
    matrix = np.diag(net.conductance[0].sum(axis=1) + net.outdoor[0]) - net.conductance[0]
    heavy, light = np.flatnonzero(net.capacity[0] > 0), np.flatnonzero(net.capacity[0] == 0)
    force = net.outdoor[0] * -10.0 + net.sources[0, :, 1] * 700.0
    back = np.linalg.solve(matrix[np.ix_(light, light)], matrix[np.ix_(light, heavy)])
    capacity = net.capacity[0][heavy]
    a = -(matrix[np.ix_(heavy, heavy)] - matrix[np.ix_(heavy, light)] @ back) / capacity[:, None]
    b = force[heavy] - matrix[np.ix_(heavy, light)] @ np.linalg.solve(matrix[np.ix_(light, light)], force[light])
    b /= capacity
    once, rest = expm(a * HOUR), np.linalg.solve(a, b)
    x, expected = np.full(len(heavy), 20.0), []
    for _ in range(n):
        after = once @ (x + rest) - rest
        expected.append(np.linalg.solve(a, (after - x) / HOUR - b)[-1])
        x = after
    result, _ = run(room(), n, -10.0, solar=700.0)
    np.testing.assert_allclose(result.air[:, 0], expected, rtol=1e-9)


def test_without_windows_to_open_it_is_the_network_moved_by_itself():
    n, zones = 400, 3
    outdoor, internal, solar = summer_and_winter(n, zones)
    control = Control(np.array(20.0), np.array(25.0), np.full(zones, 3000.0), np.full(zones, 1500.0))
    ours, _ = room(zones).run(room(zones).start(), outdoor, internal, solar, outdoor + 4.0, control)
    sources = np.stack([internal, solar, np.full_like(solar, 4.0), np.zeros_like(solar)], axis=2)
    steps = multinode.fold(net_of(zones), HOUR)
    start = np.einsum("zmn,zn->zm", steps.start, np.full(net_of(zones).capacity.shape, 20.0))
    theirs, _ = multinode.simulate(steps, start, outdoor, sources, control)
    np.testing.assert_allclose(ours.power, theirs.power, atol=1e-7)
    np.testing.assert_allclose(ours.air, theirs.air, atol=1e-9)


def year_of(n_zones, n):
    outdoor, internal, solar = summer_and_winter(n, n_zones)
    hours = np.arange(n)
    wave = np.stack([np.ones(n), np.cos(hours / 500)], axis=1)
    ground = Shared(wave, np.stack([np.full(n_zones, 10.0), np.arange(n_zones) - 3.0]))
    return outdoor, internal, solar, ground, Control(**all_means(n_zones, n))


def test_windows_may_be_cut_anywhere():
    zones, n = 6, 300
    outdoor, internal, solar, ground, control = year_of(zones, n)
    zone = room(zones)
    whole, end = zone.run(zone.start(), outdoor, internal, solar, ground, control)
    assert whole.airing.max() > 0.0 > whole.power.min()
    state, parts = zone.start(), []
    for here in (slice(0, 1), slice(1, 2), slice(2, 137), slice(137, n)):
        part, state = zone.run(
            state, outdoor[here], internal[here], solar[here], ground.steps(here), cut(all_means(zones, n), here)
        )
        parts.append(part)
    for name in ("power", "air", "operative", "airing"):
        joined = np.concatenate([getattr(p, name) for p in parts])
        np.testing.assert_allclose(joined, getattr(whole, name), rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(state, end, rtol=1e-9, atol=1e-8)


def test_how_much_is_worked_out_ahead_is_no_matter(monkeypatch):
    outdoor, internal, solar, ground, control = year_of(6, 200)
    whole, _ = room(6).run(room(6).start(), outdoor, internal, solar, ground, control)
    monkeypatch.setattr(many_nodes, "_CHUNK", 7 * room(6).start().size)
    pieces, _ = room(6).run(room(6).start(), outdoor, internal, solar, ground, control)
    for name in ("power", "air", "operative", "airing"):
        np.testing.assert_allclose(getattr(pieces, name), getattr(whole, name), rtol=1e-9, atol=1e-8)


def test_no_heat_is_lost_or_found():
    """Step by step with all that a control can do: what enters is what leaves and what is stored."""
    zones, n = 6, 200
    outdoor, internal, solar, ground, _ = year_of(zones, n)
    zone, net = room(zones), net_of(zones)
    states, power, airing = [zone.start()], [], []
    for k in range(n):
        here = slice(k, k + 1)
        done, state = zone.run(
            states[-1], outdoor[here], internal[here], solar[here], ground.steps(here), cut(all_means(zones, n), here)
        )
        states.append(state)
        power.append(done.power[0])
        airing.append(done.airing[0])
    power, airing = np.array(power), np.array(airing)
    warmer = ground.expand() - outdoor
    inputs = np.stack([outdoor, internal, solar, warmer, np.zeros_like(solar), power - airing], axis=2)
    steps = multinode.fold(net, HOUR)
    mean = multinode.temperatures(steps, multinode.Trace(np.array(states), inputs))
    at = np.einsum("znm,tzm->tzn", steps.end, np.array(states))
    stored = (np.diff(at, axis=0) * net.capacity).sum(axis=2) / HOUR
    lost = (net.outdoor * (mean - outdoor[:, :, None])).sum(axis=2) - warmer * net.sources[:, :, 2].sum(axis=1)
    assert airing.max() > 0.0
    assert power.min() < 0.0 < power.max()
    np.testing.assert_allclose(internal + solar + power, stored + lost + airing, atol=1e-6)
    sums = (internal + solar + power).sum(axis=0)
    np.testing.assert_allclose((stored + lost + airing).sum(axis=0), sums, rtol=1e-9)


def test_two_half_hours_are_an_hour():
    hour, half = room(), MultiNode(net_of(), HOUR / 2, np.full(1, 20.0))
    whole, _ = run(hour, 30, -8.0, 400.0, 300.0, 9.0)
    twice, _ = run(half, 60, -8.0, 400.0, 300.0, 9.0)
    np.testing.assert_allclose(twice.air.reshape(30, 2).mean(axis=1), whole.air[:, 0], rtol=1e-9)


def test_zones_do_not_know_of_each_other():
    outdoor, internal, solar, ground, control = year_of(4, 200)
    together, _ = room(4).run(room(4).start(), outdoor, internal, solar, ground, control)
    net = net_of(4)
    for z in (0, 3):
        one = multinode.Network(*(getattr(net, f)[[z]] for f in ("capacity", "conductance", "outdoor", "sources")))
        alone = MultiNode(one, HOUR, np.full(1, 20.0))
        means = {
            k: Shared(v.profiles, v.shares[:, [z]]) if isinstance(v, Shared) else v[[z]]
            for k, v in all_means(4, 200).items()
        }
        below = Shared(ground.profiles, ground.shares[:, [z]])
        got, _ = alone.run(alone.start(), outdoor[:, [z]], internal[:, [z]], solar[:, [z]], below, Control(**means))
        np.testing.assert_allclose(got.power[:, 0], together.power[:, z], atol=1e-7)


def test_windows_are_opened_where_it_is_warm_and_no_wider_than_they_go():
    outdoor, internal, solar, _ = random_year(500, 2)
    outdoor = outdoor + 20.0
    wide = np.array([150.0, 1e-6])
    control = Control(heating_set=np.array(20.0), airing_from=np.full(2, 24.0), airing_max=wide)
    result, _ = room(2).run(room(2).start(), outdoor, internal, solar, None, control)
    assert (result.power >= 0.0).all()
    assert (result.airing <= wide * np.maximum(result.air - outdoor, 0.0) + 1e-6).all()
    assert result.air[:, 0].max() < result.air[:, 1].max()
    opened = (result.airing[:, 0] > 1e-6) & (result.airing[:, 0] < wide[0] * (result.air - outdoor)[:, 0] - 1e-6)
    assert opened.any()
    np.testing.assert_allclose(result.air[opened, 0], 24.0, atol=1e-9)


def test_the_operative_temperature_can_be_kept_instead():
    control = Control(heating_set=np.array(20.0))
    result, _ = run(room(by_operative=True), 500, -5.0, control=control)
    np.testing.assert_allclose(result.operative[result.power > 0], 20.0, atol=1e-9)
    assert result.air[-1, 0] > 20.0
    vents = Control(heating_set=np.array(20.0), ventilation=np.array(10.0))
    with pytest.raises(ValueError, match="operative temperature"):
        run(room(by_operative=True), 5, control=vents)


def test_a_ground_as_cold_as_outdoors_is_none():
    outdoor, internal, solar, _ = random_year(200, 1)
    control = Control(heating_set=np.array(20.0))
    zone = room()
    without, _ = zone.run(zone.start(), outdoor, internal, solar, None, control)
    alike, _ = zone.run(zone.start(), outdoor, internal, solar, outdoor, control)
    np.testing.assert_allclose(alike.power, without.power, atol=1e-9)


def test_a_year_on_the_virtual_ground_loses_what_the_standard_says():
    """Outdoors and indoors constant but for the year's swing: heat by the floor is H_g times the mean difference."""
    exchange = slab_on_ground(Floor(FLOOR_M2, 30.0, 1.0), SOILS["sand"])
    u = exchange.steady_w_k / FLOOR_M2
    floor = ground_floor(np.array([FLOOR_M2]), u, np.ones(1), np.array([110e3]), "D", SOILS["sand"])
    zone = MultiNode(assemble([floor], np.zeros(1), np.ones(1)), HOUR, np.array([20.0]))
    swing, n = Swing(9.0, 10.0, 1e6), 8766
    seconds = (np.arange(2 * n) + 0.5) * HOUR
    below = virtual_ground_temperature(exchange, swing, seconds)
    still = constant(9.0, 2 * n)
    result, _ = zone.run(zone.start(), still, still * 0.0, still * 0.0, below, Control(np.array(20.0), np.array(20.0)))
    # with one surface there is nothing to radiate to: all heat goes by convection, 0.7 instead of 5.83 W/(m2 K)
    total = 1 / u + 1 / 0.7 - 1 / 5.83
    assert result.power[n:].mean() == pytest.approx(11.0 * FLOOR_M2 / total[0], rel=1e-4)
    assert result.power[n:].max() > 1.1 * result.power[n:].mean()


def city(n=1, **changes):
    return ThermalZones(filled(boxes(n, **{**SHELTERED, **changes})))


def run_city(zones, n_steps=24 * 120):
    """Return power, W/m2 of floor, by many nodes and by the simple method."""
    n = len(zones)
    outdoor, _, _, heating = random_year(n_steps, 1)
    internal, solar = np.full((n_steps, 1), 3.0) * zones.floor_area, np.zeros((n_steps, n))
    control = Control(heating_set=heating, heating_max=60.0 * zones.floor_area)
    many = MultiNode(networks(zones), HOUR, np.full(n, 20.0))
    fine, _ = many.run(many.start(), outdoor, internal, solar, None, control)
    steps = simple_hourly.fold(zones.thermal(), HOUR)
    plain = simple_hourly.simulate(steps, np.full(n, 20.0), outdoor, internal, solar, control)
    return fine.power / zones.floor_area, plain.power / zones.floor_area


def test_houses_need_about_what_the_simple_method_says():
    zones = city(4, year_of_construction=[1900, 1955, 1985, 2015], refurbishment=["existing", "advanced"] * 2)
    fine, plain = run_city(zones)
    np.testing.assert_allclose(fine.sum(axis=0), plain.sum(axis=0), rtol=0.05)
    assert fine.max() <= 60.0 + 1e-9


def test_zones_of_two_uses_share_what_their_building_loses():
    mixed = city(secondary_use_type="RETAIL", secondary_use_share=0.3333)
    assert len(mixed) == 2
    fine, plain = run_city(mixed)
    np.testing.assert_allclose(fine.sum(axis=0), plain.sum(axis=0), rtol=0.06)


def test_a_floor_that_loses_nothing_loses_nothing_here():
    sheltered, usual = (run_city(city(basement="none", ground_temperature_factor=f), 24 * 30) for f in (0.0, 0.5))
    np.testing.assert_allclose(sheltered[0].sum(), sheltered[1].sum(), rtol=0.06)
    assert sheltered[0].sum() < 0.97 * usual[0].sum()


@settings(max_examples=10)
@given(st.floats(0.1, 2.0), st.floats(0.3, 0.95), st.floats(0.1, 5.0))
def test_insulation_warmth_and_gains_never_raise_heating(u, better, more):
    outdoor, internal, solar, heating = random_year(24 * 30, 1)
    control = Control(heating_set=heating)

    def heat(wall_u=u, warmer=0.0, gains=0.0):
        zone = room(wall_u=wall_u)
        result, _ = zone.run(zone.start(), outdoor + warmer, internal + gains, solar, None, control)
        return result.power.sum()

    usual = heat()
    assert heat(wall_u=u * better) <= usual
    assert heat(warmer=more) <= usual
    assert heat(gains=100 * more) <= usual
