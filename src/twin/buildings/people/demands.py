"""What the mean profiles of dwellings are made of: standing power, and events that add up to the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.model import RESIDENTIAL_USES
from twin.buildings.people.daylight import Daylight
from twin.buildings.people.events import QUARTERS_A_DAY, Kind, start_rates
from twin.buildings.people.kinds import ATTENDED, DRAW_OFFS, LIGHTS, UNATTENDED
from twin.buildings.people.residents import Demand

__all__ = ["appliances", "hot_water", "lighting", "standing"]

Floats = NDArray[np.float64]


def standing(archetypes: Archetypes, share: float) -> Floats:
    """Return what appliances draw at all hours over their full value, by use, ``(use, hour of the week)``.

    Parameters
    ----------
    share
        Of the profile's mean; never more than the profile.
    """
    weekly = archetypes.weekly["appliances"]
    return np.asarray(np.minimum(share * weekly.mean(axis=1, keepdims=True), weekly))


def appliances(archetypes: Archetypes, standing_share: float) -> tuple[Demand, Demand]:
    """Return what appliances draw besides: what people start while they are up, and what runs while they sleep.

    People are up while the heating set point is kept.
    """
    rest = archetypes.weekly["appliances"] - standing(archetypes, standing_share)
    up = _of_dwellings(archetypes, archetypes.weekly["heating"]) > 0.5
    by_people, by_itself = start_rates(_of_dwellings(archetypes, rest), [(ATTENDED, up), (UNATTENDED, ~up)])
    return (
        Demand("appliances", ATTENDED, _by_use(archetypes, by_people)),
        Demand("appliances at night", UNATTENDED, _by_use(archetypes, by_itself), needs_people=False),
    )


def lighting(archetypes: Archetypes, daylight: Daylight | None) -> Demand:
    """Return the lights that people at home switch on."""
    return Demand("lighting", LIGHTS, _alone(archetypes, "lighting", LIGHTS), by_day=daylight)


def hot_water(archetypes: Archetypes) -> Demand:
    """Return the hot water that people at home draw off."""
    return Demand("hot water", DRAW_OFFS, _alone(archetypes, "hot_water", DRAW_OFFS))


def _alone(archetypes: Archetypes, name: str, kinds: Sequence[Kind]) -> Floats:
    """Return the rates of events that make up a profile without others, and do not begin where it is 0."""
    level = _of_dwellings(archetypes, archetypes.weekly[name])
    (rates,) = start_rates(level, [(kinds, level > 0)])
    return _by_use(archetypes, rates)


def _of_dwellings(archetypes: Archetypes, weekly: Floats) -> Floats:
    """Return a profile of a week's hours by quarters of an hour, for uses that are dwellings."""
    return np.repeat(weekly[_rows(archetypes)], QUARTERS_A_DAY // 24, axis=1)


def _by_use(archetypes: Archetypes, rates: Floats) -> Floats:
    """Return rates for all uses, 0 for those that are no dwellings."""
    result = np.zeros((len(archetypes.use_types), rates.shape[1]))
    result[_rows(archetypes)] = rates
    return result


def _rows(archetypes: Archetypes) -> NDArray[np.int64]:
    return np.flatnonzero(np.isin(archetypes.use_types, RESIDENTIAL_USES))
