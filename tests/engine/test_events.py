"""SimPy inside the engine: exact integrals, held inputs, half-open windows."""

import gc

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from twin.engine import Read, TimeAxis, Write
from twin.engine.coupling import Coupling
from twin.engine.events import EventSimulator, Level
from twin.engine.graph import Graph
from twin.engine.recorder import Recorder, Stream
from twin.errors import TwinError
from twin.random import Streams

QUARTER = 900


class Kettles(EventSimulator):
    """Each building boils water at drawn instants, for three minutes at 2 kW."""

    name, version, step_s = "kettles", "1", QUARTER
    reads = ()
    writes = (Write("electric_load", "building"),)

    def __init__(self, ids):
        self.ids = ids

    @property
    def sizes(self):
        return {"electric_load": len(self.ids)}

    def begin(self, axis, streams):
        self.boiled = np.zeros(len(self.ids))
        for k, name in enumerate(self.ids):
            self.env.process(self.household(k, streams.generator("kettle", name), axis.end))

    def household(self, k, random, end):
        while True:
            yield self.env.timeout(int(random.exponential(5000)) + 1)
            self.levels["electric_load"].set(k, 2000.0, self.env.now)
            begun = self.env.now
            yield self.env.timeout(180)
            self.levels["electric_load"].set(k, 0.0, self.env.now)
            self.boiled[k] += 2000.0 * (self.env.now - begun)


def energy(simulator, window_s, days=2):
    stream = Stream(("electric_load",), "sum")
    n = len(simulator.ids)
    recorder = Recorder("building", np.ones(n), QUARTER, [stream], 0)
    Coupling(Graph([simulator, recorder], {"building": n}), window_s=window_s).run(0, days * 86400, seed=3)
    return recorder.values(stream).entity, recorder.total_series()["electric_load"]


def test_step_means_equal_the_exact_event_integral():
    kettles = Kettles(["a", "b", "c"])
    measured, _ = energy(kettles, None)
    unfinished = 2000.0 * 180  # at most one boiling may still be under way
    assert (measured - kettles.boiled >= 0).all()
    assert (measured - kettles.boiled < unfinished).all()
    assert measured.min() > 0


@given(st.sampled_from([QUARTER, 3 * QUARTER, 86400]))
def test_any_cut_gives_the_same_events(window_s):
    whole, series = energy(Kettles(["a", "b"]), None)
    cut, cut_series = energy(Kettles(["a", "b"]), window_s)
    np.testing.assert_array_equal(series, cut_series)
    np.testing.assert_allclose(whole, cut, rtol=1e-12)


def test_another_household_changes_nobodys_events():
    alone, _ = energy(Kettles(["a", "b"]), None)
    among, _ = energy(Kettles(["a", "new", "b"]), None)
    np.testing.assert_array_equal(alone, among[[0, 2]])


class Follower(EventSimulator):
    """Copies what it reads at every step, and counts events at whole steps."""

    name, version, step_s = "follower", "1", QUARTER
    reads = (Read("outdoor_temperature", "building"),)
    writes = (Write("electric_load", "building"),)
    sizes = {"electric_load": 1}  # noqa: RUF012

    def begin(self, axis, streams):
        self.seen = []
        self.env.process(self.clock())

    def clock(self):
        while True:
            self.seen.append((self.env.now, float(self.inputs["outdoor_temperature"][0])))
            yield self.env.timeout(QUARTER)

    def on_step(self):
        self.levels["electric_load"].set(0, float(self.inputs["outdoor_temperature"][0]), self.env.now)


def test_an_event_at_a_steps_start_sees_that_steps_inputs():
    follower = Follower()
    follower.start(TimeAxis(0, QUARTER, 4), Streams(0))
    given_ = np.array([[1.0], [2.0], [3.0], [4.0]])
    out = follower.advance(TimeAxis(0, QUARTER, 4), {"outdoor_temperature": given_})
    assert follower.seen == [(0, 1.0), (QUARTER, 2.0), (2 * QUARTER, 3.0), (3 * QUARTER, 4.0)]
    np.testing.assert_array_equal(out["electric_load"], given_)


def advanced(simulator, first, last, degrees=1.0):
    """Advance over some quarter hours at one temperature."""
    window = TimeAxis(first * QUARTER, QUARTER, last - first)
    inputs = {read.quantity: np.full((window.n, 1), degrees) for read in simulator.reads}
    return simulator.advance(window, inputs)["electric_load"]


def test_who_reads_is_restored_by_the_inputs_kept():
    follower = Follower()
    follower.keeps_inputs = True
    follower.start(TimeAxis(0, QUARTER, 8), Streams(0))
    advanced(follower, 0, 2, 7.0)
    saved = follower.state()
    once = advanced(follower, 2, 4, 8.0)
    later = follower.state()
    follower.restore(saved)
    assert follower.env.now == 2 * QUARTER
    assert [degrees for _, degrees in follower.seen] == [7.0, 7.0]
    advanced(follower, 2, 4, 9.0)  # another way on
    follower.restore(later)  # by the inputs of its own way
    assert [degrees for _, degrees in follower.seen] == [7.0, 7.0, 8.0, 8.0]
    follower.restore(saved)
    np.testing.assert_array_equal(once, advanced(follower, 2, 4, 8.0))


def test_inputs_kept_are_copies():
    follower = Follower()
    follower.keeps_inputs = True
    follower.start(TimeAxis(0, QUARTER, 2), Streams(0))
    reused = np.array([[5.0]])
    for k in range(2):
        follower.advance(TimeAxis(k * QUARTER, QUARTER, 1), {"outdoor_temperature": reused})
        reused[:] = 6.0
    follower.restore(follower.state())
    assert [degrees for _, degrees in follower.seen] == [5.0, 6.0]


