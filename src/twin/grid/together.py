"""All areas of a grid at a single step, side by side: what a feedback loop asks for, tens of thousands of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.grid.area_flow import AreaFlow, Condition
from twin.grid.powerflow.balanced import TURN
from twin.grid.powerflow.batch import Batch
from twin.grid.powerflow.network import Complex, Ints, Status

__all__ = ["Member", "Together"]


@dataclass(frozen=True)
class Member:
    """An area, and what of the grid stands in it.

    Attributes
    ----------
    stated
        Power of the elements that come first, per unit, shape ``(n,)``.
    columns
        Customers that follow, as columns of the power asked for.
    rows, local
        Phase nodes, and nodes of the area that they are.
    """

    flow: AreaFlow
    stated: Complex
    columns: Ints
    rows: Ints
    local: Ints


class Together:
    """Areas where nothing moves, reacts or fails.

    Parameters
    ----------
    members
        At least one.
    base_va
        Power at one per unit.
    alone
        One phase stands for all three of them.
    """

    def __init__(self, members: Sequence[Member], base_va: float, tolerance: float, alone: bool) -> None:
        readies = [member.flow.ready(Condition(), alone) for member in members]
        flows = [ready.flow for ready in readies if ready is not None]
        self._batch = Batch(flows, tolerance)
        self._answers = [(own, flow.answer) for own, flow in zip(self._batch.elements, flows, strict=True)]
        self._no_load = np.concatenate([flow.no_load for flow in flows])
        self.rows = np.concatenate([member.rows for member in members])
        power, column, place, turn, trios = [], [], [], [], []
        nodes = 0
        for member, flow in zip(members, flows, strict=True):
            n = len(member.stated)
            source = np.concatenate([np.full(n, -1), member.columns])
            stated = np.concatenate([member.stated, np.zeros(len(member.columns))])
            at, phase = member.local, np.zeros(len(member.local), dtype=np.int64)
            if alone:
                trio, row = member.flow.trio, member.flow.row_of_node
                assert trio is not None
                assert row is not None
                trios.append(source[trio])
                source, stated = source[trio[:, 0]], stated[trio[:, 0]]
                at, phase = row[member.local], member.flow.network.phase[member.local]
            column.append(source)
            power.append(stated)
            place.append(nodes + at)
            turn.append(TURN[phase])
            nodes += flow.network.n_nodes
        self._stated, source = np.concatenate(power), np.concatenate(column)
        self._asked = np.flatnonzero(source >= 0)
        self._columns = source[self._asked]
        self._place, self._turn = np.concatenate(place), np.concatenate(turn) if alone else None
        self._trios = np.concatenate(trios) if trios else None
        self._base_va = base_va
        self.n_elements = len(source)

    def stands_for(self, power_va: Complex) -> bool:
        """Whether all phases of every customer ask for the same; power of shape ``(k,)``."""
        if self._trios is None:
            return True
        asked = self._trios[self._trios[:, 0] >= 0]
        own = power_va[asked]
        return bool((own == own[:, :1]).all())

    def solve(self, power_va: Complex, start: Complex | None) -> tuple[Complex, Complex] | None:
        """Return the voltages of ``rows``, and those to start the next step from; None if an area has no solution.

        Parameters
        ----------
        power_va
            Of all customers, VA, shape ``(k,)``.
        """
        power = self._stated.copy()
        power[self._asked] = power_va[self._columns] / self._base_va
        found = self._batch.solve(power[None], start)
        if (found.status == Status.COLLAPSED).any():
            return None
        current = found.current[0]
        added = [current[own] @ answer for own, answer in self._answers]
        voltage = (self._no_load + np.concatenate(added))[self._place]
        if self._turn is not None:
            voltage *= self._turn
        return voltage, found.across[0]
