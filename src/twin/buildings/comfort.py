"""Comfort as a simulator: categories of EN 16798-1, overheating and unmet set points while people are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.comfort import MARGIN_K, ComfortLimits, category, limits, running_mean
from twin.buildings.model import RESIDENTIAL_USES
from twin.city.model import City
from twin.engine.groups import Groups
from twin.engine.ports import Arrays, Read, Write
from twin.engine.time import CivilTime, TimeAxis, utc_offset
from twin.ledger import Ledger
from twin.random import Streams
from twin.registry import Setup
from twin.units import DAY_S

__all__ = ["ComfortSimulator", "build", "state_assumptions"]

Floats = NDArray[np.float64]

OVERHEATED_DEGC = 26.0
UNMET_K = 0.5

# Lower and upper limits of categories I, II and III, degC. EN 16798-1:2019, table B.2 (shops: EN 15251:2007, table A.2)
# as believed: the standards' texts were not at hand.
_LIVING = ((21.0, 20.0, 18.0), (25.5, 26.0, 27.0))
_SITTING = ((21.0, 20.0, 19.0), (25.5, 26.0, 27.0))
_STANDING = ((17.5, 16.0, 15.0), (24.0, 25.0, 26.0))
_BY_USE = {
    **dict.fromkeys(RESIDENTIAL_USES, _LIVING),
    **dict.fromkeys(("FOODSTORE", "GYM", "INDUSTRIAL", "RETAIL"), _STANDING),
}
_NOT_JUDGED = ("COOLROOM", "PARKING", "SERVERROOM", "SWIMMING", "UNHEATED")

_ASSUMED = (
    (
        "Comfort is judged by the operative temperature of a zone while anybody is there: category I, II or III if it "
        "is within the limits of dwellings (21, 20, 18 to 25.5, 26, 27 degC), of places where people sit (21, 20, 19 "
        "to 25.5, 26, 27 degC) or of those where they stand and walk (17.5, 16, 15 to 24, 25, 26 degC), else IV. Cold "
        "rooms, car parks, server rooms and swimming baths are not judged.",
        "EN 16798-1:2019, table B.2, and EN 15251:2007, table A.2, from memory",
    ),
    (
        "Where it is not cooled and people live or sit, they adapt to the running mean of the outdoor temperature from "
        "10 degC up; above 30 degC the limits are those at 30 degC.",
        "EN 16798-1:2019, B.2.2; beyond its range: planning assumption",
    ),
    (
        "A zone is overheated above 26 degC; its set points are not met if the rooms are more than 0.5 K off. Zones "
        "count by their floor area.",
        "twin: planning assumption, after ASHRAE 90.1 (1 degF), from memory",
    ),
)


def state_assumptions(ledger: Ledger) -> None:
    """State in the ledger how comfort is judged."""
    for text, reference in _ASSUMED:
        ledger.state(text, reference)


@dataclass
class _Outdoors:
    """The running mean outdoor temperature on its way from day to day.

    ``mean`` is that of today, None before the first day; during the first day, when no earlier one is known, it is
    the first temperature, and that day's mean stands for all before it.
    """

    day: int = 0
    mean: Floats | None = None
    is_first: bool = True
    total: Floats | float = 0.0
    steps: int = 0

    def enter(self, day: int, first: Floats) -> bool:
        """Go to a day, whose first temperature is known; return whether it has just begun."""
        if self.mean is not None and day == self.day:
            return False
        if self.mean is None:
            self.mean = first.copy()
        else:
            past = np.asarray(self.total / self.steps)
            self.mean = past if self.is_first else running_mean(self.mean, past)
            self.is_first = False
        self.day, self.total, self.steps = day, 0.0, 0
        return True

    def see(self, temperatures: Floats) -> None:
        """Take in some steps of the day, ``(step, n)``."""
        self.total = self.total + temperatures.sum(axis=0)
        self.steps += len(temperatures)


class ComfortSimulator:
    """How every zone suits the people in it, and how much floor area of every building is how.

    Floor areas add up, so that their integrals over time give hours of a building, a group or the quarter weighted by
    floor area, and shares of the time in which zones are in use. A zone is in use while anybody is
    there, unless its use is one that is not judged.

    Parameters
    ----------
    civil
        Whose days the running mean counts.
    """

    name = "comfort"
    version = "1"
    reads = (
        Read("operative_temperature", "zone"),
        Read("occupancy", "zone"),
        Read("temperature_shortfall", "zone"),
        Read("temperature_excess", "zone"),
        Read("outdoor_temperature", "zone"),
    )
    writes = (
        Write("comfort_category", "zone", "state"),
        *(Write(f"floor_area_in_category_{k}", "building") for k in (1, 2, 3, 4)),
        Write("overheated_floor_area", "building"),
        Write("overheating_of_floor_area", "building"),
        Write("underheated_floor_area", "building"),
        Write("undercooled_floor_area", "building"),
    )

    def __init__(self, city: City, civil: CivilTime, step_s: int) -> None:
        self.step_s, self._civil = step_s, civil
        zones = city.table("zone")
        uses, use = np.unique(zones["use_type"], return_inverse=True)
        ranges = np.array([_BY_USE.get(str(name), _SITTING) for name in uses])[use]  # (zone, lower or upper, category)
        sits = ~np.isin(uses, [name for name, its in _BY_USE.items() if its == _STANDING])[use]
        cooled = city.buildings["cooled"][zones["building"]]
        self._fixed = ComfortLimits(ranges[:, 0].T.copy(), ranges[:, 1].T.copy(), sits & ~cooled)
        self._judged = ~np.isin(uses, _NOT_JUDGED)[use]
        self._area = zones["heated_floor_area_m2"]
        self._buildings = Groups(city.buildings.ids, zones["building"])
        self._outdoors = _Outdoors()

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Forget the weather."""
        self._outdoors = _Outdoors()

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return categories and floor areas of a window."""
        outdoor = inputs["outdoor_temperature"]
        if outdoor.strides[1] == 0:  # the same one for all
            outdoor = outdoor[:, :1]
        sizes = {"zone": len(self._area), "building": len(self._buildings.labels)}
        out = {write.quantity: np.zeros((window.n, sizes[write.per])) for write in self.writes}
        for day, steps in _days(window, self._civil):
            if self._outdoors.enter(day, outdoor[steps][0]):
                self._renew()
            self._outdoors.see(outdoor[steps])
            found = self._judge({name: values[steps] for name, values in inputs.items()})
            for name, values in found:
                out[name][steps] = values
        return out

    def _renew(self) -> None:
        assert self._outdoors.mean is not None
        self._lower, self._upper = limits(self._fixed, self._outdoors.mean)

    def _judge(self, inputs: Mapping[str, Floats]) -> Iterator[tuple[str, Floats]]:
        """Yield all that is not zero in some steps of one day."""
        operative, in_use = inputs["operative_temperature"], (inputs["occupancy"] > 0) & self._judged
        found = category(operative, self._lower, self._upper) * in_use
        yield "comfort_category", found.astype(np.float64)
        flags = {f"floor_area_in_category_{k}": found == k for k in (1, 2, 3, 4)}
        flags["overheated_floor_area"] = in_use & (operative > OVERHEATED_DEGC + MARGIN_K)
        flags["underheated_floor_area"] = in_use & (inputs["temperature_shortfall"] > UNMET_K)
        flags["undercooled_floor_area"] = in_use & (inputs["temperature_excess"] > UNMET_K)
        for name, flag in flags.items():
            if flag.any():
                yield name, self._buildings.sums(flag * self._area)
        overheated = flags["overheated_floor_area"]
        if overheated.any():
            degrees = np.where(overheated, operative - OVERHEATED_DEGC, 0.0)
            yield "overheating_of_floor_area", self._buildings.sums(degrees * self._area)

    def state(self) -> _Outdoors:
        """Return the outdoor temperatures so far."""
        return _Outdoors(**vars(self._outdoors))

    def restore(self, state: _Outdoors) -> None:
        """Go back to outdoor temperatures of before."""
        self._outdoors = _Outdoors(**vars(state))
        if self._outdoors.mean is not None:
            self._renew()


def _days(window: TimeAxis, civil: CivilTime) -> Iterator[tuple[int, slice]]:
    """Yield every civil day of a window, days since 1970-01-01, and its steps."""
    day = (window.seconds + utc_offset(window, civil.timezone)) // DAY_S
    cuts = [0, *(np.flatnonzero(np.diff(day)) + 1).tolist(), window.n]
    for first, last in pairwise(cuts):
        if last > first:
            yield int(day[first]), slice(first, last)


def build(setup: Setup) -> ComfortSimulator | None:
    """Return the simulator, or None where nothing is heated."""
    if "zone" not in setup.city.tables or not len(setup.city.table("zone")):
        return None
    return ComfortSimulator(setup.city, setup.civil, setup.step_s)