def test_who_reads_and_keeps_nothing_says_that_it_cannot_be_restored():
    follower = Follower()
    follower.start(TimeAxis(0, QUARTER, 4), Streams(0))
    advanced(follower, 0, 1)
    with pytest.raises(TwinError, match="follower runs discrete events and does not keep its inputs: it cannot be res"):
        follower.state()


def test_who_reads_nothing_can_always_be_restored(monkeypatch):
    monkeypatch.setattr("twin.engine.events._REPLAYED_NUMBERS", 7)  # so that the replay comes in portions
    kettles = Kettles(["a", "b", "c"])
    kettles.start(TimeAxis(0, QUARTER, 400), Streams(3))
    kettles.advance(TimeAxis(0, QUARTER, 201), {})
    saved = kettles.state()
    rest = TimeAxis(201 * QUARTER, QUARTER, 100)
    once = kettles.advance(rest, {})["electric_load"]
    kettles.restore(saved)
    assert once.any()
    np.testing.assert_array_equal(once, kettles.advance(rest, {})["electric_load"])


def test_two_runs_give_the_same_bytes():
    one, same = (energy(Kettles(["a", "b"]), None, days=30) for _ in range(2))
    assert one[0].tobytes() == same[0].tobytes()
    assert one[1].tobytes() == same[1].tobytes()


class Bell(EventSimulator):
    """Is on for one quarter hour in two; changes fall on the ends of steps."""

    name, version, step_s, reads = "bell", "1", QUARTER, ()
    writes = (Write("electric_load", "building"),)
    sizes = {"electric_load": 1}  # noqa: RUF012

    def begin(self, axis, streams):
        self.env.process(self.ring())

    def ring(self):
        power = 0.0
        while self.env.now < 4 * QUARTER:  # then it is silent for good
            yield self.env.timeout(QUARTER)
            power = 60.0 - power
            self.levels["electric_load"].set(0, power, self.env.now)


@pytest.mark.parametrize("cut", [[6], [1] * 6, [1, 2, 3], [5, 1]])
def test_an_event_at_a_windows_end_belongs_to_the_next(cut):
    bell, at, parts = Bell(), 0, []
    bell.start(TimeAxis(0, QUARTER, 6), Streams(0))
    for n in cut:
        parts.append(advanced(bell, at, at + n))
        at += n
    assert np.concatenate(parts)[:, 0].tolist() == [0, 60, 0, 60, 0, 0]


def test_the_environment_stops_as_simpys_own_does():
    def log_of(env_class, run):
        env, log = env_class(), []

        def worker(name, delay):
            while env.now < 50:
                try:
                    yield env.timeout(delay)
                    log.append((env.now, name))
                except simpy.Interrupt:
                    log.append((env.now, name, "interrupted"))

        workers = [env.process(worker(name, delay)) for name, delay in (("a", 3), ("b", 2), ("c", 3))]
        for until in (3, 6, 7, 20, 60, 61):
            run(env, until)
            log.append(("stopped", env.now))
            if until < 20:
                workers[0].interrupt()
        return log

    ours = type(started(Bell()).env)
    assert log_of(ours, lambda env, t: env.run_until(t)) == log_of(simpy.Environment, lambda env, t: env.run(until=t))


def started(simulator, n=4):
    simulator.start(TimeAxis(0, simulator.step_s, n), Streams(0))
    return simulator


changes = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from([0, 1]), st.floats(0, 1e6), st.booleans()), max_size=20
).map(sorted)


@given(changes)
def test_a_level_is_the_integral_of_what_was_set_and_added(changed):
    level, means = Level(2, 0), np.zeros((10, 2))
    value, second_by_second = np.zeros(2), np.zeros((100, 2))
    todo = list(changed)
    for k in range(10):
        for now in range(10 * k, 10 * k + 10):
            while todo and todo[0][0] == now:
                _, entity, amount, is_set = todo.pop(0)
                if is_set:
                    level.set(entity, amount, now)
                    value[entity] = amount
                else:
                    level.add(entity, amount)
                    second_by_second[now, entity] += amount
            second_by_second[now] += value
        level.mean(10 * k + 10, 10, means[k])
    np.testing.assert_allclose(means, second_by_second.reshape(10, 10, 2).mean(axis=1), rtol=1e-12)


class Doorbells(Follower):
    """A small simulator that reads, for as long as one likes: every house's bell rings now and then."""

    step_s = 86400

    def begin(self, axis, streams):
        self.env.process(self.ring(streams.generator("bell")))

    def ring(self, random):
        while True:
            yield self.env.timeout(int(random.exponential(43200)) + 1)
            self.levels["electric_load"].add(0, 10.0)


def objects_after_years(simulator, years):
    """Return how many objects live once a simulator has advanced over so many years, day by day."""
    simulator.start(TimeAxis(0, 86400, 365 * 30), Streams(0))
    inputs = {"outdoor_temperature": np.ones((1, 1))}
    for day in range(365 * years):
        simulator.advance(TimeAxis(day * 86400, 86400, 1), inputs)
    gc.collect()
    return len(gc.get_objects())


def test_thirty_years_take_no_more_memory_than_one():
    objects_after_years(Doorbells(), 1)
    short, long = objects_after_years(Doorbells(), 1), objects_after_years(Doorbells(), 30)
    assert abs(long - short) < 100
    keeper = Doorbells()
    keeper.keeps_inputs = True
    assert objects_after_years(keeper, 30) - short > 10_000  # unless it is told to keep its inputs
