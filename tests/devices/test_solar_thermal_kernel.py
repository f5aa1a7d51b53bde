"""Solar collectors and their tanks: numbers by hand, nothing lost or made, and hardly any matter how long a step is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.devices.solar_thermal.kernel import Collectors, Tanks, collector_heat, step

HOUR = 3600.0
LITRE = 4130.0  # J/K


def collectors(*places, area=4.0, eta0=0.75, a1=4.0, a2=0.0):
    """One tank's collectors, each with its own values where given."""
    values = [{"area": area, "eta0": eta0, "a1": a1, "a2": a2, **place} for place in places or ({},)]
    return Collectors(*(np.array([[v[name]] for v in values]) for name in ("area", "eta0", "a1", "a2")))


def run(steps, temperature, c, sun, air=12.0, demand=0.0, litres=300.0, loss=2.0, step_s=HOUR):
    """Return temperatures after every step of one tank, and its flows ``(step, 3)``, J."""
    sun, air = (np.broadcast_to(np.asarray(v, float)[..., None], (len(c.area), 1)) for v in (sun, air))
    tanks = Tanks(np.array([litres * LITRE]), np.array([loss]))
    now, reached, moved = np.array([float(temperature)]), [], []
    for _ in range(steps):
        now, flows = step(now, tanks, c, sun, air, np.array([float(demand)]), step_s)
        reached.append(now[0])
        moved.append([flows.collected[0], flows.delivered[0], flows.lost[0]])
    return np.array(reached), np.array(moved)


def test_the_heat_of_collectors_by_hand():
    """4 m2 x (0.78 x 800 - 3.7 x 40 - 0.017 x 40**2) W/m2."""
    c = collectors(eta0=0.78, a1=3.7, a2=0.017)
    heat = [collector_heat(c, np.array([[g]]), np.array([[w]]))[0, 0] for g, w in ((800, 40), (100, 40), (100, -10))]
    assert heat == pytest.approx([4 * (624 - 148 - 27.2), 0.0, 4 * (78 + 37)])
    assert collector_heat(c, np.array([[0.0]]), np.array([[-10.0]])) == 0  # no sun, no pump


def test_a_steady_state_by_hand():
    """4 (0.75 500 - 4 (T + 5 - 12)) = 1000 (T - 10) / 50 + 2 (T - 20), so T = 1852 / 38."""
    reached, moved = run(300, 20, collectors(), 500, demand=1000)
    assert reached[-1] == pytest.approx(1852 / 38)
    assert moved[-1, 1] == pytest.approx(1000 * (1852 / 38 - 10) / 50 * HOUR)


def test_a_steady_state_with_the_square_term_is_that_of_the_standard():
    c = collectors(a2=0.02)
    (*_, end), moved = run(300, 20, c, 600, demand=1000)
    heat = collector_heat(c, np.array([[600.0]]), np.array([[end + 5 - 12]]))[0, 0]
    assert heat == pytest.approx(1000 * (end - 10) / 50 + 2 * (end - 20))
    assert moved[-1, 0] == pytest.approx(heat * HOUR)


def test_a_tank_cools_towards_its_room():
    reached, moved = run(24, 60, collectors(), 0, loss=3.0)
    assert reached[-1] == pytest.approx(20 + 40 * np.exp(-3 * 24 * HOUR / (300 * LITRE)))
    assert moved[:, :2].sum() == 0


def test_no_more_is_drawn_than_asked_for_and_less_from_a_cooler_tank():
    _, hot = run(1, 80, collectors(), 0, demand=1000, litres=1e6)
    _, warm = run(1, 35, collectors(), 0, demand=1000, litres=1e6)
    _, cold = run(1, 10, collectors(), 0, demand=1000, litres=1e6, loss=0.0)
    assert [hot[0, 1], cold[0, 1]] == pytest.approx([1000 * HOUR, 0])
    assert warm[0, 1] == pytest.approx(500 * HOUR, rel=1e-4)


def test_collectors_stagnate_while_the_tank_is_at_its_limit():
    reached, moved = run(20, 80, collectors(), 1000, air=30)
    assert reached.max() == reached[-1] == 95
    full = reached[:-1] == 95
    assert full.sum() > 10
    np.testing.assert_allclose(moved[1:][full], [[2 * 75 * HOUR, 0, 2 * 75 * HOUR]] * full.sum())
    after, _ = run(1, 95, collectors(), 1000, air=30, demand=20e3)
    assert after[0] < 95


