"""SimPy inside the engine: exact integrals, held inputs, half-open windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.engine import Read, TimeAxis, Write
from twin.engine.coupling import Coupling
from twin.engine.events import EventSimulator
from twin.engine.graph import Graph
from twin.engine.recorder import Recorder, Stream
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


def test_restore_replays():
    follower = Follower()
    follower.start(TimeAxis(0, QUARTER, 4), Streams(0))
    first, rest = TimeAxis(0, QUARTER, 2), TimeAxis(2 * QUARTER, QUARTER, 2)
    follower.advance(first, {"outdoor_temperature": np.array([[1.0], [2.0]])})
    saved = follower.state()
    once = follower.advance(rest, {"outdoor_temperature": np.array([[3.0], [4.0]])})
    follower.restore(saved)
    again = follower.advance(rest, {"outdoor_temperature": np.array([[3.0], [4.0]])})
    np.testing.assert_array_equal(once["electric_load"], again["electric_load"])
    assert follower.env.now == pytest.approx(4 * QUARTER)
