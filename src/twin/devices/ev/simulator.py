"""Charging of vehicles as discrete events: one SimPy process for each."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import simpy
from numpy.typing import NDArray

from twin.city.model import City
from twin.devices.ev.kernel import droop, full_power_seconds
from twin.devices.ev.sessions import (
    DRAWS,
    J_PER_KWH,
    SessionModel,
    draw_sessions,
    home_sessions,
    plug_in_probability,
    sessions_per_day,
)
from twin.engine.events import EventSimulator
from twin.engine.ports import Arrays, Read, Write
from twin.engine.time import TimeAxis, utc_offset
from twin.errors import Problem, TwinError
from twin.random import Streams
from twin.registry import Setup
from twin.units import DAY_S, HOUR_S

__all__ = ["EvChargingSimulator", "build"]

_NO_DROOP = {"voltage_low_pu": 0.0, "voltage_high_pu": 1.0, "least_share": 1.0}  # full power at any voltage
_WRITES = ("electric_load", "unserved_charging", "requested_charging")


class EvChargingSimulator(EventSimulator):
    """Vehicles come, charge, and leave.

    Each draws its sessions from a stream of its own: on every day it comes with the same probability, at a drawn time
    on the civil clock, for a drawn stay and energy; if it is still there from an earlier day, that visit is left out.
    It charges from the first second at what its point gives, until it has what it wants or leaves. What it leaves
    without (`unserved_charging`) is booked at that instant. What it wants (`requested_charging`) is booked as it falls
    due: while it is charged, or when the vehicle leaves without it. So in any period charged plus unserved is
    requested, also where sessions go on beyond its ends; what an open session still lacks is not due yet.
    All vehicles are away when the run begins.

    Points that follow the voltage give full power from their upper voltage on, down to a least share at the lower one.
    They see the voltage of the last completed step. Without such points nothing is read.

    Parameters
    ----------
    city
        With the tables ``charging_point`` and ``vehicle``; no two vehicles share a point.
    timezone
        Where the vehicles live by the clock.
    model
        How sessions are distributed.
    """

    name = "ev_charging"
    version = "1"

    def __init__(self, city: City, timezone: str, step_s: int, model: SessionModel) -> None:
        points, vehicles = city.table("charging_point"), city.table("vehicle")
        self.step_s = step_s
        self._model, self._timezone = model, timezone
        self._ids, self._point_of = vehicles.ids.tolist(), vehicles["charging_point"].tolist()
        self._battery = vehicles["battery_j"]
        per_day = sessions_per_day(model, vehicles["battery_j"], vehicles["home_charging_j"])
        self._probability = plug_in_probability(model, per_day)
        self._full_power = points["power_w"]
        aware = points["strategy"] == "voltage_aware"
        self._droop = tuple(np.where(aware, points[name], always) for name, always in _NO_DROOP.items())
        self.reads = (Read("voltage", "charging_point", delay=1, initial=1.0),) if aware.any() else ()
        self.writes = tuple(Write(quantity, "charging_point") for quantity in _WRITES)

    @property
    def sizes(self) -> Mapping[str, int]:
        """Number of charging points behind every quantity."""
        return dict.fromkeys(_WRITES, len(self._full_power))

    def begin(self, axis: TimeAxis, streams: Streams) -> None:
        """Send every vehicle on its way."""
        del self.levels["requested_charging"]  # follows from the others
        self._power = self._full_power.tolist()  # what each point gives now, W
        self._charging: set[int] = set()
        clock = _Clock(axis, self._timezone)
        self._process = {
            point: self.env.process(self._live(point, clock, streams, vehicle))
            for vehicle, point in enumerate(self._point_of)
        }

    def on_step(self) -> None:
        """Give the power that the voltage allows; only vehicles whose power changes notice."""
        if not self.reads:
            return
        share = droop(self.inputs["voltage"], *self._droop)
        before, self._power = self._power, (share * self._full_power).tolist()
        for point in self._charging:
            if self._power[point] != before[point]:
                self._process[point].interrupt()

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return ``electric_load``, ``unserved_charging`` and their sum, W, each of shape ``(window.n, points)``."""
        outputs = super().advance(window, inputs)
        return {**outputs, "requested_charging": outputs["electric_load"] + outputs["unserved_charging"]}

    def _live(self, point: int, clock: _Clock, streams: Streams, vehicle: int) -> Generator[simpy.Event, None, None]:
        """Come and go."""
        random = streams.generator("ev session", self._ids[vehicle])
        env = self.env
        for arrival, departure, energy in self._visits(clock, random, vehicle):
            if arrival < env.now:
                continue  # still there
            yield env.timeout(arrival - env.now)
            missing = yield from self._charge(point, energy, departure)
            self.levels["unserved_charging"].add(point, missing)

    def _charge(self, point: int, missing: float, departure: int) -> Generator[simpy.Event, None, float]:
        """Charge what is missing, starting over whenever the power changes; return what is missing at departure."""
        env, load = self.env, self.levels["electric_load"]
        self._charging.add(point)
        while True:
            begun, power = int(env.now), self._power[point]
            load.set(point, power, begun)
            full = begun + full_power_seconds(missing, power) if power else departure
            try:
                yield env.timeout(min(full, departure) - begun)
            except simpy.Interrupt:
                missing = max(missing - power * (env.now - begun), 0.0)
                continue
            break
        self._charging.remove(point)
        load.set(point, 0.0, int(env.now))
        missing = max(missing - power * (env.now - begun), 0.0)
        if full < departure:  # the last second at less than full power
            load.add(point, missing)
            missing = 0.0
            yield env.timeout(departure - full)
        return missing

    def _visits(self, clock: _Clock, random: np.random.Generator, vehicle: int) -> Iterator[tuple[int, int, float]]:
        """Yield arrival, departure (seconds since 1970-01-01 UTC) and energy wanted (J) as drawn, day by day."""
        uniforms = random.random((len(clock.weekend), 1 + DRAWS))
        days = np.flatnonzero(uniforms[:, 0] < self._probability[vehicle])
        drawn = draw_sessions(self._model, clock.weekend[days], uniforms[days, 1:])
        arrival = clock.seconds(days, drawn.arrival_h)
        departure = arrival + np.rint(drawn.stay_h * HOUR_S).astype(np.int64)
        energy = np.floor(np.minimum(drawn.energy_kwh * J_PER_KWH, self._battery[vehicle]))  # so that sums are exact
        inside = (arrival >= clock.start) & (arrival < clock.end)
        yield from zip(arrival[inside].tolist(), departure[inside].tolist(), energy[inside].tolist(), strict=True)


