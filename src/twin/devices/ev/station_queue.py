"""A charging station as a SimPy process: vehicles come, wait for a free point, charge, and leave.

The bookkeeping of a session is a few numbers and two or three events; there is no process and no resource request per
vehicle, which is what makes sessions cheap. All that charge at a station get the same power, so one number, the
energy given to each since time began, says who is done next, whatever that power was: processor sharing with a
virtual clock (Parekh & Gallager 1993, doi 10.1109/90.234856).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import simpy

from twin.devices.ev.station_kernel import equal_share, seconds_until
from twin.engine.events import Level

__all__ = ["BOOKED", "Plan", "Station", "Visit"]

BOOKED = (
    "electric_load",
    "unserved_charging",
    "charging_sessions",
    "turned_away_sessions",
    "waiting_vehicles",
    "occupied_points",
)
_NEVER = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """What a station is.

    Attributes
    ----------
    power, limit, least
        As `equal_share` takes them, W; the limit holds until another one comes.
    leaves_when_charged
        Vehicles make room as soon as they have what they want; else they stay until they leave.
    first_to_leave
        A free point goes to the vehicle that leaves first, not to the one that came first.
    """

    points: int
    power: float
    limit: float = math.inf
    least: float = 0.0
    leaves_when_charged: bool = False
    first_to_leave: bool = False


class Visit:
    """A vehicle that comes to charge.

    Parameters
    ----------
    arrival
        When it comes, s.
    energy
        What it wants, J.
    gives_up
        When it leaves if it found no free point until then, s; infinite if it waits for ever.
    stay
        How long it is at the point, s; None if it leaves at ``departure``, whenever it got a point.
    departure
        When it leaves, s.
    """

    __slots__ = ("arrival", "charging", "departure", "energy", "gives_up", "left", "stay", "target", "waiting")

    def __init__(
        self, arrival: int, energy: float, gives_up: float, stay: int | None = None, departure: float = 0
    ) -> None:
        self.arrival, self.energy, self.gives_up = arrival, energy, gives_up
        self.stay, self.departure = stay, departure
        self.waiting = self.charging = self.left = False
        self.target = 0.0


class Station:
    """The points of one station and who is at them.

    What a vehicle leaves without, also one that found no free point, is booked as it leaves. Its last second at less
    than full power is booked when that begins, and the others do not wait for its end to share the power anew.

    Parameters
    ----------
    levels
        By the names in `BOOKED`, where the station books in its row.
    """

    def __init__(self, env: simpy.Environment, plan: Plan, levels: Mapping[str, Level], row: int) -> None:
        self._env, self._timeout, self._plan, self._row = env, env.timeout, plan, row
        load, unserved, sessions, turned_away, waiting, occupied = (levels[name] for name in BOOKED)
        self._set_load, self._add_load, self._add_unserved = load.set, load.add, unserved.add
        self._add_session, self._add_turned_away = sessions.add, turned_away.add
        self._set_waiting, self._set_occupied = waiting.set, occupied.set
        self._limit = plan.limit
        self._free = plan.points
        self._number = 0  # breaks ties in favour of who came first
        self._queue: list[tuple[float, int, Visit]] = []
        self._waiting = 0
        self._at_points: list[tuple[float, int, Visit]] = []  # those that charge, and some that are done already
        self._charging = 0
        self._given = 0.0  # energy that each vehicle that charges was given since somebody began to, J
        self._since = 0.0
        self._share = 0.0
        self._due: float = _NEVER  # when the next vehicle is charged

    def receive(self, visits: Iterable[Visit]) -> Generator[simpy.Event, None, None]:
        """Let vehicles come, ordered by arrival; the process of a station."""
        env = self._env
        for visit in visits:
            if visit.arrival > env.now:
                yield env.timeout(visit.arrival - env.now)
            self._arrive(visit, env.now)

    def follow(self, limits: Iterable[tuple[int, float]]) -> Generator[simpy.Event, None, None]:
        """Keep to limits, W, each from an instant on; a process for stations whose limit changes."""
        env = self._env
        for begins, limit in limits:
            if begins > env.now:
                yield env.timeout(begins - env.now)
            self._settle(env.now)
            self._limit = limit
            self._share_out(env.now)

    def _arrive(self, visit: Visit, now: float) -> None:
        self._add_session(self._row, 1.0)
        if self._free:
            self._free -= 1
            self._set_occupied(self._row, self._plan.points - self._free, now)
            self._plug_in(visit, now)
            self._share_out(now)
        elif visit.gives_up > now:
            self._wait(visit, now)
        else:
            self._turn_away(visit)

    def _wait(self, visit: Visit, now: float) -> None:
        visit.waiting = True
        self._number += 1
        heappush(self._queue, (visit.departure if self._plan.first_to_leave else 0, self._number, visit))
        self._waiting += 1
        self._set_waiting(self._row, self._waiting, now)
        if visit.gives_up < math.inf:
            self._timeout(visit.gives_up - now, visit).callbacks.append(self._give_up)

    def _give_up(self, event: Any) -> None:
        visit: Visit = event.value
        if visit.waiting:
            self._stop_waiting(visit, self._env.now)
            self._turn_away(visit)

    def _stop_waiting(self, visit: Visit, now: float) -> None:
        visit.waiting = False
        self._waiting -= 1
        self._set_waiting(self._row, self._waiting, now)

    def _turn_away(self, visit: Visit) -> None:
        self._add_turned_away(self._row, 1.0)
        self._add_unserved(self._row, visit.energy)

    def _plug_in(self, visit: Visit, now: float) -> None:
        """Begin to charge at a point that is taken already."""
        self._settle(now)
        if visit.stay is not None:
            visit.departure = now + visit.stay
        visit.charging = True
        visit.target = self._given + visit.energy
        self._number += 1
        heappush(self._at_points, (visit.target, self._number, visit))
        self._charging += 1
        self._timeout(visit.departure - now, visit).callbacks.append(self._depart)

    def _depart(self, event: Any) -> None:
        visit: Visit = event.value
        if visit.left:
            return
        now = self._env.now
        visit.left = True
        was_charging = visit.charging
        if was_charging:
            self._settle(now)
            visit.charging = False
            self._charging -= 1
            missing = visit.target - self._given
            if missing > 0.0:
                self._add_unserved(self._row, missing)
        if self._make_room(now) or was_charging:
            self._share_out(now)

    def _make_room(self, now: float) -> bool:
        """Give a point to the next that waits; return whether there was one."""
        queue = self._queue
        while queue:
            visit = heappop(queue)[2]
            if visit.waiting and visit.gives_up > now:
                self._stop_waiting(visit, now)
                self._plug_in(visit, now)
                return True
        self._free += 1
        self._set_occupied(self._row, self._plan.points - self._free, now)
        return False

    def _settle(self, now: float) -> None:
        """Bring the energy given up to date."""
        self._given += self._share * (now - self._since)
        self._since = now

    def _share_out(self, now: float) -> None:
        """Share the power anew among those that charge, and say when the next of them is charged."""
        n, plan, at_points = self._charging, self._plan, self._at_points
        if not n:
            at_points.clear()
            self._share = self._given = 0.0  # sums begin anew, so that they keep their digits
            self._due = _NEVER
            self._set_load(self._row, 0.0, now)
            return
        self._share = share = equal_share(plan.power, self._limit, plan.least, n)
        self._set_load(self._row, n * share, now)
        while not at_points[0][2].charging:
            heappop(at_points)
        missing = at_points[0][0] - self._given
        due = now + seconds_until(missing, share) if missing > 0.0 else now
        if due != self._due:
            self._due = due
            self._timeout(due - now).callbacks.append(self._end_charging)

    def _end_visit(self, visit: Visit, now: float, missing: float) -> None:
        """Let a vehicle leave that has what it wants, or will have it in a second."""
        if visit.departure <= now:
            return  # it leaves anyway
        if missing > 0.0:
            self._timeout(1, visit).callbacks.append(self._depart)
        else:
            visit.left = True
            self._make_room(now)

    def _end_charging(self, event: Any) -> None:
        """End the charging of all that have what they want within a second."""
        now = self._env.now
        if now != self._due:
            return  # the power has changed since
        self._due = _NEVER
        self._settle(now)
        at_points = self._at_points
        while at_points and (at_points[0][0] - self._given < self._share or not at_points[0][2].charging):
            visit = heappop(at_points)[2]
            if not visit.charging:
                continue
            visit.charging = False
            self._charging -= 1
            missing = visit.target - self._given
            if missing > 0.0:
                leaving = visit.departure <= now  # this very second, and without the rest
                (self._add_unserved if leaving else self._add_load)(self._row, missing)
            if self._plan.leaves_when_charged:
                self._end_visit(visit, now, missing)
        self._share_out(now)
