"""Feedback loops whose answers can be worked out: a thermostat in a room, and charging that follows the voltage."""

import numpy as np
import pytest

from grid_case import make_grid
from twin.devices.ev.kernel import droop
from twin.devices.heating.storage import two_point
from twin.engine import Read, Write
from twin.engine.coupling import Coupling
from twin.engine.events import EventSimulator
from twin.engine.graph import Graph
from twin.engine.loop import Iteration
from twin.errors import TwinError
from twin.grid.simulator import GridSimulator

HOUR = 3600


class Kept:
    """A simulator that remembers its outputs, and nothing else."""

    version = "1"
    reads = ()

    def start(self, axis, streams):
        self.kept = []

    def advance(self, window, inputs):
        out = self.values(window, inputs)
        self.kept.append(out)
        return {self.writes[0].quantity: out}

    def state(self):
        return len(self.kept)

    def restore(self, state):
        del self.kept[state:]

    @property
    def series(self):
        return np.concatenate(self.kept)


# -- a thermostat in a room of one time constant ---------------------------------------------------------------------

TAU_S = 10 * HOUR
OUTDOOR, LOW, HIGH = 0.0, 20.0, 21.0  # degC
HEATER_W, K_PER_W = 5e3, 0.01  # would heat to 50 degC
RISE_S = TAU_S * np.log((50 - LOW) / (50 - HIGH))
FALL_S = TAU_S * np.log((HIGH - OUTDOOR) / (LOW - OUTDOOR))
PERIOD_S, DUTY = RISE_S + FALL_S, RISE_S / (RISE_S + FALL_S)
MEAN_DEGC = OUTDOOR + HEATER_W * K_PER_W * DUTY  # what goes in goes out over a cycle


class Room(Kept):
    """Heat capacity and one loss to a constant outdoor temperature, solved exactly for each step."""

    name = "room"
    reads = (Read("electric_load", "building"),)
    writes = (Write("indoor_temperature", "building", "state"),)

    def __init__(self, step_s):
        self.step_s = step_s

    def start(self, axis, streams):
        super().start(axis, streams)
        self.temperature = np.array([[LOW]])

    def values(self, window, inputs):
        final = OUTDOOR + K_PER_W * inputs["electric_load"]
        self.temperature = final + (self.temperature - final) * np.exp(-self.step_s / TAU_S)
        return self.temperature

    def state(self):
        return len(self.kept), self.temperature

    def restore(self, state):
        del self.kept[state[0] :]
        self.temperature = state[1]


_FELT = (Read("indoor_temperature", "building", delay=1, initial=LOW),)


class Thermostat(Kept):
    """The rule, for all rooms at once: on or off for a whole step, by the temperature at the end of the one before."""

    name, reads, writes = "thermostat", _FELT, (Write("electric_load", "building"),)

    def __init__(self, step_s):
        self.step_s = step_s

    def start(self, axis, streams):
        super().start(axis, streams)
        self.on = np.zeros(1, dtype=bool)

    def values(self, window, inputs):
        self.on = two_point(self.on, inputs["indoor_temperature"][0], LOW, HIGH)
        return HEATER_W * self.on[None, :].astype(float)


class ThermostatProcess(EventSimulator):
    """The same as a process: heats until it is told that the room is warm, rests until it is told that it is cold."""

    name, version, reads, writes = "thermostat", "1", _FELT, Thermostat.writes
    sizes = {"electric_load": 1}  # noqa: RUF012

    def __init__(self, step_s):
        self.step_s = step_s

    def begin(self, axis, streams):
        self.cold, self.warm = self.env.event(), self.env.event()
        self.series = []
        self.env.process(self.live())

    def on_step(self):
        temperature = self.inputs["indoor_temperature"][0]
        if temperature <= LOW and not self.cold.triggered:
            self.cold.succeed()
        if temperature >= HIGH and not self.warm.triggered:
            self.warm.succeed()

    def live(self):
        heater = self.levels["electric_load"]
        while True:
            yield self.cold
            self.warm = self.env.event()
            heater.set(0, HEATER_W, self.env.now)
            yield self.warm
            self.cold = self.env.event()
            heater.set(0, 0.0, self.env.now)

    def advance(self, window, inputs):
        out = super().advance(window, inputs)
        self.series.append(out["electric_load"])
        return out


