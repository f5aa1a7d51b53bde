"""A grid in operation: what customers ask of it at every step, outages, tap changers and inverters that help it.

Areas that nothing but stiff voltages joins know nothing of each other: at a single step, those where nothing moves or
reacts are solved side by side; all others, and many steps, area by area, in stretches of steps that are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin.grid.area_operation import AreaOperation, Operated, Whole
from twin.grid.assemble import Assembled, assemble
from twin.grid.check import check
from twin.grid.inverters import Inverters
from twin.grid.model import ElectricGrid
from twin.grid.powerflow.areas import Area, areas
from twin.grid.powerflow.network import Complex, Floats, Ints
from twin.grid.together import Together

__all__ = ["Carried", "GridOperation", "Operated"]

TOLERANCE_PU = 1e-10
_TOGETHER = 10_000_000  # nodes times elements of all areas up to which what one does to the other fits into memory


@dataclass(frozen=True)
class Carried:
    """What a grid carries from step to step.

    Attributes
    ----------
    tap
        Position of every tap changer, shape ``(tap_changer,)``.
    voltage
        Of every area's nodes, for a single step to start from; None where they are not known.
    across
        The same across the elements of the areas that were solved side by side in the step before, if any were.
    """

    tap: Ints
    voltage: tuple[Complex | None, ...]
    across: Complex | None = None


class GridOperation:
    """A grid made ready to be operated.

    Parameters
    ----------
    grid
        Is checked first. What its own tables connect draws and feeds in what they state at every step.
    nodes
        Rows of the phase nodes at which customers draw or feed in; those that connect them if None.
    inverters
        That react to their voltage, beside what customers feed in.

    Raises
    ------
    TwinError
        For everything that is wrong with the grid.
    """

    def __init__(
        self,
        grid: ElectricGrid,
        nodes: Ints | None = None,
        inverters: Inverters | None = None,
        tolerance: float = TOLERANCE_PU,
    ) -> None:
        check(grid)
        self.grid, self.assembled = grid, assemble(grid)
        self.nodes = np.flatnonzero(grid.phase_node["connects"]) if nodes is None else np.asarray(nodes)
        self.inverters = Inverters.none() if inverters is None else inverters
        self._tolerance = tolerance
        whole = Whole(grid, self.assembled, self.nodes, self.inverters)
        found = areas(self.assembled.network)
        home = _homes(found, self.assembled)[self.inverters.node]
        self._parts = [
            AreaOperation(whole, area, rows, np.flatnonzero(home == number), tolerance)
            for number, (area, rows) in enumerate(_with_phase_nodes(found, self.assembled))
        ]

    def begin(self) -> Carried:
        """Return what is carried into the first step: the taps that the tables state."""
        units = self.grid.tap_changer["transformer"]
        tap = self.grid.transformer["tap_pos"][units] if len(units) else np.zeros(0, dtype=np.int64)
        return Carried(tap, (None,) * len(self._parts))

    def run(
        self, carried: Carried, seconds: Ints, step_s: int, power_va: Complex, available_w: Floats | None = None
    ) -> tuple[Operated, Carried]:
        """Solve some steps that follow each other.

        Parameters
        ----------
        carried
            From the steps before.
        seconds
            When each step begins, seconds since 1970, shape ``(step,)``.
        step_s
            How long a step is.
        power_va
            Fed in at ``nodes`` (a load is negative), VA, shape ``(step, k)``.
        available_w
            Active power that inverters could feed in, shape ``(step, inverter)``.

        Returns
        -------
        tuple
            The steps, and what is carried on.
        """
        found = self._empty(len(seconds), carried.tap)
        across = self._one_step(found, carried.across, power_va[0]) if len(seconds) == 1 else None
        tap, voltage = carried.tap.copy(), []
        available = np.zeros((len(seconds), 0)) if available_w is None else available_w
        for part, last in zip(self._parts, carried.voltage, strict=True):
            done = across is not None and part.quiet
            voltage.append(None if done else part.run(found, tap, last, seconds, step_s, power_va, available))
        return found, Carried(tap, tuple(voltage), across)

    def _one_step(self, found: Operated, start: Complex | None, power_va: Complex) -> Complex | None:
        """Solve quiet areas at a single step side by side; return what starts the next, None if any has no solution."""
        for together in self._together:
            if together.stands_for(power_va):
                fits = start is not None and len(start) == together.n_elements
                solved = together.solve(power_va, start if fits else None)
                if solved is not None:
                    found.voltage[0, together.rows] = solved[0]
                    return solved[1]
        return None

    @cached_property
    def _together(self) -> list[Together]:
        """All quiet areas with one phase for three, if they can be so, and with all; none if that needs much memory."""
        members = [part.member for part in self._parts if part.quiet]
        size = sum(member.flow.network.n_nodes * len(member.flow.elements.group) for member in members)
        if not members or size > _TOGETHER:
            return []
        alone = [True] if all(member.flow.trio is not None for member in members) else []
        return [Together(members, self.assembled.network.base_va, self._tolerance, one) for one in (*alone, False)]

    def _empty(self, steps: int, tap: Ints) -> Operated:
        n = len(self.grid.phase_node)
        network, node = self.assembled.network, self.assembled.node
        voltage = np.zeros((steps, n), dtype=np.complex128)
        if network.source_admittance is None:
            at = np.zeros(network.n_nodes, dtype=np.complex128)
            at[network.source_node] = network.source_voltage
            voltage[:] = at[node]
        return Operated(
            voltage=voltage,
            dead=np.zeros((steps, n), dtype=bool),
            collapsed=np.zeros((steps, n), dtype=bool),
            tap=np.tile(tap, (steps, 1)),
            moved=np.zeros((steps, len(tap)), dtype=np.int64),
            inverter_va=np.zeros((steps, len(self.inverters)), dtype=np.complex128),
        )


def _homes(found: Sequence[Area], assembled: Assembled) -> Ints:
    """Return the area of every phase node, the first that it feeds if it is stiff; -1 if it feeds none."""
    home = np.full(assembled.network.n_nodes, -1, dtype=np.int64)
    for number in reversed(range(len(found))):
        home[found[number].nodes] = number
    return home[assembled.node]


def _with_phase_nodes(found: Sequence[Area], assembled: Assembled) -> list[tuple[Area, Ints]]:
    """Return areas, each with the rows of its phase nodes that are not stiff."""
    node = assembled.node
    order = np.argsort(node, kind="stable")
    pairs = []
    for area in found:
        free = area.nodes
        if area.network.source_admittance is None:
            free = np.delete(free, np.unique(area.network.source_node))
        first, last = (np.searchsorted(node[order], free, side=side) for side in ("left", "right"))
        rows = [order[a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True)]
        pairs.append((area, np.sort(np.concatenate(rows)) if rows else np.zeros(0, dtype=np.int64)))
    return pairs
