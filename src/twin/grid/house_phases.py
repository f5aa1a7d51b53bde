"""Which phases of its bus every building is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.dealing import deal
from twin.grid.demand import planned_va
from twin.grid.links import feeders
from twin.grid.model import ElectricGrid
from twin.grid.phases import LETTERS, at_bus
from twin.ledger import Ledger
from twin.random import entity_keys, uniform
from twin.table import GIVEN, MISSING

if TYPE_CHECKING:
    from twin.city.model import City
    from twin.grid.settings import GridSettings

__all__ = ["house_phases"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Texts = NDArray[np.str_]

# which phase a house has does not depend on the run's seed: options and runs are compared house by house
_PLACING_SEED = 0
_LETTERS = np.array(list(LETTERS))
_OF_MASK = {"": "", "ac": "ca"}


def house_phases(
    grid: ElectricGrid, city: City, bus: Ints, stated: Texts, settings: GridSettings, ledger: Ledger
) -> tuple[Texts, NDArray[np.uint16]]:
    """Return the phases of every building's connection and their sources; missing where one node stands for all.

    Parameters
    ----------
    bus
        To which every building is connected, shape ``(n,)``.
    stated
        Phases that a file gives it, empty where it gives none, shape ``(n,)``.
    """
    n = len(bus)
    if grid.phases == 1 or not n:
        return np.full(n, "", dtype="<U3"), np.full(n, MISSING, dtype=np.uint16)
    named = stated != ""
    phases = np.where(named, stated, _names(at_bus(grid)[bus]))
    codes = np.full(n, GIVEN, dtype=np.uint16)
    all_three = ~named & (phases == "abc")
    codes[all_three] = ledger.assume(
        "Every building has one connection to the grid, on all three phases.", "VDE-AR-N 4100"
    )
    if (~named & ~all_three).any():
        codes[~named & ~all_three] = ledger.assume(
            "Where a bus has not all three phases, a building is connected to those that it has.",
            "twin: planning assumption",
        )
    if settings.single_phase_share == 0:
        return phases, codes
    load = planned_va(city)
    single = _single(city, load, all_three, settings)
    before = np.char.str_len(phases) == 1
    chosen = _choose(grid, city, bus, phases, load, single, before, settings)
    phases[single] = _LETTERS[chosen]
    codes[single] = ledger.assume(_said(settings), "scenario")
    return phases, codes


def _names(mask: Mask) -> Texts:
    """Return phases by name, shape ``(n,)``."""
    text = ["".join(_LETTERS[row]) for row in np.unique(mask, axis=0)]
    which = np.unique(mask, axis=0, return_inverse=True)[1].ravel()
    return np.array([_OF_MASK.get(one, one) for one in text], dtype="<U3")[which]


def _single(city: City, load: Floats, may: Mask, settings: GridSettings) -> Mask:
    """Return which buildings get a single phase: the lowest ranks, so that a larger share keeps those of a smaller."""
    rows = np.flatnonzero(may & (load <= 1e3 * settings.single_phase_kva))
    rank = uniform(_PLACING_SEED, "single-phase connection", entity_keys(city.buildings.ids[rows].tolist()))
    count = int(np.floor(settings.single_phase_share * len(rows) + 0.5))
    single = np.zeros(len(load), dtype=bool)
    single[rows[np.argsort(rank, kind="stable")[:count]]] = True
    return single


def _choose(
    grid: ElectricGrid,
    city: City,
    bus: Ints,
    phases: Texts,
    load: Floats,
    single: Mask,
    before: Mask,
    settings: GridSettings,
) -> Ints:
    """Return the phase of every building on one phase that is free to have any, 0 to 2."""
    rows = np.flatnonzero(single)
    if settings.phase_choice == "drawn":
        drawn = uniform(_PLACING_SEED, "phase of a connection", entity_keys(city.buildings.ids[rows].tolist()))
        return np.floor(3 * drawn).astype(np.int64)
    number, distance = feeders(grid)
    known = np.zeros((int(number.max()) + 1, 3))
    of_letter = np.searchsorted(_LETTERS, phases[before])
    np.add.at(known, (number[bus[before]], of_letter), load[before])
    along = np.lexsort((city.buildings.ids[rows], distance[bus[rows]]))
    chosen = np.empty(len(rows), dtype=np.int64)
    dealt = rows[along]
    chosen[along] = deal(number[bus[dealt]], load[dealt], np.ones((len(rows), 3), dtype=bool), known)
    return chosen


def _said(settings: GridSettings) -> str:
    how = "the one with least planned load so far along the feeder" if settings.phase_choice == "balanced" else "drawn"
    return (
        f"Of the buildings planned for up to {settings.single_phase_kva:g} kVA, {settings.single_phase_share:.0%} are "
        f"connected to one phase only: {how}."
    )
