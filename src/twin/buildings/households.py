"""People and their appliances: the electricity they use and the heat they give off, which agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.schedules import profile, read_clock
from twin.buildings.simulator import heated_rows
from twin.city.model import City
from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import CivilTime, TimeAxis
from twin.registry import Setup

__all__ = ["HouseholdsSimulator", "build"]

Floats = NDArray[np.float64]


class HouseholdsSimulator(Stateless):
    """Mean profiles of appliances, lighting and presence by use; all electricity ends as heat indoors.

    The load is that of many households together: without chance, so that the peak of a single building is too low.

    Parameters
    ----------
    civil
        Where people live by the clock.
    """

    name = "appliances"
    version = "1"
    reads: tuple[Read, ...] = ()
    writes = (Write("electric_load", "building"), Write("internal_gain", "building"))

    def __init__(self, city: City, archetypes: Archetypes, civil: CivilTime, step_s: int) -> None:
        self.step_s = step_s
        self._archetypes, self._civil = archetypes, civil
        self._n = len(city.buildings)
        self._rows = rows = heated_rows(city)
        self._uses = archetypes.use_rows(city.buildings["use_type"][rows])
        area = city.buildings["heated_floor_area_m2"][rows]
        self._full = {name: area * archetypes.uses[name][self._uses] for name in ("appliances", "lighting")}
        self._body_heat = city.buildings["occupants"][rows] * archetypes.uses["sensible_heat"][self._uses]

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return loads and gains of a window."""
        clock = read_clock(window, self._civil)
        levels = {name: profile(self._archetypes, name, clock)[:, self._uses] for name in (*self._full, "occupancy")}
        load, gain = np.zeros((2, window.n, self._n))
        load[:, self._rows] = sum(full * levels[name] for name, full in self._full.items())
        gain[:, self._rows] = load[:, self._rows] + self._body_heat * levels["occupancy"]
        return {"electric_load": load, "internal_gain": gain}


def build(setup: Setup) -> HouseholdsSimulator | None:
    """Return the simulator, or None where nobody lives or works."""
    if not len(heated_rows(setup.city)):
        return None
    return HouseholdsSimulator(setup.city, setup.inputs["archetypes"], setup.civil, setup.step_s)
