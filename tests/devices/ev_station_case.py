"""Stations without a city: visits by hand, and what the station books of them."""

from __future__ import annotations

import numpy as np

from twin.devices.ev.station_queue import BOOKED, Station
from twin.engine.events import EventSimulator
from twin.engine.ports import Write
from twin.engine.time import TimeAxis
from twin.random import Streams


class Stations(EventSimulator):
    """Stations of one plan, each fed with visits of its own: ``visits(row, axis, streams)``."""

    name, version, reads = "stations", "1", ()
    writes = tuple(Write(quantity, "charging_station") for quantity in BOOKED)

    def __init__(self, plan, n, visits, step_s):
        self.plan, self.n, self.visits, self.step_s = plan, n, visits, step_s

    @property
    def sizes(self):
        return dict.fromkeys(BOOKED, self.n)

    def begin(self, axis, streams):
        self.open = [Station(self.env, self.plan, self.levels, row) for row in range(self.n)]
        for row, station in enumerate(self.open):
            self.env.process(station.receive(self.visits(row, axis, streams)))


def serve(plan, visits, until, step_s=1):
    """Let one station serve visits; return by quantity its value in every step."""
    axis = TimeAxis(0, step_s, until // step_s)
    stations = Stations(plan, 1, lambda *_: iter(visits), step_s)
    stations.start(axis, Streams(0))
    return {name: values[:, 0] for name, values in stations.advance(axis, {}).items()}


def integral(values, step_s=1):
    """Return what a quantity adds up to."""
    return float(np.sum(values) * step_s)
