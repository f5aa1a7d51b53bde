"""Networks of many nodes: steady state, step response of a slab, balance, windows, limits."""

from __future__ import annotations

import numpy as np
import pytest

from twin.buildings.kernel.control import Control
from twin.buildings.kernel.layers import Layers, resistance
from twin.buildings.kernel.multinode import (
    Element,
    fold,
    joined,
    network,
    opaque,
    simulate,
    stacked,
    temperatures,
)

WALL = Layers(*np.array([[0.02, 0.1, 0.15], [0.7, 0.04, 1.4], [1500.0, 20.0, 2000.0], [1000.0, 1400.0, 1000.0]]))
HOUR = 3600.0


def room(h_ve=20.0, thickness=1.0):
    wall = Layers(WALL.thickness_m * thickness, *(getattr(WALL, n) for n in list(vars(WALL))[1:]))
    return network([opaque(wall, 60.0, 20.0, 2.5), opaque(WALL, 40.0, 15.0, 5.0)], h_ve, 1.5e5)


def weather(n, seed=1):
    random = np.random.default_rng(seed)
    hour = np.arange(n)
    outdoor = 5.0 + 8.0 * np.sin(hour / 24 * 2 * np.pi) + random.normal(size=n)
    return outdoor[:, None], random.uniform(0.0, 800.0, (n, 1, 6))


def started(net, steps, degc=20.0):
    return np.einsum("zmn,zn->zm", steps.start, np.full(net.capacity.shape, degc))


def test_steady_state_is_u_a_dt():
    layers = Layers(*(v[:2] for v in vars(WALL).values()))
    net = network([Element(50.0, np.zeros(2), np.array([resistance(layers)]), 25.0, 7.7, 0.9, (0, 1))], 10.0, 1e5)
    steps = fold(net, HOUR)
    still = np.full((2000, 1), 0.0)
    result, _ = simulate(steps, started(net, steps), still, np.zeros((2000, 1, 4)), Control(heating_set=np.array(20.0)))
    u = 1 / (1 / 25.0 + resistance(layers) + 1 / 7.7)
    assert result.power[-1, 0] == pytest.approx((50.0 * u + 10.0) * 20.0, rel=1e-9)


def test_a_massive_room_settles_at_the_same_flow_as_its_resistance():
    net = room(h_ve=0.0)
    steps = fold(net, HOUR)
    n = 3000
    result, trace = simulate(
        steps, started(net, steps), np.zeros((n, 1)), np.zeros((n, 1, 6)), Control(heating_set=np.array(20.0))
    )
    nodes = temperatures(
        steps,
        simulate(
            steps,
            trace.modes[-1],
            np.zeros((1, 1)),
            np.zeros((1, 1, 6)),
            Control(heating_set=np.array(20.0)),
            keep=True,
        )[1],
    )
    lost = (net.outdoor[0] * nodes[-1, 0]).sum()
    assert result.power[-1, 0] == pytest.approx(lost, rel=1e-9)


def test_step_response_of_a_slab_is_the_series_of_carslaw_and_jaeger():
    """A slab at 20 degC, both faces brought to 0 degC: mean temperature 8/pi^2 sum of exp(-(odd)^2 Fo pi^2/4)/odd^2."""
    d, k, rho, c = 0.3, 1.5, 2000.0, 1000.0
    slab = opaque(Layers(*np.array([[d], [k], [rho], [c]])), 1.0, 1e7, 1e7)
    net = network([slab], 1e9)
    steps = fold(net, HOUR)
    n = 40
    _, trace = simulate(steps, started(net, steps), np.zeros((n, 1)), np.zeros((n, 1, 4)), Control(), keep=True)
    at_start = np.einsum("znm,tzm->tzn", steps.end, trace.modes)[:, 0]
    ours = at_start @ net.capacity[0] / net.capacity[0].sum() / 20.0
    odd = np.arange(1, 400, 2)
    fourier = k / (rho * c) * np.arange(n + 1) * HOUR / (d / 2) ** 2
    theory = (8 / np.pi**2 / odd**2 * np.exp(-(odd**2) * np.pi**2 / 4 * fourier[:, None])).sum(axis=1)
    np.testing.assert_allclose(ours[1:], theory[1:], atol=0.01)


