"""What can be wrong with tap changers and outages."""

from __future__ import annotations

import numpy as np

from twin.errors import Problems
from twin.grid.check_rows import inside, report
from twin.grid.model import ElectricGrid

__all__ = ["check_operated"]

_TAPS = ("tap_side", "tap_pos", "tap_neutral", "tap_step_pct")


def check_operated(grid: ElectricGrid, problems: Problems) -> None:
    """Add what is wrong with tap changers and outages: elements that are not there, bounds the wrong way round."""
    _check_tap_changers(grid, problems)
    _check_outages(grid, problems)


def _check_tap_changers(grid: ElectricGrid, problems: Problems) -> None:
    table, unit = grid.tap_changer, grid.transformer
    known = inside(table["transformer"], len(unit))
    report(table, ~known, "belongs to a transformer that does not exist", problems)
    row = np.where(known, table["transformer"], 0)
    lacks = known.copy()
    if len(unit):
        lacks &= np.logical_or.reduce([unit.missing(name)[row] for name in _TAPS])
    report(table, lacks, f"belongs to a transformer that does not state all of {', '.join(_TAPS)}", problems)
    has = known & ~lacks
    if has.any():
        tap = np.where(has, unit["tap_pos"][row], table["tap_min"])
        beyond = (tap < table["tap_min"]) | (tap > table["tap_max"])
        report(table, has & beyond, "belongs to a transformer whose tap is not between tap_min and tap_max", problems)
    band = table["voltage_low_pu"] >= table["voltage_high_pu"]
    report(table, band, "has a voltage_low_pu that is not below voltage_high_pu", problems)
    _, first = np.unique(table["transformer"], return_index=True)
    again = np.ones(len(table), dtype=bool)
    again[first] = False
    report(table, again, "belongs to a transformer that has another one", problems)


def _check_outages(grid: ElectricGrid, problems: Problems) -> None:
    table = grid.outage
    for kind in ("line", "transformer"):
        own = table["element_type"] == kind
        report(table, own & ~inside(table["element"], len(getattr(grid, kind))), f"is of no {kind}", problems)
    report(table, table["from_s"] >= table["to_s"], "does not end after it begins", problems)
