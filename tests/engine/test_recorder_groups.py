"""Reductions by group: they follow from the group's own series, and the groups make up the quarter."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.groups import QUARTER, Groups
from twin.engine.ports import Stateless, Write
from twin.engine.recorder import Recorder, Stream
from twin.engine.time import TimeAxis

HOUR = 3600
USE = "group:use_type"
LOAD, TEMPERATURE = "electric_load", "indoor_temperature"
REDUCTIONS = ("sum", "max", "min", "mean", "hours_above", "hours_below", "at_max")
HOMES_AND_SHOP = Groups(("home", "shop"), np.array([0, 1, 0]))


def recorded(values, streams, groups=HOMES_AND_SHOP, weights=None, cuts=(), quantity=LOAD, **how):
    """Return the recorder after it has seen hourly values ``(step, entity)``, in windows cut at some steps."""
    values = np.asarray(values, dtype=float)
    weights = np.ones(values.shape[1]) if weights is None else np.asarray(weights, dtype=float)
    recorder = Recorder("building", weights, HOUR, streams, 0, groups={USE: groups}, **how)
    recorder.start(TimeAxis(0, HOUR, len(values)), None)
    edges = sorted({0, *cuts, len(values)})
    for first, last in pairwise(edges):
        recorder.advance(TimeAxis(first * HOUR, HOUR, last - first), {quantity: values[first:last]})
    return recorder


def test_a_groups_peak_is_that_of_its_own_series():
    # homes have 3 + 1, 1 + 2, 0 + 5; their peaks of 3 and 5 do not meet
    peak = Stream((LOAD,), "max")
    found = recorded([[3.0, 9.0, 1.0], [1.0, 0.0, 2.0], [0.0, 2.0, 5.0]], [peak]).values(peak)
    assert found.groups[USE].tolist() == [5.0, 9.0]
    assert found.entity.tolist() == [3.0, 9.0, 5.0]
    assert found.total == 13.0


def test_what_each_group_had_at_the_worst_moment_of_all_adds_up():
    worst = Stream((LOAD,), "at_max")
    found = recorded([[3.0, 9.0, 1.0], [1.0, 0.0, 2.0], [0.0, 2.0, 12.0]], [worst]).values(worst)
    assert found.groups[USE].tolist() == [12.0, 2.0]
    assert (found.total, found.when) == (14.0, 2 * HOUR)


def test_what_does_not_add_up_is_averaged_by_weight():
    mean, warm = Stream((TEMPERATURE,), "mean"), Stream((TEMPERATURE,), "hours_above", threshold=20.0)
    recorder = recorded(
        [[10.0, 21.0, 20.0], [30.0, 0.0, 18.0]], [mean, warm], weights=[1.0, 1.0, 3.0], quantity=TEMPERATURE
    )
    assert recorder.values(mean).groups[USE].tolist() == pytest.approx([(17.5 + 21.0) / 2, 10.5])
    assert recorder.values(warm).groups[USE].tolist() == [HOUR, HOUR]


def test_a_group_in_which_nothing_weighs_has_no_mean_but_its_sums():
    weights = [1.0, 0.0, 3.0]
    for reduction in REDUCTIONS:
        stream = Stream((TEMPERATURE,), reduction, threshold=5.0)
        found = recorded([[10.0, 21.0, 20.0]], [stream], weights=weights, quantity=TEMPERATURE).values(stream)
        assert np.isnan(found.groups[USE]).tolist() == [False, True], reduction
    energy = Stream((LOAD,), "sum")
    found = recorded([[10.0, 21.0, 20.0]], [energy], weights=weights).values(energy)
    assert found.groups[USE].tolist() == [30.0 * HOUR, 21.0 * HOUR]


@pytest.mark.parametrize(("across", "expected"), [("max", [7.0, 21.0]), ("min", [2.0, 0.0])])
def test_whoever_stands_out_in_a_group(across, expected):
    stream = Stream((TEMPERATURE,), across, across)
    values = [[4.0, 21.0, 2.0], [3.0, 0.0, 7.0]]
    assert recorded(values, [stream], quantity=TEMPERATURE).values(stream).groups[USE].tolist() == expected


members = st.lists(st.integers(0, 3), min_size=4, max_size=9)


@st.composite
def cases(draw):
    member = np.array(draw(members))
    steps = draw(st.integers(1, 12))
    load = st.floats(0, 1e6)
    values = np.array(draw(st.lists(load, min_size=steps * len(member), max_size=steps * len(member))))
    cuts = draw(st.lists(st.integers(1, max(1, steps - 1)), max_size=3))
    return Groups(("a", "b", "c", "d"), member), values.reshape(steps, -1), cuts


@given(cases())
def test_groups_make_up_the_quarter_in_any_cut(case):
    groups, values, cuts = case
    energy, peak, worst = (Stream((LOAD,), r) for r in ("sum", "max", "at_max"))
    recorder = recorded(values, [energy, peak, worst], groups, cuts=cuts)
    for stream in (energy, worst):
        found = recorder.values(stream)
        assert found.groups[USE].sum() == pytest.approx(found.total, rel=1e-9)
    found = recorder.values(peak)
    assert found.groups[USE].sum() >= found.total * (1 - 1e-9)
    for group in range(4):
        of_group = values[:, groups.member == group].sum(axis=1)
        assert found.groups[USE][group] == pytest.approx(of_group.max(), rel=1e-9)


@given(cases(), st.sampled_from(REDUCTIONS))
def test_a_group_of_one_building_is_that_building(case, reduction):
    _, values, cuts = case
    n = values.shape[1]
    alone = Groups([f"b{k}" for k in range(n)], np.arange(n)[::-1].copy())
    for quantity in (LOAD, TEMPERATURE):
        stream = Stream((quantity,), reduction, threshold=1e3)
        weights = np.arange(1.0, n + 1)
        found = recorded(values, [stream], alone, weights=weights, cuts=cuts, quantity=quantity).values(stream)
        np.testing.assert_allclose(found.groups[USE][::-1], found.entity, rtol=1e-9)


@given(cases(), st.sampled_from(REDUCTIONS), st.floats(0.5, 30.0))
def test_typical_weeks_count_for_groups_as_for_all(case, reduction, weight):
    _, values, _ = case
    stream = Stream((LOAD,), reduction, threshold=1e3)
    everyone = Groups(("all",), np.zeros(values.shape[1], dtype=np.int64))
    weeks = [recorded(part, [stream], everyone) for part in (values, 0.5 * values)]
    merged = weeks[0].empty()
    for week, times in zip(weeks, (weight, 1.0), strict=True):
        merged.merge(week, times)
    found = merged.values(stream)
    assert found.groups[USE].tolist() == [pytest.approx(found.total, rel=1e-12)]


def test_a_state_holds_what_groups_have_had():
    energy = Stream((LOAD,), "sum")
    recorder = recorded([[1.0, 2.0, 3.0]], [energy])
    before = recorder.state()
    recorder.advance(TimeAxis(HOUR, HOUR, 1), {LOAD: np.full((1, 3), 50.0)})
    recorder.restore(before)
    assert recorder.values(energy).groups[USE].tolist() == [4.0 * HOUR, 2.0 * HOUR]


def test_series_of_groups_go_to_the_sink_window_by_window():
    seen = []
    energy = Stream((LOAD,), "sum")
    recorded(
        [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
        [energy],
        cuts=[1],
        sink=lambda level, quantity, window, values: seen.append((level, quantity, window.start, values.tolist())),
        group_series={USE: [LOAD]},
    )
    assert seen == [
        (QUARTER, LOAD, 0, [[6.0]]),
        (USE, LOAD, 0, [[4.0, 2.0]]),
        (QUARTER, LOAD, HOUR, [[15.0]]),
        (USE, LOAD, HOUR, [[10.0, 5.0]]),
    ]


def test_a_group_without_members_has_nothing():
    groups = Groups(("a", "b", "c"), np.array([2, 0]))
    values = np.array([[1.0, 2.0]])
    assert groups.sums(values).tolist() == [[2.0, 0.0, 1.0]]
    assert np.isnan(groups.largest(values)).tolist() == [[False, True, False]]
    assert groups.means(values, np.ones(2))[0, [0, 2]].tolist() == [2.0, 1.0]
    nobody = Groups(("a", "b"), np.zeros(0, dtype=np.int64))
    assert nobody.sums(np.zeros((3, 0))).tolist() == [[0.0, 0.0]] * 3


class Many(Stateless):
    """Writes the load of many buildings."""

    name, version, step_s, reads = "many", "1", HOUR, ()
    writes = (Write(LOAD, "building"),)

    def advance(self, window, inputs):
        return {LOAD: window.seconds[:, None] / HOUR + np.arange(2000.0)}


def test_a_year_of_many_buildings_needs_the_memory_of_a_window():
    streams = [Stream((LOAD,), reduction) for reduction in ("sum", "max", "at_max")]
    groups = {USE: Groups(("even", "odd"), np.arange(2000) % 2)}
    peaks, found = [], []
    for memory_bytes in (100_000, 100_000_000):
        recorder = Recorder("building", np.ones(2000), HOUR, streams, 0, lambda *_: None, groups=groups)
        coupling = Coupling(Graph([Many(), recorder], {"building": 2000}), memory_bytes=memory_bytes)
        tracemalloc.start()
        coupling.run(0, 500 * HOUR)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        found.append([recorder.values(stream) for stream in streams])
    assert peaks[0] < 1e6 < 8e6 < peaks[1]  # 500 steps of 2000 numbers are 8 MB
    for small, large in zip(*found, strict=True):
        np.testing.assert_allclose(small.groups[USE], large.groups[USE], rtol=1e-9)
        assert small.total == pytest.approx(large.total, rel=1e-9)
