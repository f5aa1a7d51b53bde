"""The voltages that a grid's generators hold, and how far their reactive power goes for it."""

from __future__ import annotations

import numpy as np

from twin.grid.assemble import Assembled
from twin.grid.powerflow.control import Setpoints
from twin.grid.powerflow.network import Ints
from twin.grid.sequences import given

__all__ = ["setpoints_of"]


def setpoints_of(assembled: Assembled, stated: Ints, within_limits: bool = True) -> Setpoints | None:
    """Return the set points of the generators among some connected elements, None if there are none.

    Parameters
    ----------
    stated
        Rows of the connected elements, by which those of the set points count.
    within_limits
        Whether the limits of reactive power that the table states hold.
    """
    element = np.flatnonzero(assembled.table[stated] == "generator")
    if not len(element):
        return None
    row = assembled.row[stated[element]]
    size = assembled.share[stated[element]] / assembled.network.base_va
    table = assembled.grid.generator
    most = np.full(len(table), np.inf)
    least = -most
    if within_limits:
        least, most = given(table, "q_min_var", least), given(table, "q_max_var", most)
    return Setpoints(element, table["voltage_pu"][row], least[row] * size, most[row] * size)
