"""Statistics over steps: by hand, by NumPy over all steps at once, and the same however the steps are cut."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid_case import make_grid
from twin.engine.time import TimeAxis
from twin.grid.quality import VoltageQualitySimulator
from twin.grid.statistics import PERCENTILES, GridStatistics, unbalance
from twin.grid.weeks import WeeklyVerdict, steps_per_week
from twin.random import Streams

TURN = np.exp(-2j * np.pi / 3 * np.arange(3))
HOUR, TEN_MINUTES = 3600, 600
WEEK = 168  # steps of an hour


def statistics_of(voltage, step_s=HOUR, cuts=(), phases=None, loading=None, loss_w=None, solved=None):
    n_branches = 0 if loading is None else loading.shape[1]
    taken = GridStatistics(step_s, voltage.shape[1], phases, n_branches)
    for a, b in pairwise([0, *sorted(cuts), len(voltage)]):
        parts = [None if x is None else x[a:b] for x in (loading, loss_w, solved)]
        taken.take(voltage[a:b], *parts)
    return taken.result()


def test_by_hand():
    voltage = np.array([[1.0, 0.95], [0.89, 0.96], [1.12, 0.97], [0.99, 0.94]])
    loading = np.array([[0.5], [1.2], [1.0], [1.1]])
    found = statistics_of(voltage, loading=loading, loss_w=np.array([[10.0], [40.0], [20.0], [30.0]]))
    assert found.voltage_min.tolist() == [0.89, 0.94]
    assert found.voltage_max.tolist() == [1.12, 0.97]
    assert found.voltage_mean == pytest.approx([1.0, 0.955])
    assert found.voltage_min_step.tolist() == [1, 3]
    assert found.outside_s.tolist() == [7200, 0]
    assert found.any_outside_s == 7200
    assert (found.loading_max.tolist(), found.loading_max_step.tolist()) == ([1.2], [1])
    assert found.over_s.tolist() == [7200]  # 100 % is allowed
    assert found.any_over_s == 7200
    assert found.loss_j.tolist() == [100 * 3600]
    assert (found.weeks, found.steps, found.unsolved) == (0, 4, 0)
    assert np.isnan(found.share_kept).all()


def test_no_step_gives_nothing():
    found = GridStatistics(HOUR, 2, n_branches=1).result()
    assert np.isnan([*found.voltage_min, *found.voltage_mean, *found.loading_max]).all()
    assert found.percentile.shape == (0, 4, 2)


def sequences(zero, positive, negative):
    """Phase voltages of given symmetrical components."""
    return zero + positive * TURN + negative * TURN.conj()


def test_unbalance_is_negative_over_positive_sequence():
    voltage = np.stack([sequences(0.3j, 1.0, 0.015), sequences(0.0, 0.9 * 1j, -0.027), sequences(0.0, 1.0, 0.0)])
    phases = np.array([[0], [1], [2]])
    assert unbalance(voltage, phases)[:, 0] == pytest.approx([0.015, 0.03, 0.0], abs=1e-15)
    assert unbalance(np.zeros((1, 3), complex), phases).tolist() == [[0.0]]
    turned = unbalance(voltage * np.exp(1.234j), phases)
    assert turned == pytest.approx(unbalance(voltage, phases), abs=1e-15)


def test_one_weak_phase_is_a_third_of_its_weakness():
    """|1 + a^2 (1-e) ...| by hand: phases 1, 1, 1-e have V2 = e/3 and V1 = 1 - e/3."""
    voltage = np.array([[1.0, 1.0, 0.94]]) * TURN
    assert unbalance(voltage, np.array([[0], [1], [2]]))[0, 0] == pytest.approx(0.02 / 0.98)


STEPS = st.sets(st.integers(1, 399), max_size=8)


@given(cuts=STEPS, seed=st.integers(0, 99), lost=STEPS)
def test_cuts_do_not_show(cuts, seed, lost):
    rng = np.random.default_rng(seed)
    voltage = rng.uniform(0.87, 1.12, (400, 6)) * np.tile(TURN, 2) * np.exp(0.02j * rng.standard_normal((400, 6)))
    solved = np.ones(400, dtype=bool)
    solved[list(lost)] = False
    voltage[~solved] = 0.0
    given_ = {
        "phases": np.array([[0, 3], [1, 4], [2, 5]]),
        "loading": rng.uniform(0, 1.3, (400, 4)),
        "loss_w": rng.uniform(0, 100, (400, 4)),
        "solved": solved,
    }
    whole, parts = statistics_of(voltage, **given_), statistics_of(voltage, cuts=cuts, **given_)
    for field in fields(whole):
        one, other = (np.asarray(getattr(found, field.name), float) for found in (whole, parts))
        assert one == pytest.approx(other, rel=1e-9), field.name


@given(seed=st.integers(0, 99), steps=st.integers(1, 500))
def test_percentiles_are_exact(seed, steps):
    voltage = np.random.default_rng(seed).uniform(0.85, 1.12, (steps, 3))
    found = statistics_of(voltage, cuts=range(60, steps, 60))
    assert len(found.percentile) == -(-steps // WEEK)
    for week, values in enumerate(found.percentile):
        own = voltage[week * WEEK : (week + 1) * WEEK]
        assert np.abs(values - np.percentile(own, PERCENTILES, axis=0)).max() < 1e-12
    assert found.levels == PERCENTILES


def test_result_may_be_asked_for_in_between():
    voltage = np.random.default_rng(0).uniform(0.9, 1.1, (300, 2))
    taken = GridStatistics(HOUR, 2)
    taken.take(voltage[:200])
    assert taken.result().percentile.shape == (2, 4, 2)
    taken.take(voltage[200:])
    assert taken.result().percentile == pytest.approx(statistics_of(voltage).percentile)


def weeks(*outside, low=0.88, steps=1008):
    """Voltages of 10-min weeks, the first steps of which are low."""
    voltage = np.full((len(outside) * steps, 1), 1.0)
    for week, count in enumerate(outside):
        voltage[week * steps : week * steps + count] = low
    return voltage


def test_weeks_of_the_standard():
    """5 % of 1,008 means of ten minutes are 50.4: 50 may be outside of 10 %, 51 may not; none below 85 %."""
    found = statistics_of(weeks(0, 50, 51, 1008), TEN_MINUTES)
    assert (found.weeks, found.weeks_kept.tolist(), found.share_kept.tolist()) == (4, [2], [0.5])
    assert found.standard == "EN 50160"
    assert statistics_of(weeks(0, 1, 0, low=0.849), TEN_MINUTES).weeks_kept.tolist() == [2]
    assert statistics_of(weeks(1, 1, 0, low=1.101), TEN_MINUTES).weeks_kept.tolist() == [1]  # none above 110 % either
    assert statistics_of(weeks(0)[:1007], TEN_MINUTES).weeks == 0


def test_standard_is_named_for_ten_minutes_only():
    assert statistics_of(np.ones((9, 1)), HOUR).standard == ""


def test_a_step_without_a_solution_is_no_voltage():
    voltage = np.ones((2 * WEEK, 1))
    solved = np.ones(2 * WEEK, dtype=bool)
    voltage[3], solved[3] = 0.0, False
    found = statistics_of(voltage, solved=solved)
    assert (found.steps, found.unsolved) == (2 * WEEK - 1, 1)
    assert found.voltage_min.tolist() == [1.0]
    assert found.percentile.min() == 1.0
    assert (found.weeks, found.weeks_kept.tolist()) == (2, [1])


def test_weeks_of_balance():
    """2 % may be passed in 5 % of a week: 8 of 168 hours."""
    bad, good = sequences(0, 1.0, 0.03), sequences(0, 1.0, 0.01)
    phases = np.array([[0], [1], [2]])
    for hours, kept in ((8, 1), (9, 0)):
        voltage = np.array([bad] * hours + [good] * (WEEK - hours))
        found = statistics_of(voltage, phases=phases)
        assert found.weeks_balanced.tolist() == [kept]
        assert found.unbalance_max == pytest.approx([0.03])


def test_weeks_have_whole_steps():
    assert [steps_per_week(s) for s in (600, 900, 3600, 7 * 86400, 10**7)] == [1008, 672, 168, 1, 1]
    ends = [row for row, _ in WeeklyVerdict(1, HOUR).take(np.zeros((400, 1), dtype=bool))]
    assert ends == [167, 335]


def quality():
    return VoltageQualitySimulator(make_grid([(0, 1, 0.1, 0.1, 0.1, 0.1)], 2), HOUR)


def heard(voltage, collapse=0.0):
    return {"voltage": voltage, "voltage_collapse": np.full(voltage.shape, collapse)}


def test_an_interruption_is_no_low_voltage_but_a_collapse_is():
    voltage = np.ones((WEEK, 6))
    voltage[3, 3:] = 0.0
    for collapse, kept, lowest in ((0.0, 1, 1.0), (1.0, 0, 0.0)):
        found = quality().advance(TimeAxis(0, HOUR, WEEK), heard(voltage, collapse))
        assert found["lowest_phase_voltage"].min(axis=0).tolist() == [1.0, lowest]
        assert (found["weeks_within_limits"] * HOUR).sum(axis=0).tolist() == [1, kept]


def test_simulator_counts_weeks_where_they_end():
    voltage = np.ones((2 * WEEK + 5, 6))
    voltage[:8, 3] = voltage[20:28, 4] = 0.89  # every phase of bus 1 keeps to its limits, for 8 of 168 hours
    voltage[WEEK, 5] = 0.84
    found = quality().advance(TimeAxis(0, HOUR, len(voltage)), heard(voltage))
    assert found["lowest_phase_voltage"].min(axis=0).tolist() == [1.0, 0.84]
    assert (found["judged_weeks"] * HOUR).sum(axis=0).tolist() == [2, 2]
    assert (found["weeks_within_limits"] * HOUR).sum(axis=0).tolist() == [2, 1]
    assert np.flatnonzero(found["judged_weeks"][:, 0]).tolist() == [167, 335]


@given(cuts=STEPS, seed=st.integers(0, 99), again=st.integers(0, 399))
def test_simulator_does_not_show_windows(cuts, seed, again):
    voltage = np.random.default_rng(seed).uniform(0.897, 1.05, (400, 6))
    whole = quality().advance(TimeAxis(0, HOUR, 400), heard(voltage))
    simulator, parts = quality(), []
    simulator.start(TimeAxis(0, HOUR, 400), Streams(0))
    for a, b in pairwise([0, *sorted(cuts), 400]):
        state = simulator.state()
        simulator.advance(TimeAxis(0, HOUR, again), heard(np.zeros((again, 6))))  # and back
        simulator.restore(state)
        parts.append(simulator.advance(TimeAxis(a * HOUR, HOUR, b - a), heard(voltage[a:b])))
    for quantity, values in whole.items():
        assert (np.concatenate([part[quantity] for part in parts]) == values).all()
    assert whole["judged_weeks"].sum() > 0