class _Clock:
    """The civil days of an axis."""

    def __init__(self, axis: TimeAxis, timezone: str) -> None:
        self.start, self.end = axis.start, axis.end
        first = datetime.fromtimestamp(axis.start, UTC).astimezone(ZoneInfo(timezone)).date()
        self._first_day = (first - datetime(1970, 1, 1, tzinfo=UTC).date()).days
        n = (axis.end - axis.start) // DAY_S + 2
        self.weekend = (self._first_day + np.arange(n) + 3) % 7 >= 5
        self._hours = TimeAxis(axis.start - 2 * DAY_S, HOUR_S, 24 * (n + 4))
        self._offset = utc_offset(self._hours, timezone)

    def seconds(self, days: NDArray[np.int64], hours: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the instants at which the clock shows so many hours on days counted from the first."""
        shown = (self._first_day + days) * DAY_S + np.rint(hours * HOUR_S).astype(np.int64)
        return shown - self._offset_at(shown - self._offset_at(shown))

    def _offset_at(self, seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray(self._offset[(seconds - self._hours.start) // HOUR_S])


def build(setup: Setup) -> EvChargingSimulator | None:
    """Return the simulator, or None where no vehicle charges.

    Raises
    ------
    TwinError
        If points follow the voltage and there is no electric grid that has one.
    """
    points = setup.city.tables.get("charging_point")
    if points is None or not len(points):
        return None
    if (points["strategy"] == "voltage_aware").any() and "phase_node" not in setup.city.tables:
        message = "charging points follow the voltage, but the model has no electric grid"
        raise TwinError(Problem(message, expected='an electric grid, or strategy = "uncontrolled"'))
    return EvChargingSimulator(setup.city, setup.civil.timezone, setup.step_s, home_sessions())
