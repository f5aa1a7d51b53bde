"""Plans: the cheapest seconds, and giving back as the linear programme would."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from twin.devices.ev.plan import Reserve, cheapest_seconds, give_back, presence

HOUR = 3600.0


def test_presence_to_the_second():
    edges = np.arange(4) * HOUR
    there = presence(edges, np.array([1800.0, 0.0]), np.array([9000.0, 10.0]))
    assert there.tolist() == [[1800, 10], [3600, 0], [1800, 0]]


def test_the_cheapest_seconds_come_first_and_the_earlier_of_equals():
    prices = np.array([3.0, 1.0, 2.0, 1.0])
    present = np.full((4, 4), HOUR)
    wanted = np.array([0.5, 1.5, 2.5, 9.0]) * HOUR
    hours = cheapest_seconds(prices, present, wanted) / HOUR
    assert hours.T.tolist() == [[0, 0.5, 0, 0], [0, 1, 0, 0.5], [0, 1, 0.5, 1], [1, 1, 1, 1]]


def reserve(begin=30.0, end=40.0, low=15.0, high=40.0, power=10.0, give=10.0, efficiency=0.8, wear=1.0):
    columns = (np.array([float(v)]) for v in (begin, end, low, high, power / HOUR, give / HOUR))
    return Reserve(*columns, efficiency, wear)


def plan(prices, paid=None, **what):
    """Return what is drawn and given in hours, kWh for what."""
    present = np.full((len(prices), 1), HOUR)
    prices = np.array(prices, dtype=float)
    paid = prices if paid is None else paid
    drawn, given_ = give_back(prices, paid, present, reserve(**what))
    return drawn[:, 0], given_[:, 0]


def test_by_hand():
    """40 pays for 10: of 10 kWh taken out 8 come back. Out of 30 kWh 15 may go, 12 given: 10 in one hour, 2 in next."""
    drawn, given_ = plan([39, 40, 20, 10, 10, 10])
    assert given_.tolist() == pytest.approx([2, 10, 0, 0, 0, 0])
    assert drawn.tolist() == pytest.approx([0, 0, 0, 10, 10, 5])


def test_a_spread_that_does_not_pay_is_left_alone():
    drawn, given_ = plan([13, 13.4, 10, 10])  # (13.4 - 1) 0.8 < 10
    assert not given_.any()
    assert drawn.tolist() == pytest.approx([0, 0, 10, 0])


def test_without_time_all_of_it_is_used_and_nothing_given():
    drawn, given_ = plan([50, 1, 50], begin=5.0, low=0.0)
    assert drawn.tolist() == pytest.approx([10, 10, 10])
    assert not given_.any()


def test_power_is_never_drawn_and_given_at_once_to_burn_it():
    """Where drawing is paid for, losses would pay too."""
    drawn, given_ = plan([0, -1], begin=35.0, efficiency=0.75, wear=0.0, give=3.0)
    assert given_.tolist() == pytest.approx([3, 0])
    assert drawn.tolist() == pytest.approx([0, 9])


def cost(prices, paid, drawn, given_, wear):
    return prices @ drawn - (paid - wear) @ given_


def cheapest(prices, paid, r):
    """Return the least cost, by linear programming."""
    n, most = len(prices), HOUR * np.array([r.power[0], r.give_power[0]])
    level = np.hstack([np.tril(np.ones((n, n))), -np.tril(np.ones((n, n))) / r.efficiency])
    solved = linprog(
        np.concatenate([prices, -(paid - r.wear)]),
        A_ub=np.vstack([level, -level]),
        b_ub=np.concatenate([np.full(n, r.high[0] - r.begin[0]), np.full(n, r.begin[0] - r.low[0])]),
        A_eq=level[-1:],
        b_eq=[r.end[0] - r.begin[0]],
        bounds=[(0, most[0])] * n + [(0, most[1])] * n,
    )
    return solved.fun if solved.success else None


some_prices = st.lists(st.integers(0, 60), min_size=2, max_size=14)


@settings(max_examples=150)
@given(
    some_prices,
    st.sampled_from([0.5, 0.9, 1.0]),
    st.floats(15, 40),
    st.floats(0.6, 1.0),
    st.floats(0, 8),
    st.sampled_from([3.0, 7.0, 25.0]),
)
def test_no_plan_is_cheaper(prices, share, begin, efficiency, wear, give):
    """Also where only a share of the price is paid for what is given back."""
    what = {"begin": begin, "efficiency": efficiency, "wear": wear, "give": give}
    prices, r = np.array(prices, dtype=float), reserve(**what)
    paid = share * prices
    least = cheapest(prices, paid, r)
    drawn, given_ = plan(prices, paid, **what)
    assert not ((drawn > 1e-9) & (given_ > 1e-9)).any()
    level = begin + np.cumsum(drawn - given_ / efficiency)
    assert level.min() >= min(15 - 1e-6, begin)
    assert level.max() <= 40 + 1e-6
    if least is None:  # too little time
        assert drawn.tolist() == pytest.approx([10.0] * len(prices))
    else:
        assert level[-1] == pytest.approx(40, abs=1e-6)
        assert cost(prices, paid, drawn, given_, wear) == pytest.approx(least, rel=1e-7, abs=1e-5)
