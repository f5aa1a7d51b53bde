"""The people of all dwellings drawn one by one: a day's presence, and what they use because they are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.people.days import Days, part_of_step, slot_length
from twin.buildings.people.dwellings import Dwellings
from twin.buildings.people.events import (
    LONGEST,
    QUARTER_S,
    QUARTERS_A_DAY,
    DayRates,
    Events,
    Kind,
    draw,
    mean_power,
)
from twin.buildings.people.presence import at_home, chance_of_somebody, inclinations, people_by_zone, somebody
from twin.buildings.people.schedules import profile, read_clock
from twin.engine.time import CivilTime, TimeAxis
from twin.units import DAY_S

__all__ = ["Demand", "Residents"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_BLOCK = 1024  # dwellings


@dataclass(frozen=True)
class Demand:
    """Something households use in events.

    Attributes
    ----------
    purpose
        Of its draws.
    rates
        Events per full value in every quarter of an hour of the week by use, 1/(W s), ``(use, quarter)``.
    needs_people
        Whether events begin only while somebody is at home.
    by_day
        Returns a factor on the rate in every quarter of an hour of a UTC day, None for 1.
    """

    purpose: str
    kinds: tuple[Kind, ...]
    rates: Floats
    needs_people: bool = True
    by_day: Callable[[int], Floats] | None = None


class Residents:
    """What the people of dwellings do, over the windows of a horizon.

    Parameters
    ----------
    axis
        The horizon.
    """

    def __init__(
        self, seed: int, dwellings: Dwellings, archetypes: Archetypes, civil: CivilTime, axis: TimeAxis
    ) -> None:
        self._n_zones = dwellings.n_zones
        self._slot_s = slot_length(axis, civil)
        self._part_s = part_of_step(axis, self._slot_s)
        self._society = _Society(dwellings, archetypes, civil, self._slot_s)
        self._blocks = [
            (rows, zones, _Block(seed, part, self._society.kind[rows], self._society))
            for rows, zones, part in dwellings.blocks(_BLOCK)
        ]
        zone = dwellings.zone[dwellings.person_dwelling]
        self._people = np.maximum(np.bincount(zone, minlength=dwellings.n_zones), 1)

    def occupancy(self) -> Days:
        """Return the share of every zone's people who are at home, 0 where nobody lives, as `Days`."""

        def make(day: int) -> Floats:
            count = np.zeros((DAY_S // self._slot_s, self._n_zones))
            for _, zones, block in self._blocks:
                count[:, zones] += block.people_at_home(day)
            return (count / self._people).repeat(self._slot_s // self._part_s, axis=0)

        return Days(make, self._part_s)

    def power(self, demands: Sequence[tuple[Demand, Floats]]) -> Days:
        """Return the mean power of demands together in every zone, W, as `Days`.

        Parameters
        ----------
        demands
            Each with its full value in every dwelling, W, shape ``(n,)``.
        """
        longest = LONGEST * max(kind.length_s for demand, _ in demands for kind in demand.kinds)
        n_parts = -int(-(DAY_S + longest) // self._part_s)

        def make(day: int) -> Floats:
            power = np.zeros((n_parts, self._n_zones))
            rates = [self._society.rates(demand, day) for demand, _ in demands]
            for rows, zones, block in self._blocks:
                drawn = [
                    block.events(demand, rate, scale[rows], day)
                    for (demand, scale), rate in zip(demands, rates, strict=True)
                ]
                power[:, zones] += mean_power(_joined(drawn), self._part_s, n_parts, zones.stop - zones.start)
            return power

        return Days(make, self._part_s)


def _joined(events: Sequence[Events]) -> Events:
    return Events(*(np.concatenate([getattr(e, name) for e in events]) for name in Events.__dataclass_fields__))


class _Society:
    """What dwellings of one use and as many people have in common on a day: usual presence, and rates of events.

    Attributes
    ----------
    kind
        Which kind of household lives in each dwelling, shape ``(n,)``.
    """

    def __init__(self, dwellings: Dwellings, archetypes: Archetypes, civil: CivilTime, slot_s: int) -> None:
        self._archetypes, self._civil, self._slot_s = archetypes, civil, slot_s
        kinds = np.stack([dwellings.use, dwellings.people])
        (self._use, self._people), self.kind = np.unique(kinds, axis=1, return_inverse=True)
        self._known: tuple[int, Floats] | None = None

    def usual(self, day: int) -> Floats:
        """Return the share of people at home in every slot of a day, ``(slot, use)``."""
        if self._known is None or self._known[0] != day:
            slots = TimeAxis(day * DAY_S, self._slot_s, DAY_S // self._slot_s)
            present = profile(self._archetypes, "occupancy", read_clock(slots, self._civil))
            self._known = day, np.minimum(present, 1.0)
        return self._known[1]

    def rates(self, demand: Demand, day: int) -> DayRates:
        """Return how often events begin, by kind of household: the more often while somebody is in, the rarer that."""
        calendar = TimeAxis(day * DAY_S, QUARTER_S, QUARTERS_A_DAY).calendar(self._civil)
        quarter = calendar.schedule_weekday * QUARTERS_A_DAY + (calendar.hour * 4.0).astype(np.int64)
        use = self._use[:, None]
        rates = demand.rates[use, quarter] * self._archetypes.monthly[use, calendar.month - 1]
        if demand.by_day is not None:
            rates = rates * demand.by_day(day)
        if demand.needs_people:
            chance = chance_of_somebody(self.usual(day)[:, self._use], self._people)
            chance = chance.repeat(self._slot_s // QUARTER_S, axis=0).T
            rates = np.divide(rates, chance, out=np.zeros_like(rates), where=chance > 0)
        return DayRates(rates)


class _Block:
    """Dwellings few enough that their numbers stay in the cache.

    Parameters
    ----------
    kind
        Which kind of household of the society lives in each, shape ``(n,)``.
    """

    def __init__(self, seed: int, dwellings: Dwellings, kind: Ints, society: _Society) -> None:
        self._seed, self._dwellings, self._kind, self._society = seed, dwellings, kind, society
        self._known: tuple[int, Mask, Mask] | None = None

    def people_at_home(self, day: int) -> Floats:
        """Return how many people of each zone are at home on a day, ``(slot, zone)``."""
        return people_by_zone(self._dwellings, self._home(day)[0])

    def events(self, demand: Demand, rates: DayRates, scale: Floats, day: int) -> Events:
        """Return the events that begin on a day, by zone; ``scale`` is the full value in each dwelling, W."""
        keys = self._dwellings.keys
        may_begin = self._home(day)[1] if demand.needs_people else None
        events = draw(self._seed, demand.purpose, keys, day, rates, self._kind, scale, demand.kinds, may_begin)
        return replace(events, column=self._dwellings.zone[events.column])

    def _home(self, day: int) -> tuple[Mask, Mask]:
        """Return who is at home on a day, ``(slot, person)``, and where somebody is, ``(slot, dwelling)``."""
        if self._known is None or self._known[0] != day:
            usual = self._society.usual(day)
            inclined = inclinations(self._seed, self._dwellings, day, len(usual))
            home = at_home(self._dwellings, inclined, usual)
            self._known = day, home, somebody(self._dwellings, home)
        return self._known[1:]
