"""Networks that change over time: one ready network for each state, and the steps solved by the state they are in.

A state is a position of taps, or what is switched on and off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.network import Complex, Ints, Solution
from twin.grid.powerflow.solve import PowerFlow

__all__ = ["TapChanger", "follow_taps", "solve_by_state"]

_FIRST_STEPS = 32  # looked ahead after a change of taps; twice as many each time nothing changes
_MOST_STEPS = 4096


def solve_by_state(
    flows: Sequence[PowerFlow], state: NDArray[np.integer], power: Complex, nodes: str | Ints | None = None
) -> Solution:
    """Solve every step in the network of its state.

    Parameters
    ----------
    flows
        The network in every state, with the same nodes and connected elements.
    state
        Which of them holds at each step, shape ``(step,)``.
    power, nodes
        As for `PowerFlow.solve`.
    """
    pieces, rows = [], []
    for kind in np.unique(state):
        chosen = np.flatnonzero(state == kind)
        rows.append(chosen)
        pieces.append(flows[int(kind)].solve(power[chosen], nodes))
    if not pieces:
        return flows[0].solve(power, nodes)
    back = np.argsort(np.concatenate(rows))
    return _joined(pieces, back)


def _joined(pieces: Sequence[Solution], order: Ints) -> Solution:
    voltage, current, status, iterations = (
        np.concatenate([getattr(piece, name) for piece in pieces])[order]
        for name in ("voltage", "current", "status", "iterations")
    )
    return Solution(voltage, current, status, iterations)


@dataclass(frozen=True)
class TapChanger:
    """A transformer's on-load tap changer, or a regulator, that keeps a voltage in a band.

    After a step whose voltage lies outside, the taps move by one position; they hold while a step lasts.

    Attributes
    ----------
    node
        Whose voltage is kept.
    lowest, highest
        The band, per unit.
    """

    node: int
    lowest: float
    highest: float


def follow_taps(
    flows: Sequence[PowerFlow],
    changer: TapChanger,
    power: Complex,
    position: int,
    nodes: str | Ints | None = None,
) -> tuple[Solution, NDArray[np.int64], int]:
    """Solve all steps in turn while a tap changer follows the voltage.

    Many steps are solved with the taps as they are, and those after the first that moves them are solved again.

    Parameters
    ----------
    flows
        The network with the taps in every position; the voltage rises with the position.
    position
        At the first step.

    Returns
    -------
    tuple
        The solution, the position at every step, and that after the last.
    """
    positions = np.empty(len(power), dtype=np.int64)
    measured = np.array([changer.node])
    first, ahead = 0, _FIRST_STEPS
    while first < len(power):
        voltage = np.abs(flows[position].solve(power[first : first + ahead], measured).voltage[:, 0])
        low, high = voltage < changer.lowest, voltage > changer.highest
        moves = (low & (position < len(flows) - 1)) | (high & (position > 0))
        kept = int(np.argmax(moves)) + 1 if moves.any() else len(voltage)
        positions[first : first + kept] = position
        if moves.any():
            position += 1 if low[kept - 1] else -1
        first, ahead = first + kept, _FIRST_STEPS if moves.any() else min(2 * ahead, _MOST_STEPS)
    return solve_by_state(flows, positions, power, nodes), positions, position
