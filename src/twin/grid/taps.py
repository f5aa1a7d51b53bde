"""Transformers whose taps move: what they are in each position, when they move, and all steps in turn as they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.grid.area_flow import AreaSolution
from twin.grid.assemble import Assembled
from twin.grid.model import COLUMNS, ElectricGrid
from twin.grid.powerflow.network import PrimitiveBlock
from twin.grid.primitives import transformer_blocks

__all__ = ["Followed", "TapChangers", "follow", "tapped"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Taps = tuple[int, ...]

_AHEAD = 4  # times as many steps are solved with the same taps as these stayed the last time


def tapped(assembled: Assembled, units: Ints, taps: Taps) -> list[PrimitiveBlock]:
    """Return transformers with other taps than their table states.

    Parameters
    ----------
    units
        Their rows as the blocks of the network count them.
    taps
        Position of each.
    """
    table = assembled.grid.transformer.take(units)
    changed = table.put(COLUMNS["transformer"]["tap_pos"], np.array(taps, dtype=np.int64))
    alone = replace(assembled.grid, transformer=changed)
    return [replace(block, rows=units[block.rows]) for block in transformer_blocks(alone)]


@dataclass(frozen=True)
class TapChangers:
    """Tap changers of one area, shape ``(c,)`` each.

    As soon as the mean voltage of the phases at the low-voltage bus would leave the band, the taps move until it is
    back, or at an end, within the same step; they never move both ways in one step. They keep their place after it.

    Attributes
    ----------
    row
        In the table ``tap_changer``.
    node
        Nodes of the low-voltage end, -1 where it has not all phases, shape ``(c, 3)``.
    low, high
        The band, per unit.
    tap_min, tap_max
        Ends of the taps.
    raises
        1 where a higher tap means a higher voltage, -1 where it means a lower one.
    """

    row: Ints
    node: Ints
    low: Floats
    high: Floats
    tap_min: Ints
    tap_max: Ints
    raises: Ints

    def moves(self, voltage: NDArray[np.complex128], taps: Taps) -> Ints:
        """Return by how many taps each would move from where it is, -1, 0 or 1, shape ``(step, c)``.

        Parameters
        ----------
        voltage
            Of all nodes, shape ``(step, n)``; a bus without any does not make taps move.
        """
        there = self.node >= 0
        size = np.abs(voltage[:, np.where(there, self.node, 0)]) * there
        mean = size.sum(axis=2) / np.maximum(there.sum(axis=1), 1)
        wanted = np.where(mean < self.low, 1, np.where(mean > self.high, -1, 0)) * (mean > 0) * self.raises
        at = np.array(taps)
        return np.asarray(np.clip(at + wanted, self.tap_min, self.tap_max) - at)

    def without(self, out: NDArray[np.bool_]) -> TapChangers:
        """Return the changers while some of their transformers are out of service: the taps of these stay."""
        if not out.any():
            return self
        return replace(self, low=np.where(out, -np.inf, self.low), high=np.where(out, np.inf, self.high))

    @classmethod
    def of(cls, grid: ElectricGrid, chosen: Ints, node: Ints) -> TapChangers:
        """Return the changers in some rows of a grid's table.

        Parameters
        ----------
        node
            Nodes of their low-voltage ends, shape ``(c, 3)``.
        """
        if not len(chosen):
            none, real = np.zeros(0, dtype=np.int64), np.zeros(0)
            return cls(none, np.zeros((0, 3), dtype=np.int64), real, real, none, none, none)
        table, unit = grid.tap_changer.take(chosen), grid.transformer
        moved = table["transformer"]
        on_low = unit["tap_side"][moved] == "lv"
        return cls(
            row=chosen,
            node=node,
            low=table["voltage_low_pu"],
            high=table["voltage_high_pu"],
            tap_min=table["tap_min"],
            tap_max=table["tap_max"],
            raises=np.where(on_low, 1, -1) * np.where(unit["tap_step_pct"][moved] < 0, -1, 1),
        )


@dataclass(frozen=True)
class Followed:
    """Some steps that follow each other with the same taps, their solution, and by how much the taps moved to them."""

    steps: slice
    taps: Taps
    solution: AreaSolution
    moved: Taps


def follow(
    changers: TapChangers, solve: Callable[[slice, Taps], AreaSolution], steps: slice, taps: Taps
) -> tuple[list[Followed], Taps]:
    """Solve steps in turn while taps move; return them piece by piece, and the taps after the last.

    Parameters
    ----------
    solve
        Returns the solution of some steps with given taps. It is asked for no more steps ahead than taps stayed of
        late, times a few; what it finds is used again when taps come back to it.
    """
    found: dict[Taps, tuple[int, AreaSolution, Ints]] = {}
    pieces: list[Followed] = []
    at, before, way, ahead = steps.start, taps, np.zeros(len(taps), dtype=np.int64), steps.stop - steps.start
    while at < steps.stop:
        if taps not in found or at >= found[taps][0] + len(found[taps][2]):
            solution = solve(slice(at, min(at + ahead, steps.stop)), taps)
            found[taps] = at, solution, changers.moves(solution.voltage, taps)
        first, solution, moves = found[taps]
        rest = moves[at - first :]
        now = np.where(way * rest[0] < 0, 0, rest[0])  # never both ways in one step
        if now.any():
            way = np.where(way == 0, now, way)
            taps = tuple((np.array(taps) + now).tolist())
            continue
        leaves = np.asarray(rest[1:].any(axis=1))
        stop = at + 1 + (int(np.argmax(leaves)) if leaves.any() else len(leaves))
        rows = slice(at - first, stop - first)
        part = AreaSolution(solution.voltage[rows], solution.power[rows], solution.solved[rows])
        moved = tuple((np.array(taps) - np.array(before)).tolist())
        pieces.append(Followed(slice(at, stop), taps, part, moved))
        ahead = _AHEAD * (stop - at)
        at, before, way = stop, taps, np.zeros(len(taps), dtype=np.int64)
    return pieces, taps
