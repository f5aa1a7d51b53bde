"""From a grid in which one node stands for three phases to one with a node for each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twin.errors import Problems
from twin.grid.formats.case import three_phase_nodes
from twin.grid.model import ElectricGrid
from twin.grid.sequences import given

__all__ = ["unfolded", "what_lacks"]

_RATIOS = ("ratio_b", "ratio_c")


def what_lacks(grid: ElectricGrid) -> str | None:
    """Say what keeps the phases of a balanced grid from being told apart; None if nothing does."""
    zero = given(grid.line, "r0_ohm_m", np.nan) + given(grid.line, "x0_ohm_m", np.nan)
    lacking = grid.line.ids[~np.isfinite(zero)]
    if len(lacking):
        return f"{len(lacking)} of {len(grid.line)} lines have no zero-sequence impedance, the first {lacking[0]}"
    lacking = grid.transformer_3w.ids[grid.transformer_3w.missing("windings")]
    if len(lacking):
        return f"how the windings of transformer {lacking[0]} are connected is not stated"
    lacking = grid.regulator.ids[np.any([grid.regulator.missing(name) for name in _RATIOS], axis=0)]
    return f"regulator {lacking[0]} has one ratio only" if len(lacking) else None


def unfolded(grid: ElectricGrid) -> ElectricGrid:
    """Return a grid with three nodes at every bus, for one in which a node stands for all phases.

    What is connected is so to all phases alike, so voltages are the same as before.
    """
    connects = np.zeros(len(grid.bus), dtype=bool)
    connects[grid.phase_node["bus"]] = grid.phase_node["connects"]
    with Problems() as problems:
        nodes = three_phase_nodes(grid.bus.ids.tolist(), np.flatnonzero(np.repeat(connects, 3)), problems)
    return replace(grid, phase_node=nodes)
