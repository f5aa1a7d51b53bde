"""Feedback loops: steps of different lengths, repetition until they settle, and storages that end as they began."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.engine import Read, Write
from twin.engine.coupling import Coupling
from twin.engine.events import EventSimulator
from twin.engine.graph import Graph
from twin.engine.loop import Iteration
from twin.errors import TwinError

HOUR = 3600
N = 3


class Member:
    """Writes ``rule(inputs, memory)``; the memory adds up what was written, so that a repetition shows."""

    version = "1"

    def __init__(self, name, reads, quantity, rule, step_s=HOUR, kind="mean"):
        self.name, self.reads, self.writes = name, reads, (Write(quantity, "building", kind),)
        self.quantity, self.rule, self.step_s = quantity, rule, step_s

    def start(self, axis, streams):
        self.memory, self.written = np.zeros(N), []

    def advance(self, window, inputs):
        assert not any(values.flags.writeable and values.base is not None for values in inputs.values())
        out = np.array([self.rule({q: v[k] for q, v in inputs.items()}, self.memory) for k in range(window.n)])
        self.memory = self.memory + out.sum(axis=0)
        self.written.append(out)
        return {self.quantity: out}

    def state(self):
        return self.memory.copy(), len(self.written)

    def restore(self, state):
        self.memory, n = state[0].copy(), state[1]
        del self.written[n:]

    @property
    def series(self):
        return np.concatenate(self.written)


def loop(gain=-0.5, delay=1, plant_s=HOUR, room_s=HOUR, late=False):
    """A load that answers the temperature, and a temperature that answers the load: settles at 12 / (1 - gain)."""
    plant = Member(
        "plant",
        (Read("indoor_temperature", "building", delay=delay, initial=4.0),),
        "electric_load",
        lambda i, _: 12.0 + gain * i["indoor_temperature"],
        plant_s,
    )
    room = Member(
        "room", (Read("electric_load", "building"),), "indoor_temperature", lambda i, _: i["electric_load"], room_s
    )
    return plant, room


def run(*simulators, hours=24, iteration=None, window_s=None):
    coupling = Coupling(Graph(simulators, {"building": N}), window_s=window_s, iteration=iteration)
    coupling.run(0, hours * HOUR)
    return coupling


def test_what_is_read_late_swings_into_its_answer():
    plant, room = loop()
    run(plant, room)
    assert plant.series[:4, 0].tolist() == [10.0, 7.0, 8.5, 7.75]
    np.testing.assert_allclose(plant.series[-1], 12 / 1.5, rtol=1e-6)


@pytest.mark.parametrize("plant_s", [HOUR, HOUR // 4])
def test_an_iterated_loop_has_its_answer_at_every_step(plant_s):
    plant, room = loop(plant_s=plant_s)
    run(plant, room, iteration=Iteration(most=60, tolerance=1e-9))
    np.testing.assert_allclose(plant.series, 12 / 1.5, rtol=1e-8)
    np.testing.assert_allclose(room.series, 12 / 1.5, rtol=1e-8)
    # what was tried on the way left no trace
    np.testing.assert_allclose(room.memory, 24 * 12 / 1.5, rtol=1e-8)


@given(st.sampled_from([HOUR, 3 * HOUR, 7 * HOUR]))
def test_an_iterated_loop_does_not_depend_on_the_cut(window_s):
    whole, cut = loop(), loop()
    run(*whole, iteration=Iteration(60, 1e-12))
    run(*cut, iteration=Iteration(60, 1e-12), window_s=window_s)
    np.testing.assert_allclose(whole[0].series, cut[0].series, rtol=1e-9)


def test_a_loop_that_does_not_settle_is_named():
    plant, room = loop()
    plant.rule = lambda i, _: np.where(i["indoor_temperature"] > 10.0, 0.0, 20.0)  # there is no answer
    with pytest.raises(TwinError, match=r"the loop of .* does not settle at 1970-01-01T00:00:00"):
        run(plant, room, iteration=Iteration(20, 1e-6))


@pytest.mark.parametrize("gain", [-4.0, -1.5, -1.0, 0.9])
def test_an_iterated_loop_settles_whatever_its_gain(gain):
    """Repeated as it stands it would swing up, swing for ever, or creep."""
    plant, room = loop(gain=gain)
    run(plant, room, iteration=Iteration(20, 1e-9))
    np.testing.assert_allclose(plant.series, 12 / (1 - gain), rtol=1e-7)


def test_a_limit_within_the_loop_is_found():
    plant, room = loop()
    plant.rule = lambda i, _: np.clip(40.0 - 5.0 * i["indoor_temperature"], 0.0, np.array([3.0, 5.0, 9.0]))
    run(plant, room, iteration=Iteration(60, 1e-9))
    np.testing.assert_allclose(plant.series[-1], [3.0, 5.0, 40 / 6], rtol=1e-7)


class Lamp(EventSimulator):
    """Reads a temperature late, and burns."""

    name, version, step_s = "lamp", "1", HOUR
    reads = (Read("indoor_temperature", "building", delay=1),)
    writes = (Write("electric_load", "building"),)

    @property
    def sizes(self):
        return {"electric_load": N}

    def begin(self, axis, streams):
        pass


def test_events_cannot_be_taken_back():
    _, room = loop()
    with pytest.raises(TwinError, match="lamp runs discrete events, but stands in a loop with room"):
        run(Lamp(), room, iteration=Iteration())
    run(Lamp(), room, hours=1)


def test_a_member_that_steps_faster_is_averaged_for_the_slower_one():
    plant, room = loop(plant_s=HOUR // 4)
    plant.rule = lambda _, memory: memory + 1.0  # 1, 2, 4, 8: doubles with every step
    run(plant, room, hours=1)
    np.testing.assert_allclose(room.series, (1 + 2 + 4 + 8) / 4)


def test_a_hole_in_a_loop_is_reported_where_it_began():
    plant, room = loop()

    def fails(inputs, _):
        if np.isnan(inputs["electric_load"]).any():
            raise ZeroDivisionError
        return inputs["electric_load"]

    plant.rule = lambda i, memory: np.where(memory > 30, np.nan, 10.0)
    room.rule = fails
    with pytest.raises(TwinError, match=r"plant wrote no finite number for electric_load of building 0 at .*T04:00:00"):
        run(plant, room)


def test_a_wrong_shape_in_a_loop_is_said_at_once():
    plant, room = loop()
    plant.advance = lambda window, inputs: {"electric_load": np.zeros((1, N + 1))}
    with pytest.raises(TwinError, match=r"plant wrote shape \(1, 4\) for electric_load; expected shape \(1, 3\)"):
        run(plant, room)


class Store:
    """A storage that loses a tenth of what it holds with every step, and takes up one unit an hour but in one."""

    name, version, step_s = "store", "1", HOUR
    reads = ()
    writes = (Write("stored_energy", "building", "state"),)

    def start(self, axis, streams):
        self.level, self.first = np.zeros(N), None

    def advance(self, window, inputs):
        out = np.empty((window.n, N))
        for k in range(window.n):
            self.level = self.level * 0.9 + 1.0
            out[k] = self.level
        if self.first is None and window.start >= 10 * HOUR:
            self.first = (out[0] - 1.0) / 0.9
        return {"stored_energy": out}

    def stored(self):
        return self.level / 10.0

    def restock(self, stored):
        self.level = stored * 10.0

    def state(self):
        return self.level.copy()

    def restore(self, state):
        self.level = state.copy()


def test_a_typical_week_leaves_storages_as_it_found_them():
    store = Store()
    Coupling(Graph([store], {"building": N})).run(0, 40 * HOUR, cyclic_from=10 * HOUR)
    np.testing.assert_allclose(store.first, store.level, atol=1e-3)
    np.testing.assert_allclose(store.level, 10.0, atol=2e-2)  # the only level that repeats


def test_storages_that_never_repeat_are_named():
    store = Store()
    store.stored = lambda: np.random.default_rng().random(N)
    with pytest.raises(TwinError, match="storages of store do not end as they began"):
        Coupling(Graph([store], {"building": N})).run(0, 40 * HOUR, cyclic_from=10 * HOUR)