def test_a_shaded_collector_does_not_cool_the_tank_and_two_alike_are_one_of_twice_the_size():
    shaded = run(5, 50, collectors({}, {}), [500, 40], demand=300)
    alone = run(5, 50, collectors(), 500, demand=300)
    np.testing.assert_allclose(shaded[0], alone[0])
    np.testing.assert_allclose(
        run(5, 50, collectors({}, {}), 500)[0], run(5, 50, collectors(area=8.0), 500)[0], rtol=1e-12
    )


def by_small_steps(temperature, c, sun, air, demand, litres, loss, seconds):
    """The temperature by Euler's rule, second by second."""
    for _ in range(int(seconds)):
        heat = collector_heat(c, np.array(sun)[:, None], np.full((len(sun), 1), temperature + 5 - air)).sum()
        out = demand * min((temperature - 10) / 50, 1) + loss * (temperature - 20)
        temperature = min(temperature + (heat - out) / (litres * LITRE), 95.0)
    return temperature


@pytest.mark.parametrize(
    ("begin", "sun", "demand", "passes"),
    [(40, [900, 330], 0, 60), (94, [900, 700], 0, 95), (75, [300, 600], 6000, 60), (50, [200, 600], 3000, 40)],
)
def test_switching_within_a_step_is_found(begin, sun, demand, passes):
    """A pump that stops or starts, the mixer, stagnation: within two hours, in one step."""
    c, litres = collectors({}, {"a1": 6.0}), 60.0
    reached, _ = run(1, begin, c, sun, 15, demand, litres, step_s=2 * HOUR)
    assert (begin - passes) * (reached[0] - passes) <= 0
    assert reached[0] == pytest.approx(by_small_steps(begin, c, sun, 15, demand, litres, 2.0, 2 * HOUR), abs=0.02)


@given(
    begin=st.floats(10, 95),
    sun=st.lists(st.floats(0, 1200), min_size=2, max_size=2),
    air=st.floats(-20, 40),
    demand=st.floats(0, 2e4),
    litres=st.floats(20, 2000),
    a2=st.sampled_from([0.0, 0.02]),
)
def test_what_is_collected_is_delivered_lost_or_held(begin, sun, air, demand, litres, a2):
    c = collectors({}, {"area": 1.0, "a1": 1.5}, a2=a2)
    reached, moved = run(3, begin, c, sun, air, demand, litres)
    collected, delivered, lost = moved.sum(axis=0)
    held = litres * LITRE * (reached[-1] - begin)
    assert abs(collected - delivered - lost - held) <= 1e-9 * (abs(moved).sum() + litres * LITRE * 100)
    assert ((reached >= 10 - 1e-9) & (reached <= 95)).all()
    assert (moved[:, :2] >= -1e-6).all()
    assert (moved[:, 1] <= demand * HOUR * (1 + 1e-9)).all()


@given(
    begin=st.floats(10, 95),
    sun=st.lists(st.floats(0, 1200), min_size=2, max_size=2),
    demand=st.floats(0, 2e4),
    parts=st.integers(2, 12),
)
def test_without_the_square_term_any_step_gives_the_same(begin, sun, demand, parts):
    c = collectors({}, {"area": 1.0, "a1": 1.5})
    long, moved = run(1, begin, c, sun, 15, demand)
    short, moved_then = run(parts, begin, c, sun, 15, demand, step_s=HOUR / parts)
    assert short[-1] == pytest.approx(long[-1], abs=1e-9)
    np.testing.assert_allclose(moved_then.sum(axis=0), moved[0], rtol=1e-9, atol=1e-3)


def test_halving_the_step_quarters_what_the_tangent_is_off():
    c = collectors(eta0=0.78, a2=0.05)
    ends = [run(n, 20, c, 900, 5, 500, 150, step_s=4 * HOUR / n)[0][-1] for n in (2, 4, 8, 16, 512)]
    off = np.abs(np.array(ends[:-1]) - ends[-1])
    assert off[1] < 0.2
    assert (off[:-1] / off[1:] > 3).all()
