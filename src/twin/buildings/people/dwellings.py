"""Who lives where: every dwelling of the residential zones with a key of its own and a number of people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.model import RESIDENTIAL_USES
from twin.buildings.people.draws import poisson
from twin.buildings.people.settings import PeopleSettings
from twin.random import entity_keys, uniform
from twin.table import Table

__all__ = ["Dwellings", "drawn_zones", "settle"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

# Part of a household's electricity that goes with the number of its people. One person uses some 2,000 kWh a year, two
# 3,200, four 4,300 (planning assumption after household surveys: half of it).
PER_PERSON_SHARE = 0.5


@dataclass(frozen=True)
class Dwellings:
    """Dwellings one after the other by zone, and their people one after the other by dwelling.

    Attributes
    ----------
    keys
        Of the dwelling, for its draws, shape ``(n,)``.
    zone
        Which of the zones it is in, ascending, shape ``(n,)``.
    use
        Row of its use in the catalogue, shape ``(n,)``.
    people
        Who live in it, shape ``(n,)``.
    share
        Part of the zone's dwellings' electricity that falls to it, 1 over their number for the average household;
        nothing where nobody lives, shape ``(n,)``.
    share_of_water
        Likewise of the hot water, which goes with the number of people, shape ``(n,)``.
    person_keys
        Shape ``(n_people,)``.
    person_dwelling
        Shape ``(n_people,)``, ascending.
    n_zones
        Number of zones.
    """

    keys: Keys
    zone: Ints
    use: Ints
    people: Ints
    share: Floats
    share_of_water: Floats
    person_keys: Keys
    person_dwelling: Ints
    n_zones: int

    def blocks(self, size: int) -> Iterator[tuple[slice, slice, Dwellings]]:
        """Yield dwellings by the size given or somewhat less: their rows, those of their zones, and they themselves."""
        for begin in range(0, len(self.keys), size):
            here = slice(begin, min(begin + size, len(self.keys)))
            first, last = int(self.zone[begin]), int(self.zone[here.stop - 1])
            people = slice(*np.searchsorted(self.person_dwelling, [begin, here.stop]).tolist())
            part = Dwellings(
                keys=self.keys[here],
                zone=self.zone[here] - first,
                use=self.use[here],
                people=self.people[here],
                share=self.share[here],
                share_of_water=self.share_of_water[here],
                person_keys=self.person_keys[people],
                person_dwelling=self.person_dwelling[people] - begin,
                n_zones=last - first + 1,
            )
            yield here, slice(first, last + 1), part


def drawn_zones(zones: Table, settings: PeopleSettings) -> Ints:
    """Return the rows of the zones whose dwellings are drawn one by one."""
    drawn = np.isin(zones["use_type"], RESIDENTIAL_USES) & (settings.profiles == "stochastic")
    return np.flatnonzero(drawn)


def settle(seed: int, zones: Table, rows: Ints, uses: Ints) -> Dwellings:
    """Return the dwellings of zones with households drawn for them.

    A household is one person and a Poisson number of others, with the zone's people per dwelling as mean; where there
    are fewer people than dwellings, some stand empty. That has 37 % of one person and 37 % of two at a mean of two,
    beside 41 % and 34 % among Germany's households (Mikrozensus 2022, from memory). The draw of a dwelling depends on
    its zone's id and its number alone.

    Parameters
    ----------
    zones
        The table; dwellings are rounded, and at least one.
    rows
        Of the zones that are drawn, shape ``(n,)``.
    uses
        Row of each zone's use in the catalogue, shape ``(n,)``.
    """
    ids = zones.ids[rows].tolist()
    count = np.maximum(np.rint(zones["dwellings"][rows]), 1.0).astype(np.int64)
    zone = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(zone)) - np.repeat(np.cumsum(count) - count, count)
    names = [f"{ids[z]}/{k}" for z, k in zip(zone.tolist(), number.tolist(), strict=True)]
    keys = entity_keys(names)
    mean = (zones["occupants"][rows] / count)[zone]
    people = _households(seed, keys, mean)
    person_dwelling = np.repeat(np.arange(len(zone)), people)
    person = np.arange(len(person_dwelling)) - np.repeat(np.cumsum(people) - people, people)
    relative = np.divide(people, mean, out=np.zeros(len(mean)), where=mean > 0)
    by_size = np.where(mean >= 1.0, 1.0 - PER_PERSON_SHARE + PER_PERSON_SHARE * relative, relative)
    per_dwelling = 1.0 / count[zone]
    return Dwellings(
        keys=keys,
        zone=zone,
        use=uses[zone],
        people=people,
        share=by_size * per_dwelling,
        share_of_water=relative * per_dwelling,
        person_keys=entity_keys(
            [f"{names[d]}/{p}" for d, p in zip(person_dwelling.tolist(), person.tolist(), strict=True)]
        ),
        person_dwelling=person_dwelling,
        n_zones=len(count),
    )


def _households(seed: int, keys: Keys, mean: Floats) -> Ints:
    """Return the people of every dwelling."""
    u = uniform(seed, "people/household", keys)
    return np.where(mean >= 1.0, 1 + poisson(np.maximum(mean - 1.0, 0.0), u), (u < mean).astype(np.int64))
