"""Who is at home: every person by herself, so that of many the profile's share is there at any time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.people.dwellings import Dwellings
from twin.random import uniform

__all__ = ["at_home", "chance_of_somebody", "inclinations", "people_by_zone", "somebody"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

# How often what a person does is what she always does at that time (planning assumption): it makes some households of
# people who are mostly out, and others of people who are mostly in.
HABIT = 0.5
_PARTS_OF_DAY = 3


def inclinations(seed: int, dwellings: Dwellings, day: int, n_slots: int) -> Floats:
    """Return how far everyone is inclined to be out in every slot of a UTC day, uniform in 0 to 1, ``(slot, person)``.

    A person is in while her inclination is below the profile: so she leaves when the profile falls past it and comes
    back when it has risen, and among many the share that is in is the profile's at any time. An inclination holds for a
    part of the day that begins at a random time, and is the person's own or, as often, drawn anew. What can be seen is
    a chain of leaving and coming as in Richardson, Thomson & Infield 2008 (doi 10.1016/j.enbuild.2008.02.006), whose
    probabilities follow from the profile instead of a survey of time use.
    """
    keys = dwellings.person_keys
    slot = np.arange(n_slots)[:, None]
    length = n_slots / (_PARTS_OF_DAY - 1)
    own = uniform(seed, "people/habit", keys)
    inclined = _drawn(seed, dwellings, day, 0, own)
    result = np.broadcast_to(inclined, (n_slots, len(keys)))
    for part in range(1, _PARTS_OF_DAY):
        begins = (part - 1 + uniform(seed, "people/part of day", keys, _PARTS_OF_DAY * day + part)) * length
        result = np.where(slot < begins, result, _drawn(seed, dwellings, day, part, own))
    return result


def _drawn(seed: int, dwellings: Dwellings, day: int, part: int, own: Floats) -> Floats:
    u = uniform(seed, "people/inclination", dwellings.person_keys, _PARTS_OF_DAY * day + part)
    return np.where(u < HABIT, own, (u - HABIT) / (1.0 - HABIT))


def at_home(dwellings: Dwellings, inclined: Floats, profile: Floats) -> Mask:
    """Return who is at home, ``(slot, person)``, by the profile of presence of every use, ``(slot, use)``."""
    return np.asarray(inclined < profile[:, dwellings.use[dwellings.person_dwelling]])


def somebody(dwellings: Dwellings, home: Mask) -> Mask:
    """Return where at least one person is at home, ``(slot, dwelling)``."""
    result = np.zeros((len(home), len(dwellings.keys)), dtype=bool)
    lived_in = np.flatnonzero(dwellings.people)
    if len(lived_in):
        first = np.searchsorted(dwellings.person_dwelling, lived_in)
        result[:, lived_in] = np.logical_or.reduceat(home, first, axis=1)
    return result


def chance_of_somebody(profile: Floats, people: Ints) -> Floats:
    """Return how likely somebody of a household is at home; the arguments broadcast."""
    chance: Floats = 1.0 - (1.0 - profile) ** people
    return chance


def people_by_zone(dwellings: Dwellings, home: Mask) -> Floats:
    """Return how many people of each zone are at home, ``(slot, zone)``."""
    result = np.zeros((len(home), dwellings.n_zones))
    zone = dwellings.zone[dwellings.person_dwelling]
    if len(zone):
        lived_in, first = np.unique(zone, return_index=True)
        result[:, lived_in] = np.add.reduceat(home, first, axis=1, dtype=np.float64)
    return result