def cycles(make, step_s, hours=72):
    """Return period, duty and mean temperature over the whole cycles that fit, and the heater's series."""
    thermostat, room = make(step_s), Room(step_s)
    Coupling(Graph([thermostat, room], {"building": 1})).run(0, hours * HOUR)
    series = thermostat.series
    power = (np.concatenate(series) if isinstance(series, list) else series)[:, 0]
    starts = np.flatnonzero(np.diff(power) > 0) + 1
    first, last = starts[0], starts[-1]
    before = np.concatenate([[LOW], room.series[:-1, 0]])[first:last]
    # the mean within a step, which the room's own equation gives exactly
    final = OUTDOOR + K_PER_W * power[first:last]
    within = final + (before - final) * -np.expm1(-step_s / TAU_S) * TAU_S / step_s
    period = (last - first) * step_s / (len(starts) - 1)
    return period, power[first:last].mean() / HEATER_W, within.mean(), power


@pytest.mark.parametrize("make", [Thermostat, ThermostatProcess])
def test_a_thermostat_converges_to_two_point_control_of_first_order(make):
    """Each edge is passed by less than a step, so period, duty and mean are right to the first order of the step.

    Passing an edge by a time d lengthens the phase by d and the next one by d times the ratio of the slopes there.
    """
    slopes = (50 - HIGH) / (HIGH - OUTDOOR), (LOW - OUTDOOR) / (50 - LOW)
    per_step = 2 + slopes[0] + slopes[1]  # s of period per s of step, at most
    errors = []
    for step_s in (600, 120, 20):
        period, duty, mean, _ = cycles(make, step_s)
        assert 0 <= period - PERIOD_S <= 1.01 * per_step * step_s
        assert abs(duty - DUTY) <= step_s / PERIOD_S
        assert abs(mean - MEAN_DEGC) <= step_s / TAU_S * HEATER_W * K_PER_W
        errors.append((period - PERIOD_S) / step_s)
    assert max(errors) < 2 * max(min(errors), 1.0)  # as many steps at every length: of the first order
    assert errors[-1] * 20 < 0.02 * PERIOD_S


@pytest.mark.parametrize("step_s", [60, 900])
def test_the_process_and_the_rule_switch_alike(step_s):
    np.testing.assert_array_equal(cycles(Thermostat, step_s)[3], cycles(ThermostatProcess, step_s)[3])


def test_any_cut_gives_the_same_room():
    def temperature(window_s):
        thermostat, room = ThermostatProcess(300), Room(300)
        Coupling(Graph([thermostat, room], {"building": 1}), window_s=window_s).run(0, 24 * HOUR)
        return room.series

    np.testing.assert_array_equal(temperature(None), temperature(1500))


# -- charging that follows the voltage at the end of a line ----------------------------------------------------------

BUS_V, CHARGER_W = 400.0, 40e3
V_LOW, V_HIGH, LEAST = 0.85, 0.95, 0.1
STEPS = 24


def resistance(gain):
    """Return the line, ohm, on which full charging would change the voltage so much that the loop's gain is about it.

    Near nominal voltage, P watts through R ohm take R P / U^2 of it, and a droop as steep as ours answers with tenfold.
    """
    return gain * (V_HIGH - V_LOW) * BUS_V**2 / CHARGER_W


def fixed_point(rated, r_ohm):
    """Return voltage and power at which a line of resistance R carries what a linear droop draws at its end.

    With R in per unit, v^2 - v + R P = 0 at the end of the line, and P = a + b v where the droop is linear, so
    v^2 - (1 - R b) v + R a = 0; elsewhere P is what the droop gives at its bounds.
    """
    r = r_ohm / BUS_V**2
    b = rated / (V_HIGH - V_LOW)
    a = -b * V_LOW
    linear = ((1 - r * b) + np.sqrt((1 - r * b) ** 2 - 4 * r * a)) / 2
    full = (1 + np.sqrt(1 - 4 * r * rated)) / 2
    v = np.where(full >= V_HIGH, full, linear)
    assert (droop(v, V_LOW, V_HIGH, LEAST) > LEAST).all()
    return v, rated * droop(v, V_LOW, V_HIGH, LEAST)


class Charging(Kept):
    """Draws at the second bus what the voltage of the last step allows."""

    name, step_s = "charging", HOUR
    reads = (Read("voltage", "phase_node", delay=1, initial=1.0),)
    writes = (Write("electric_load", "phase_node"),)

    def __init__(self, rated=lambda seconds: np.full(len(seconds), CHARGER_W)):
        self.rated = rated

    def values(self, window, inputs):
        share = droop(inputs["voltage"], V_LOW, V_HIGH, np.array([0.0, LEAST]))
        return share * self.rated(window.seconds)[:, None] * np.array([0.0, 1.0])


