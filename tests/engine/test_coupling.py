"""The coupling graph, tried with simulators small enough to work out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.engine import Read, TimeAxis, Write
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph, Loop
from twin.engine.links import transfer
from twin.engine.recorder import Recorder, Stream
from twin.engine.resample import resample
from twin.errors import TwinError
from twin.quantities import Link

HOUR = 3600
SIZES = {"site": 1, "building": 3, "surface": 6}
LINKS = (
    Link.belongs("surface", "building", np.array([0, 0, 1, 1, 1, 2])),
    Link.belongs("building", "site", np.zeros(3, dtype=int)),
)


class Sim:
    """Calls ``rule(seconds, inputs)`` for each of its outputs; remembers nothing."""

    version = "1"

    def __init__(self, name, reads=(), writes=(), rule=None, step_s=HOUR):
        self.name, self.reads, self.writes, self.step_s = name, tuple(reads), tuple(writes), step_s
        self.rule = rule
        self.seen = []

    def start(self, axis, streams):
        self.seen.clear()

    def advance(self, window, inputs):
        self.seen.append((window, {q: v.copy() for q, v in inputs.items()}))
        return self.rule(window.seconds, inputs) if self.rule else {}

    def state(self):
        return None

    def restore(self, state):
        pass

    def collected(self, quantity):
        return np.concatenate([inputs[quantity] for _, inputs in self.seen])


def source(name="source", quantity="electric_load", per="building", values=None, step_s=HOUR, kind="mean"):
    """Write ``values(seconds)`` shaped (step, entity)."""

    def ramp(seconds):
        return (seconds[:, None] / HOUR + np.arange(SIZES[per])[None, :]).astype(float)

    rule = values or ramp
    return Sim(name, writes=[Write(quantity, per, kind)], rule=lambda t, _: {quantity: rule(t)}, step_s=step_s)


def reader(quantity="electric_load", per="building", step_s=HOUR, name="reader", **how):
    return Sim(name, reads=[Read(quantity, per, **how)], step_s=step_s)


def run(*simulators, hours=24, window_s=None, links=LINKS, **how):
    coupling = Coupling(Graph(simulators, SIZES, links), window_s=window_s)
    coupling.run(0, hours * HOUR, **how)
    return coupling


def test_order_follows_the_ports_not_the_listing():
    last, first = reader("space_heating_demand"), source()
    middle = Sim(
        "middle",
        [Read("electric_load", "building")],
        [Write("space_heating_demand", "building")],
        lambda t, i: {"space_heating_demand": 2 * i["electric_load"]},
    )
    run(last, middle, first)
    np.testing.assert_allclose(last.collected("space_heating_demand")[5], 2 * (5 + np.arange(3)))


def test_extensive_quantities_are_summed_along_links():
    total = reader(per="building")
    run(source(per="surface", values=lambda t: np.tile([1.0, 2, 3, 4, 5, 6], (len(t), 1))), total)
    np.testing.assert_array_equal(total.collected("electric_load")[0], [3, 12, 6])


def test_intensive_quantities_are_gathered_against_links():
    walls = reader("outdoor_temperature", "surface")
    run(source(quantity="outdoor_temperature", per="site", values=lambda t: t[:, None] * 1.0), walls)
    np.testing.assert_array_equal(walls.collected("outdoor_temperature")[2], np.full(6, 2 * HOUR))


def test_a_share_of_an_entity_falls_to_each_of_its_owners():
    link = Link("surface", "building", np.array([0, 1, 2]), np.array([0, 0, 0]), np.full(3, 1 / 3))
    phases = reader(per="building")
    run(source(per="surface", values=lambda t: np.tile([9.0, 0, 0, 0, 0, 0], (len(t), 1))), phases, links=(link,))
    np.testing.assert_allclose(phases.collected("electric_load")[0], [3, 3, 3])


def test_sum_gathers_any_number_of_writers_and_none_gives_zeros():
    both = reader(gather="sum")
    run(source("one"), source("two"), both)
    np.testing.assert_allclose(both.collected("electric_load")[4], 2 * (4 + np.arange(3)))
    nobody = reader(gather="sum")
    run(nobody)
    assert not nobody.collected("electric_load").any()


def test_steps_are_averaged_or_held():
    fast, slow = source("fast", step_s=HOUR // 4), reader(gather="sum", step_s=HOUR)
    run(fast, slow)
    np.testing.assert_allclose(slow.collected("electric_load")[:, 0], np.arange(24) + 0.375)
    slow, fast = source("slow", step_s=HOUR), reader(step_s=HOUR // 4)
    run(slow, fast)
    np.testing.assert_allclose(fast.collected("electric_load")[:8, 0], [0] * 4 + [1] * 4)


def test_resample_by_kind():
    values = np.array([[1.0], [0.0], [1.0], [1.0]])
    assert resample(values, "mean", 1, 2).ravel().tolist() == [0.5, 1.0]
    assert resample(values, "state", 1, 2).ravel().tolist() == [0.0, 1.0]
    assert resample(values, "status", 1, 2).ravel().tolist() == [0.0, 1.0]


def counting_loop(step_s=HOUR):
    """Two simulators of known outcome: each hour the load is the temperature of the hour before, plus one."""
    plant = Sim(
        "plant",
        [Read("indoor_temperature", "building", delay=1, initial=10.0)],
        [Write("electric_load", "building")],
        lambda t, i: {"electric_load": i["indoor_temperature"] + 1},
        step_s,
    )
    room = Sim(
        "room",
        [Read("electric_load", "building")],
        [Write("indoor_temperature", "building", "state")],
        lambda t, i: {"indoor_temperature": i["electric_load"]},
        step_s,
    )
    return plant, room


@pytest.mark.parametrize("window_s", [None, HOUR, 5 * HOUR])
def test_a_loop_with_a_delay_is_stepped_and_carried_across_windows(window_s):
    plant, room = counting_loop()
    watcher = reader("indoor_temperature")
    coupling = run(plant, room, watcher, window_s=window_s)
    np.testing.assert_array_equal(watcher.collected("indoor_temperature")[:, 0], 11 + np.arange(24))
    assert any(isinstance(item, Loop) for item in coupling.graph.order)


def test_members_of_a_loop_may_step_differently():
    plant, room = counting_loop()
    plant.step_s = HOUR // 4
    watcher = reader("indoor_temperature")
    run(plant, room, watcher)
    # four quarter-hours at last hour's temperature plus one, averaged
    np.testing.assert_allclose(watcher.collected("indoor_temperature")[:, 0], 11 + np.arange(24))


def test_a_delay_outside_a_loop_shifts_by_the_writers_step():
    late = reader(delay=1, initial=-1.0)
    run(source(), late, window_s=7 * HOUR)
    np.testing.assert_array_equal(late.collected("electric_load")[:, 0], np.arange(24) - 1.0)


@given(st.lists(st.integers(1, 24), min_size=1, max_size=4))
def test_any_cut_of_the_horizon_gives_the_same_recorder(hours):
    def record(window_s):
        streams = [Stream(("electric_load",), r) for r in ("sum", "max", "min", "mean")]
        streams.append(Stream(("electric_load",), "hours_above", "max", 7.5))
        recorder = Recorder("building", np.ones(3), HOUR, streams, count_from=0)
        run(source(), recorder, window_s=window_s, cuts=[h * HOUR for h in hours])
        return [recorder.values(s) for s in streams], recorder.total_series()["electric_load"]

    whole, series = record(None)
    cut, cut_series = record(HOUR * hours[0])
    for a, b in zip(whole, cut, strict=True):
        np.testing.assert_allclose(a.entity, b.entity, rtol=1e-12)
        assert a.total == pytest.approx(b.total, rel=1e-12)
    np.testing.assert_allclose(series, cut_series)


def test_recorder_knows_the_coincident_peak_from_the_sum_of_peaks():
    apart = source(values=lambda t: np.where(np.arange(3) == (t[:, None] // HOUR) % 3, 10.0, 1.0))
    peak = Stream(("electric_load",), "max")
    recorder = Recorder("building", np.ones(3), HOUR, [peak], count_from=0)
    run(apart, recorder)
    assert recorder.values(peak).entity.tolist() == [10, 10, 10]
    assert recorder.values(peak).total == 12


def test_the_entity_that_stands_out_can_stand_for_all():
    lowest = Stream(("indoor_temperature",), "min", "min")
    hours = Stream(("indoor_temperature",), "hours_below", "min", 15.5)
    recorder = Recorder("building", np.ones(3), HOUR, [lowest, hours], count_from=0)
    rule = lambda t: 20.0 - np.arange(3) * (t[:, None] >= 12 * HOUR) * 3.0  # noqa: E731
    run(source(quantity="indoor_temperature", values=rule), recorder)
    assert recorder.values(lowest).total == 14
    assert recorder.values(hours).total == 12 * HOUR
    assert recorder.values(hours).entity.tolist() == [0, 0, 12 * HOUR]


def test_the_worst_step_is_kept_whole():
    worst = Stream(("electric_load",), "at_max")
    for window_s in (None, 5 * HOUR):
        recorder = Recorder("building", np.ones(3), HOUR, [worst], count_from=0)
        peak = lambda t: np.where(t[:, None] == 7 * HOUR, [[5.0, 9.0, 1.0]], 2.0)  # noqa: E731
        run(source(values=peak), recorder, window_s=window_s)
        assert recorder.values(worst).entity.tolist() == [5, 9, 1]
        assert (recorder.values(worst).total, recorder.values(worst).when) == (15, 7 * HOUR)


def test_warm_up_is_run_but_not_counted():
    energy = Stream(("electric_load",), "sum")
    recorder = Recorder("building", np.ones(3), HOUR, [energy], count_from=10 * HOUR)
    run(source(values=lambda t: np.ones((len(t), 3))), recorder, cuts=[10 * HOUR])
    assert recorder.values(energy).entity.tolist() == [14 * HOUR] * 3


def error_of(*simulators, links=LINKS, sizes=SIZES):
    with pytest.raises(TwinError) as caught:
        Coupling(Graph(simulators, sizes, links)).run(0, 24 * HOUR)
    return str(caught.value)


def test_a_reader_of_one_without_a_writer_or_with_two_is_told_who():
    assert "reader reads electric_load from exactly one writer, but nobody writes it" in error_of(reader())
    assert "written by one and two" in error_of(source("one"), source("two"), reader())


def test_a_loop_without_a_delay_is_named():
    plant, room = counting_loop()
    plant.reads = (Read("indoor_temperature", "building"),)
    message = error_of(plant, room)
    assert "the loop" in message
    assert "plant" in message
    assert "room" in message
    assert "has no delay" in message


def test_a_slow_writer_inside_a_loop_needs_the_delay():
    plant, room = counting_loop()
    plant.step_s, room.step_s = HOUR, HOUR // 4
    assert "whose step has not ended yet" in error_of(plant, room)


def test_steps_must_divide_one_another():
    assert "the step of one, 1800 s, does not divide that of two, 2700 s" in error_of(
        source("one", step_s=1800), source("two", quantity="gas_consumption", step_s=2700)
    )


def test_a_misspelt_quantity_gets_a_suggestion():
    assert "did you mean 'electric_load'" in error_of(reader("electric_laod"))


def test_sets_without_a_link_cannot_meet():
    assert "nothing links surface to building" in error_of(source(per="surface"), reader(per="building"), links=())


def test_a_dangling_link_is_an_error():
    wrong = Link.belongs("surface", "building", np.array([0, 0, 1, 1, 1, 7]))
    assert "points to building 0 .. 7" in error_of(source(per="surface"), reader(), links=(wrong,))


def test_an_entity_without_an_owner_gets_no_silent_zero():
    partial = Link("building", "site", np.array([0]), np.array([0]), np.array([1.0]))
    message = error_of(
        source(quantity="outdoor_temperature", per="site"), reader("outdoor_temperature"), links=(partial,)
    )
    assert "2 of 3 buildings belong to no site" in message


def test_a_hole_in_an_output_stops_the_run_and_says_where():
    def holed(seconds):
        values = np.zeros((len(seconds), 3))
        values[5, 1] = np.nan
        return values

    message = error_of(source(values=holed), reader())
    assert "source wrote no finite number for electric_load of building 1 at 1970-01-01T05:00:00 UTC" in message


def test_inputs_are_read_only():
    def meddle(t, inputs):
        inputs["electric_load"][:] = 0
        return {}

    meddler = reader()
    meddler.rule = meddle
    with pytest.raises(ValueError, match="read-only"):
        run(source(), meddler)


def test_windows_are_as_long_as_memory_allows():
    graph = Graph([source(), reader()], SIZES, LINKS)
    assert len(list(Coupling(graph).windows(0, 8760 * HOUR))) == 1
    small = list(Coupling(graph, memory_bytes=2 * 8 * 3 * 100).windows(0, 8760 * HOUR))
    assert len(small) == 88
    assert small[0] == TimeAxis(0, HOUR, 100)
    assert small[-1].end == 8760 * HOUR


def test_thirty_years_take_no_more_memory_than_one():
    """What a long run holds is one window and the reductions; the series go to the sink as they come."""
    held = []

    def run_for(years):
        energy, series = Stream(("electric_load",), "sum"), []
        recorder = Recorder("building", np.ones(3), HOUR, [energy], 0, lambda *a: series.append(len(a[3])))
        days = range(int(years * 365.25))
        coupling = Coupling(Graph([source(), recorder], SIZES, LINKS), memory_bytes=2 * 8 * 3 * 1000)
        coupling.run(0, len(days) * 24 * HOUR)
        assert sum(series) == len(days) * 24
        assert max(series) == 1000
        assert not any(recorder.total_series()["electric_load"])
        held.append(sum(len(parts) for parts in recorder.state()[-1].values()))
        return recorder.values(energy).total

    assert run_for(30) > run_for(1)
    assert held == [0, 0]


def test_a_sum_may_leave_its_readers_own_share_out():
    battery = Sim(
        "battery",
        [Read("electric_load", "building", "sum", without=("battery",))],
        [Write("electric_load", "building")],
        lambda t, i: {"electric_load": 0.5 * i["electric_load"]},
    )
    meter = reader(gather="sum", name="meter")
    run(battery, source(values=lambda t: np.full((len(t), 3), 8.0)), meter)
    assert (meter.collected("electric_load") == 12.0).all()


def test_units_that_differ_are_told_with_both_sides():
    kilowatts = source("meter")
    kilowatts.writes = (Write("electric_load", "building", unit="kW"),)
    message = error_of(kilowatts, reader(unit="W"))
    assert "meter writes electric_load in kW, reader reads it in W" in message
    assert "expected W" in message


def test_a_status_is_off_if_one_of_its_owners_is():
    link = Link("surface", "building", np.array([0, 1, 2, 1]), np.array([0, 0, 0, 1]), np.array([1, 1, 1, 3.0]) / 3)
    links = (link, Link.belongs("surface", "site", np.zeros(6, dtype=int)))
    switch = source(quantity="limit_violation", kind="status", values=lambda t: np.tile([1.0, 0.0, 1.0], (len(t), 1)))
    wide = Link("surface", "building", np.arange(6) % 3, np.arange(6), np.ones(6))
    lamps = reader("limit_violation", "surface")
    run(switch, lamps, links=(wide, *links[1:]))
    assert lamps.collected("limit_violation")[0].tolist() == [1, 0, 1, 1, 0, 1]
    both = Link(
        "surface", "building", np.append(np.arange(6) % 3, 1), np.append(np.arange(6), 0), np.append(np.ones(6), 0.5)
    )
    run(switch, lamps, links=(both,))
    assert lamps.collected("limit_violation")[0].tolist() == [0, 0, 1, 1, 0, 1]


def test_one_step_is_carried_as_a_whole_window_is():
    """Loops take the quick way through a link, step by step; it must give the same as the long one."""
    random = np.random.default_rng(1)
    link = Link("surface", "building", random.integers(0, 2, 9), random.integers(0, 6, 9), random.random(9))
    carry = transfer([link], SIZES, "surface", "building", extensive=True)
    values = random.random((5, 6))
    rows = np.concatenate([carry(values[k : k + 1]) for k in range(5)])
    np.testing.assert_allclose(rows, carry(values), rtol=1e-14)
    assert rows.shape == (5, 3)
    assert not rows[:, 2].any()  # nothing belongs to the third building
