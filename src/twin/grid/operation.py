"""A grid in operation: what customers ask of it at every step, outages, tap changers and inverters that help it.

Areas that nothing but stiff voltages joins are solved one by one, each in stretches of steps that are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.grid.area_flow import AreaFlow, AreaSolution, Condition, Elements
from twin.grid.assemble import Assembled, assemble
from twin.grid.check import check
from twin.grid.inverters import Inverters
from twin.grid.model import ElectricGrid
from twin.grid.outages import Out, Outages
from twin.grid.powerflow.areas import Area, areas
from twin.grid.powerflow.control import Setpoints
from twin.grid.powerflow.network import GROUND, Complex, Connected, Floats, Ints, PrimitiveBlock
from twin.grid.sequences import given
from twin.grid.taps import Followed, TapChangers, follow, tapped
from twin.grid.together import Member, Together

__all__ = ["Carried", "GridOperation", "Operated"]

Mask = NDArray[np.bool_]

TOLERANCE_PU = 1e-10
_TOGETHER = 10_000_000  # nodes times elements of all areas up to which what one does to the other fits into memory
_STEPS = 512  # looked at together: their voltages stay in the cache, and taps move seldom within them


@dataclass(frozen=True)
class Carried:
    """What a grid carries from step to step: positions of all tap changers, and the last voltages to start from.

    These are of every area's nodes, or, where all areas were solved side by side, across their elements.
    """

    tap: Ints
    voltage: tuple[Complex | None, ...]
    across: Complex | None = None


@dataclass(frozen=True)
class Operated:
    """A grid at some steps.

    Attributes
    ----------
    voltage
        Of every phase node, per unit, shape ``(step, phase_node)``; 0 where nothing arrives.
    dead
        Where no source feeds the node, same shape.
    collapsed
        Where the area of the node has no solution, same shape.
    tap, moved
        Position of every tap changer, and by how much it moved to it, shape ``(step, tap_changer)``.
    inverter_va
        What every inverter feeds in, P + jQ, VA, shape ``(step, inverter)``.
    """

    voltage: Complex
    dead: Mask
    collapsed: Mask
    tap: Ints
    moved: Ints
    inverter_va: Complex


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
        self._parts = [
            _Part(self, area, rows, tolerance)
            for area, rows in _with_phase_nodes(areas(self.assembled.network), self.assembled)
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
        if len(seconds) == 1:
            across = self._one_step(found, carried.across, power_va[0])
            if across is not None:
                return found, replace(carried, across=across)
        tap, voltage = carried.tap.copy(), []
        available = np.zeros((len(seconds), 0)) if available_w is None else available_w
        for part, last in zip(self._parts, carried.voltage, strict=True):
            voltage.append(part.run(found, tap, last, seconds, step_s, power_va, available))
        return found, Carried(tap, tuple(voltage))

    def _one_step(self, found: Operated, start: Complex | None, power_va: Complex) -> Complex | None:
        """Solve a single step side by side, if nothing moves, reacts or fails; return voltages to start the next."""
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
        """All areas with one phase for three, if they can be so, and with all; none if they need more than that."""
        busy = len(self.grid.outage) or len(self.grid.tap_changer) or len(self.grid.generator) or len(self.inverters)
        if busy or not self._parts:
            return []
        members = [part.member for part in self._parts]
        if sum(member.flow.network.n_nodes * len(member.flow.elements.group) for member in members) > _TOGETHER:
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


class _Part:
    """An area of a grid in operation."""

    def __init__(self, whole: GridOperation, area: Area, rows: Ints, tolerance: float) -> None:
        grid, made = whole.grid, whole.assembled
        self._rows, self._base_va = rows, made.network.base_va
        place = np.full(made.network.n_nodes, GROUND, dtype=np.int64)
        place[area.nodes] = np.arange(len(area.nodes))
        self._local = place[made.node[rows]]
        own = np.zeros(len(grid.phase_node), dtype=bool)
        own[rows] = True
        self._customers = np.flatnonzero(own[whole.nodes])
        self._inverters = np.flatnonzero(own[whole.inverters.node])
        inside = np.zeros(made.network.n_nodes, dtype=bool)
        inside[made.node[rows]] = True
        stated = np.flatnonzero(inside[made.connected.node])
        self._stated = made.power[stated]
        elements = _elements(whole, place, stated, self._customers, self._inverters)
        self._changers = _changers(whole, place, own)
        moving = made.block_rows("transformer", grid.tap_changer["transformer"][self._changers.row])
        self._flow = AreaFlow(area.network, elements, _tapped(made, moving, place), moving, tolerance)
        self._outages = _outages(Outages.of(grid, made), area)
        self.member = Member(self._flow, self._stated, self._customers, rows, self._local)

    def run(
        self,
        found: Operated,
        tap: Ints,
        last: Complex | None,
        seconds: Ints,
        step_s: int,
        power_va: Complex,
        available: Floats,
    ) -> Complex | None:
        """Solve some steps into ``found``, with ``tap`` as it stands; return the voltages of the last one."""
        n = len(self._stated)
        k = n + len(self._customers)
        power = np.empty((len(seconds), k + len(self._inverters)), dtype=np.complex128)
        power[:, :n] = self._stated
        np.divide(power_va[:, self._customers], self._base_va, out=power[:, n:k])
        np.divide(available[:, self._inverters], self._base_va, out=power[:, k:])
        for steps, out in self._outages.stretches(seconds, step_s):
            dead = self._flow.dead(Condition(self._taps(tap), out))[self._local] if out else None
            for piece in self._pieces(power, steps, tap, out, last if len(seconds) == 1 else None):
                self._write(found, piece, dead, k)
                last = piece.solution.voltage[-1] if piece.solution.solved[-1] else None
        return last

    def _taps(self, tap: Ints) -> tuple[int, ...]:
        return tuple(tap[self._changers.row].tolist())

    def _pieces(self, power: Complex, steps: slice, tap: Ints, out: Out, start: Complex | None) -> Iterator[Followed]:
        """Yield the steps of one stretch, cut where taps move; ``tap`` follows."""

        def solve(part: slice, taps: tuple[int, ...]) -> AreaSolution:
            return self._flow.solve(power[part], Condition(taps, out), start)

        taps = self._taps(tap)
        for first in range(steps.start, steps.stop, _STEPS):
            part = slice(first, min(first + _STEPS, steps.stop))
            if taps:
                pieces, taps = follow(self._changers, solve, part, taps)
                tap[self._changers.row] = taps
                yield from pieces
            else:
                yield Followed(part, (), solve(part, ()), ())

    def _write(self, found: Operated, piece: Followed, dead: Mask | None, first_inverter: int) -> None:
        steps, solution = piece.steps, piece.solution
        found.voltage[steps, self._rows] = solution.voltage[:, self._local]
        if not solution.solved.all():
            found.collapsed[steps, self._rows] = ~solution.solved[:, None]
        if dead is not None:
            found.dead[steps, self._rows] = dead
        if len(self._inverters):
            found.inverter_va[steps, self._inverters] = solution.power[:, first_inverter:] * self._base_va
        if piece.taps:
            found.tap[steps, self._changers.row] = piece.taps
            found.moved[steps.start, self._changers.row] = piece.moved


def _elements(whole: GridOperation, place: Ints, stated: Ints, customers: Ints, inverters: Ints) -> Elements:
    """Return what is connected in an area: what the tables state, then customers, then inverters."""
    made, phase_node = whole.assembled, whole.grid.phase_node
    fixed, nodes, reacting = made.connected, whole.nodes[customers], whole.inverters.node[inverters]
    hung = Connected.constant_power(place[made.node[np.concatenate([nodes, reacting])]])
    other = fixed.other[stated]
    connected = Connected(
        np.concatenate([place[fixed.node[stated]], hung.node]),
        np.concatenate([np.where(other < 0, GROUND, place[other]), hung.other]),
        *(np.concatenate([getattr(fixed, name)[stated], getattr(hung, name)]) for name in _MANNERS),
    )
    names = np.char.add(np.char.add(made.table[stated], "/"), made.row[stated].astype(np.str_))
    of_table = np.unique(names, return_inverse=True)[1]
    of_bus = len(stated) + phase_node["bus"][nodes]
    of_inverter = len(stated) + len(whole.grid.bus) + whole.inverters.group[inverters]
    element = len(stated) + len(customers) + np.arange(len(inverters))
    return Elements(
        connected,
        np.concatenate([of_table, of_bus, of_inverter]),
        tuple(whole.inverters.reactions(inverters, element, made.network.base_va)),
        _setpoints(made, stated),
    )


_MANNERS = ("v_nominal", "const_i", "const_z")


def _setpoints(made: Assembled, stated: Ints) -> Setpoints | None:
    """Return the voltages that generators among some connected elements hold."""
    element = np.flatnonzero(made.table[stated] == "generator")
    if not len(element):
        return None
    row = made.row[stated[element]]
    size = made.share[stated[element]] / made.network.base_va
    table = made.grid.generator
    least, most = (
        given(table, f"q_{name}_var", none)[row] * size for name, none in (("min", -np.inf), ("max", np.inf))
    )
    return Setpoints(element, table["voltage_pu"][row], least, most)


def _changers(whole: GridOperation, place: Ints, own: Mask) -> TapChangers:
    """Return the tap changers whose low-voltage bus lies in an area."""
    grid = whole.grid
    nodes = grid.nodes.T
    inside = (nodes >= 0) & own[nodes]
    local = np.full((len(grid.bus), 3), -1, dtype=np.int64)
    local[:, : grid.phases] = np.where(inside, place[whole.assembled.node[nodes]], -1)
    lv_bus = grid.transformer["lv_bus"][grid.tap_changer["transformer"]]
    return TapChangers.of(grid, np.flatnonzero(inside[lv_bus].any(axis=1)), local)


def _tapped(made: Assembled, moving: Ints, place: Ints) -> Callable[[tuple[int, ...]], list[PrimitiveBlock]]:
    """Return what makes the blocks of an area's transformers for the positions of their taps."""

    def blocks(taps: tuple[int, ...]) -> list[PrimitiveBlock]:
        made_anew = tapped(made, moving, taps)
        return [replace(block, nodes=np.where(block.nodes < 0, GROUND, place[block.nodes])) for block in made_anew]

    return blocks


def _outages(all_: Outages, area: Area) -> Outages:
    """Return the outages of an area's own elements."""
    kept = np.zeros(len(all_.kind), dtype=bool)
    for block in area.network.blocks:
        kept |= (all_.kind == block.table) & np.isin(all_.element, block.rows)
    return all_.take(kept)