class Line(Kept):
    """The end of the line by formula instead of a power flow."""

    name, step_s = "line", HOUR
    reads = (Read("electric_load", "phase_node"),)
    writes = (Write("voltage", "phase_node"),)

    def __init__(self, r_ohm):
        self.r_ohm = r_ohm

    def values(self, window, inputs):
        return (1 + np.sqrt(1 - 4 * self.r_ohm / BUS_V**2 * inputs["electric_load"])) / 2


class Voltages(Kept):
    """Remembers the voltages that the grid writes; is outside of the loop."""

    name, step_s, writes = "voltages", HOUR, ()
    reads = (Read("voltage", "phase_node"),)

    def advance(self, window, inputs):
        self.kept.append(inputs["voltage"].copy())
        return {}


def power_flow(r_ohm):
    """The grid's own simulator on two buses and a line."""
    return GridSimulator(make_grid([(0, 1, r_ohm, 0.0, r_ohm, 0.0)], 2, phases=1, connects=[1]), HOUR)


def charge(make, gain, iteration=None, rated=None):
    """Return voltage and power at the second bus, step by step."""
    charging = Charging(rated) if rated else Charging()
    voltages = Voltages()
    grid = make(resistance(gain))
    Coupling(Graph([voltages, grid, charging], {"phase_node": 2, "bus": 2}), iteration=iteration).run(0, STEPS * HOUR)
    return voltages.series[:, 1], charging.series[:, 1]


@pytest.mark.parametrize("make", [Line, power_flow])
@pytest.mark.parametrize("gain", [0.55, 0.7])
def test_charging_by_the_last_step_s_voltage_swings_into_the_fixed_point(make, gain):
    voltage, power = charge(make, gain)
    wanted_v, wanted_p = fixed_point(CHARGER_W, resistance(gain))
    assert wanted_p < CHARGER_W
    error = power - wanted_p
    assert np.abs(error[-1]) < 1e-3 * CHARGER_W
    assert voltage[-1] == pytest.approx(wanted_v, abs=1e-4)
    # the loop's gain is dP/dv of the droop times dv/dP of the line, which is R / (1 - 2 v) in per unit
    exact = CHARGER_W / (V_HIGH - V_LOW) * resistance(gain) / BUS_V**2 / (1 - 2 * wanted_v)
    assert -1 < exact < 0
    np.testing.assert_allclose(error[7:11] / error[6:10], exact, rtol=0.02)


@pytest.mark.parametrize("make", [Line, power_flow])
def test_too_steep_a_droop_never_settles_without_iteration(make):
    _, power = charge(make, 1.3)
    swing = np.diff(power[-6:])
    assert (np.abs(swing) > 0.2 * CHARGER_W).all()
    assert (np.sign(swing[1:]) == -np.sign(swing[:-1])).all()


def rising(seconds):
    """Charging that differs from hour to hour, at first too little for the droop to matter."""
    return CHARGER_W * (0.2 + 0.8 * seconds / (STEPS * HOUR))


@pytest.mark.parametrize("make", [Line, power_flow])
def test_an_iterated_loop_is_at_the_fixed_point_at_every_step(make):
    voltage, power = charge(make, 0.6, Iteration(most=80, tolerance=1e-10), rising)
    wanted_v, wanted_p = fixed_point(rising(np.arange(STEPS) * HOUR), resistance(0.6))
    assert wanted_v.max() > V_HIGH > wanted_v.min()
    np.testing.assert_allclose(voltage, wanted_v, atol=1e-7)
    np.testing.assert_allclose(power, wanted_p, rtol=1e-6)


@pytest.mark.parametrize("make", [Line, power_flow])
def test_an_iterated_loop_settles_even_where_a_stepped_one_swings(make):
    voltage, power = charge(make, 1.3, Iteration(most=80, tolerance=1e-10))
    wanted_v, wanted_p = fixed_point(CHARGER_W, resistance(1.3))
    np.testing.assert_allclose(voltage, wanted_v, atol=1e-7)
    np.testing.assert_allclose(power, wanted_p, rtol=1e-6)


def test_an_iterated_loop_that_cannot_settle_names_its_members():
    # steps longer than a cycle: heat makes the room warm within the step, which is no heat, which makes it cold
    coupling = Coupling(Graph([Thermostat(8 * HOUR), Room(8 * HOUR)], {"building": 1}), iteration=Iteration())
    with pytest.raises(TwinError, match=r"the loop of (room, thermostat|thermostat, room) does not settle"):
        coupling.run(0, 24 * HOUR)


def test_an_iterated_loop_takes_no_events_and_names_both_sides():
    with pytest.raises(TwinError, match="thermostat runs discrete events, but stands in a loop with room"):
        Coupling(Graph([ThermostatProcess(60), Room(60)], {"building": 1}), iteration=Iteration())
