"""Water stores and their heaters: hand-computed steps, nothing lost or made, and no matter how long a step is."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.devices.heating.storage import (
    DRAW,
    FILL,
    FOLLOW,
    LOCKED,
    THERMOSTAT,
    Store,
    StoreFlows,
    StoreState,
    step,
    two_point,
)
from twin.devices.water import LABEL_LIMITS, LABELS, label_loss

HOUR = 3600.0
KWH = 3.6e6


def store(n=1, capacity=KWH, loss=0.0, low=20.0, high=30.0, heater=10e3):
    """A store of 10 kWh between its edges behind a heater of 10 kW."""
    return Store(*(np.full(n, float(v)) for v in (capacity, loss, low, high, heater)))


def state(warmth=20.0, calling=False, running=False):
    return StoreState(np.array([float(warmth)]), np.array([calling]), np.array([running]))


def one(mode, demand, warmth=20.0, hours=1.0, calling=False, running=False, **of_store):
    """Return warmth and flows (kWh) of one store after a step."""
    after, flows = step(
        state(warmth, calling, running), store(**of_store), np.array([mode]), np.array([float(demand)]), hours * HOUR
    )
    assert astuple(flows)
    kwh = {name: getattr(flows, name).item() / KWH for name in ("direct", "heat", "backup", "unserved", "losses")}
    return after.warmth.item(), kwh | {"level": flows.level.item(), "starts": flows.starts.item()}


def test_two_point_control_keeps_its_mind_between_the_edges():
    temperature = np.array([19.0, 20.0, 25.0, 30.0, 31.0])
    low, high = np.full(5, 20.0), np.full(5, 30.0)
    assert two_point(np.zeros(5, bool), temperature, low, high).tolist() == [True, True, False, False, False]
    assert two_point(np.ones(5, bool), temperature, low, high).tolist() == [True, True, True, False, False]


def test_the_heater_stops_when_the_store_is_full_within_the_step():
    """10 kW less 4 kW fill 10 kWh in 1 h 40 min; the 20 minutes left draw 4/3 kWh."""
    warmth, flows = one(THERMOSTAT, 4e3, hours=2)
    assert flows["heat"] == pytest.approx(10 * 5 / 3)
    assert flows["level"] == pytest.approx(0.5)
    assert flows["starts"] == 1
    assert warmth == pytest.approx(30 - 4 / 3)


def test_the_heater_starts_when_the_store_is_empty_within_the_step():
    """2 kWh last half an hour at 4 kW; then 6 kW go into the store for half an hour."""
    warmth, flows = one(THERMOSTAT, 4e3, warmth=22.0)
    assert flows["heat"] == pytest.approx(5)
    assert flows["starts"] == 1
    assert warmth == pytest.approx(20 + 3)


def test_many_cycles_in_one_step():
    """0.1 kWh between the edges: 1 min up and 1.5 min down at 4 kW, 24 whole cycles an hour, and 36 s up."""
    warmth, flows = one(THERMOSTAT, 4e3, capacity=KWH / 100, hours=1.01)
    assert warmth == pytest.approx(26)
    assert flows["heat"] == pytest.approx(4 + 0.1)
    assert flows["starts"] == 25
    assert flows["level"] == pytest.approx((4 * 0.5 + 0.1 * 0.3) / 4.1)


def test_beyond_the_heater_s_power_the_store_helps_first_and_the_back_up_then():
    """12 kW: 2 kW are drawn from 1 kWh for half an hour, then made by the back-up."""
    warmth, flows = one(FOLLOW, 12e3, warmth=21.0)
    assert warmth == 20
    assert (flows["direct"], flows["heat"]) == (pytest.approx(10), 0)
    assert flows["backup"] == pytest.approx(1)
    assert flows["unserved"] == 0


def test_a_locked_heater_leaves_unserved_what_the_store_cannot_give():
    warmth, flows = one(LOCKED, 4e3, warmth=21.0, calling=True, running=True)
    assert warmth == 20
    assert (flows["direct"], flows["heat"], flows["backup"], flows["starts"]) == (0, 0, 0, 0)
    assert flows["unserved"] == pytest.approx(3)


def test_filling_stops_at_the_upper_edge_and_keeps_it():
    warmth, flows = one(FILL, 4e3, hours=2, loss=10.0)
    rate = 10 / KWH  # of decay, 1/s
    full = -np.log1p(-10 / (6e3 / 10 - 20)) / rate  # from 20 K towards 600 K
    assert warmth == pytest.approx(30)
    assert flows["direct"] * KWH == pytest.approx(4e3 * (2 * HOUR - full))
    assert flows["heat"] * KWH == pytest.approx(10e3 * full + 300 * (2 * HOUR - full))
    assert flows["direct"] + flows["heat"] == pytest.approx(8 + 10 + flows["losses"])


def test_drawing_lets_the_heater_rest_while_the_store_lasts():
    warmth, flows = one(DRAW, 4e3, warmth=22.0)
    assert warmth == 20
    assert flows["direct"] == pytest.approx(2)
    assert (flows["heat"], flows["backup"]) == (0, 0)


def test_an_idle_store_cools_exponentially():
    for mode in (FOLLOW, DRAW, LOCKED, THERMOSTAT):
        warmth, flows = one(mode, 0.0, warmth=28.0, loss=100.0)
        assert warmth == pytest.approx(28 * np.exp(-100 / KWH * HOUR))
        assert flows["losses"] == pytest.approx(28 - warmth)


def test_a_store_that_stands_too_long_cools_below_its_band_and_gives_nothing():
    warmth, flows = one(LOCKED, 4e3, hours=5, loss=10.0)
    assert warmth == pytest.approx(20 * np.exp(-10 / KWH * 5 * HOUR))
    assert flows["unserved"] == pytest.approx(20)


def test_without_a_store_a_heater_is_a_heater():
    nothing = {"capacity": 1.0, "low": 0.0, "high": 0.0, "warmth": 0.0}
    assert one(FOLLOW, 4e3, **nothing)[1]["direct"] == pytest.approx(4)
    assert one(LOCKED, 4e3, **nothing)[1]["unserved"] == pytest.approx(4)


volumes = st.floats(1e3, 1e8)
cases = st.tuples(
    st.sampled_from([FOLLOW, FILL, DRAW, THERMOSTAT, LOCKED]),
    volumes,  # heat per warmth, J/K
    st.sampled_from([0.0, 1e-6, 1.0, 50.0]),  # loss, W/K
    st.one_of(st.floats(0.0, 2e4), st.sampled_from([0.0, 8000.0, 1e4])),  # demand, W
    st.one_of(st.floats(0.0, 30.0), st.sampled_from([20.0, 30.0])),  # warmth, K
    st.booleans(),
)


def of_cases(drawn):
    """Return stores, state, modes and demands of many cases at once."""
    mode, capacity, loss, demand, warmth, calling = (np.array(values) for values in zip(*drawn, strict=True))
    n = len(mode)
    stores = Store(capacity, loss, np.full(n, 20.0), np.full(n, 30.0), np.full(n, 10e3))
    return stores, StoreState(warmth, calling, np.zeros(n, bool)), mode, demand


@given(st.lists(cases, min_size=1, max_size=5), st.sampled_from([60.0, 900.0, 3600.0]))
def test_no_heat_is_lost_or_made(drawn, step_s):
    stores, before, mode, demand = of_cases(drawn)
    after, f = step(before, stores, mode, demand, step_s)
    given_ = f.direct + f.heat + f.backup + f.unserved
    kept = demand * step_s + f.losses + stores.capacity * (after.warmth - before.warmth)
    largest = 1.0 + demand * step_s + stores.capacity * 30.0
    assert (np.abs(given_ - kept) <= 1e-9 * largest).all()
    assert (np.array([f.direct, f.heat, f.backup, f.unserved, f.losses, f.starts]) >= 0).all()
    assert (f.direct + f.heat <= 10e3 * step_s * (1 + 1e-12)).all()
    assert (after.warmth <= 30.0 * (1 + 1e-12)).all()
    assert (f.unserved[mode != LOCKED] == 0).all()


@given(st.lists(cases, min_size=1, max_size=5), st.integers(2, 7))
def test_the_length_of_a_step_does_not_matter(drawn, parts):
    stores, before, mode, demand = of_cases(drawn)
    _, whole = step(before, stores, mode, demand, 3600.0)
    now, total = before, np.zeros((6, len(mode)))
    for _ in range(parts):
        now, f = step(now, stores, mode, demand, 3600.0 / parts)
        total += [f.direct, f.heat, f.heat * f.level, f.backup, f.unserved, f.losses]
    assert isinstance(whole, StoreFlows)
    wanted = np.array([whole.direct, whole.heat, whole.heat * whole.level, whole.backup, whole.unserved, whole.losses])
    assert np.abs(total - wanted).max() <= 1e-9 * (3600.0 * 2e4 + stores.capacity.max() * 30.0)


def test_standing_losses_follow_the_label():
    volume = np.full(len(LABELS), 0.3)
    loss = label_loss(np.array(LABELS), volume)
    assert (np.diff(loss) > 0).all()
    assert loss[LABELS.index("B")] * 45 == pytest.approx(12 + 5.93 * 300**0.4)
    assert np.isnan(label_loss(np.array([""]), volume[:1])).all()
    assert tuple(LABEL_LIMITS) == LABELS
