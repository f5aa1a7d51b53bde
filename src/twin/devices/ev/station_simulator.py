"""Charging stations at which vehicles contend for points, as discrete events."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from twin.devices.days import CivilDays
from twin.devices.ev.station_queue import BOOKED, Plan, Station, Visit
from twin.devices.ev.station_visits import (
    Fleet,
    daily_limits,
    depot_visits,
    public_visits,
    station_sessions,
)
from twin.engine.events import EventSimulator
from twin.engine.ports import Arrays, Write
from twin.engine.time import CivilTime, TimeAxis
from twin.random import Streams, entity_keys
from twin.registry import Setup
from twin.table import Table

__all__ = ["EvStationsSimulator", "build"]

_WRITES = (*BOOKED, "requested_charging")


class EvStationsSimulator(EventSimulator):
    """Vehicles come to stations, wait for a free point, charge, and leave.

    Each station draws who comes from a stream of its own, each vehicle of a depot its hours. Who finds no free point
    waits its turn, as long as its patience lasts, or at a depot until it has to leave; then it leaves unserved. All
    that charge at a station get the same power: that of a point, or an equal share of the station's limit, which
    changes at the very second at which another vehicle begins or ends charging, or at which the limit begins or ends to
    hold.

    What is requested falls due while it is charged, or when a vehicle leaves without it: in any period charged plus
    unserved is requested. All points are free and nobody waits when the run begins.

    Parameters
    ----------
    stations
        The table ``charging_station``.
    civil
        The clock and the holidays by which vehicles come and go.
    """

    name = "ev_stations"
    version = "1"
    reads = ()
    writes = tuple(Write(quantity, "charging_station") for quantity in _WRITES)

    def __init__(self, stations: Table, civil: CivilTime, step_s: int) -> None:
        self.step_s = step_s
        self._civil, self._ids = civil, stations.ids.tolist()
        self._rows: list[Mapping[str, Any]] = [
            dict(zip(stations.names, cells, strict=True))
            for cells in zip(*(stations[name].tolist() for name in stations.names), strict=True)
        ]

    @property
    def sizes(self) -> Mapping[str, int]:
        """Number of stations behind every quantity."""
        return dict.fromkeys(_WRITES, len(self._rows))

    def begin(self, axis: TimeAxis, streams: Streams) -> None:
        """Open all stations."""
        del self.levels["requested_charging"]  # follows from the others
        days = CivilDays(axis, self._civil)
        for row, (name, cells) in enumerate(zip(self._ids, self._rows, strict=True)):
            station = Station(self.env, _plan(cells), self.levels, row)
            if cells["limit_from_h"] >= 0.0:
                limited = cells["limit_w"], cells["limit_from_h"], cells["limit_until_h"]
                self.env.process(station.follow(daily_limits(days, *limited)))
            self.env.process(station.receive(_visits(name, cells, days, streams)))

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return what stations draw, what vehicles wanted and left without (W), who came and was turned away (1/s).

        And how many waited and were at points, means over the step; each of shape ``(window.n, stations)``.
        """
        outputs = super().advance(window, inputs)
        return {**outputs, "requested_charging": outputs["electric_load"] + outputs["unserved_charging"]}


def _plan(cells: Mapping[str, Any]) -> Plan:
    always = cells["limit_w"] >= 0.0 and math.isnan(cells["limit_from_h"])
    return Plan(
        points=cells["points"],
        power=cells["power_w"],
        limit=cells["limit_w"] if always else math.inf,
        least=cells["least_w"],
        leaves_when_charged=cells["leaves_when_charged"],
        first_to_leave=cells["queue"] == "earliest_departure",
    )


def _visits(name: str, cells: Mapping[str, Any], days: CivilDays, streams: Streams) -> Iterator[Visit]:
    """Return who comes to a station."""
    if cells["place"] == "depot":
        keys = entity_keys([f"{name}/{k}" for k in range(1, cells["vehicles"] + 1)])
        shape = ("energy_j", "return_h", "return_spread_h", "departure_h", "departure_spread_h", "daily")
        return depot_visits(Fleet(keys, *(cells[column] for column in shape)), days, streams.seed)
    often = cells["sessions_per_day"], cells["weekend_share"], cells["patience_s"]
    random = streams.generator("charging station", name)
    return public_visits(station_sessions(cells["place"]), days, random, *often)


def build(setup: Setup) -> EvStationsSimulator | None:
    """Return the simulator, or None where there is no charging station."""
    stations = setup.city.tables.get("charging_station")
    if stations is None or not len(stations):
        return None
    return EvStationsSimulator(stations, setup.civil, setup.step_s)