def test_no_heat_is_lost_or_found():
    net = room()
    steps = fold(net, HOUR)
    outdoor, sources = weather(500)
    control = Control(np.array(20.0), np.array(24.0), ventilation=np.array(15.0))
    result, trace = simulate(steps, started(net, steps), outdoor, sources, control, keep=True)
    mean = temperatures(steps, trace)
    at_start = np.einsum("znm,tzm->tzn", steps.end, trace.modes)
    stored = (np.diff(at_start, axis=0) * net.capacity).sum(axis=2) / HOUR
    lost = (net.outdoor * (mean - outdoor[:, :, None])).sum(axis=2) + result.airing
    np.testing.assert_allclose(sources.sum(axis=2) + result.power, stored + lost, atol=1e-6)
    np.testing.assert_allclose(mean[:, :, -1], result.air, atol=1e-9)


def test_windows_may_be_cut_anywhere():
    net = room()
    steps = fold(net, HOUR)
    outdoor, sources = weather(100)
    control = Control(np.array(20.0), np.array(24.0))
    whole, _ = simulate(steps, started(net, steps), outdoor, sources, control)
    modes, power = started(net, steps), []
    for cut in (slice(0, 1), slice(1, 38), slice(38, 100)):
        part, trace = simulate(steps, modes, outdoor[cut], sources[cut], control)
        modes = trace.modes[-1]
        power.append(part.power)
    np.testing.assert_allclose(np.concatenate(power), whole.power, atol=1e-8)


def test_zones_do_not_know_of_each_other():
    nets = [room(), room(h_ve=60.0, thickness=0.99)]
    outdoor, sources = weather(200)
    control = Control(np.array(20.0), np.array(24.0))
    together = fold(stacked(nets), HOUR)
    both = np.repeat(sources, 2, axis=1)
    result, _ = simulate(together, started(stacked(nets), together), outdoor, both, control)
    for k, net in enumerate(nets):
        alone = fold(net, HOUR)
        one, _ = simulate(alone, started(net, alone), outdoor, sources, control)
        np.testing.assert_allclose(result.power[:, [k]], one.power, atol=1e-6)


def test_installed_power_is_not_exceeded_and_the_air_falls_short():
    net = room()
    steps = fold(net, HOUR)
    control = Control(np.array(20.0), np.array(24.0), np.array([500.0]), np.array([200.0]))
    outdoor = np.repeat([-15.0, 40.0], 200)[:, None]
    result, _ = simulate(steps, started(net, steps), outdoor, np.zeros((400, 1, 6)), control)
    assert result.power.max() == pytest.approx(500.0)
    assert result.power.min() == pytest.approx(-200.0)
    assert result.air[199, 0] < 20.0 < 24.0 < result.air[-1, 0]


def test_half_a_step_twice_is_a_whole_step():
    net = room()
    whole, half = fold(net, HOUR), fold(net, HOUR / 2)
    np.testing.assert_allclose(half.decay**2, whole.decay, rtol=1e-10)


def test_networks_of_different_build_are_not_stepped_as_one():
    other = room()
    other.capacity[0, 1] = 0.0
    with pytest.raises(ValueError, match="same nodes"):
        fold(stacked([room(), other]), HOUR)


def test_zones_of_different_build_move_as_one_where_their_steps_are_joined():
    glazed = network(
        [opaque(WALL, 60.0, 20.0, 2.5), Element(10.0, np.zeros(2), np.array([0.2]), 25.0, 2.5, 0.9, (0, 1))], 20.0, 1e5
    )
    windowless = network([opaque(WALL, 70.0, 15.0, 2.5)], 30.0, 2e5)
    outdoor, sources = weather(200)
    control = Control(np.array(20.0), np.array(24.0))
    folded = [fold(net, HOUR) for net in (glazed, windowless)]
    together = joined(folded)
    own = [sources, sources[:, :, :4]]
    padded = np.concatenate([np.pad(s, ((0, 0), (0, 0), (6 - s.shape[2], 0))) for s in own], axis=1)
    start = 20.0 * together.start.sum(axis=2)
    both, trace = simulate(together, start, outdoor, padded, control, keep=True)
    nodes = together.mean.shape[1] + np.array([[-1], [-2]])  # the air of one, the radiant node of the other
    seen = temperatures(together, trace, nodes)
    for k, (net, steps) in enumerate(zip((glazed, windowless), folded, strict=True)):
        alone, its = simulate(steps, started(net, steps), outdoor, own[k], control, keep=True)
        np.testing.assert_allclose(both.power[:, [k]], alone.power, atol=1e-8)
        np.testing.assert_allclose(seen[:, k, 0], temperatures(steps, its)[:, 0, -1 - k], atol=1e-9)
