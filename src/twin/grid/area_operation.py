"""One area of a grid in operation: its steps cut where elements go out of service or taps move, and put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.grid.area_flow import AreaFlow, AreaSolution, Condition, Elements
from twin.grid.assemble import Assembled
from twin.grid.inverters import Inverters
from twin.grid.model import ElectricGrid
from twin.grid.outages import Out, Outages
from twin.grid.powerflow.areas import Area
from twin.grid.powerflow.network import GROUND, Complex, Connected, Floats, Ints, PrimitiveBlock
from twin.grid.setpoints import setpoints_of
from twin.grid.taps import Followed, TapChangers, follow, tapped
from twin.grid.together import Member

__all__ = ["AreaOperation", "Operated", "Whole"]

Mask = NDArray[np.bool_]

_STEPS = 512  # looked at together: their voltages stay in the cache, and taps move seldom within them


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


@dataclass(frozen=True)
class Whole:
    """The grid that areas are part of.

    Attributes
    ----------
    nodes
        Phase nodes at which customers draw or feed in, shape ``(k,)``.
    inverters
        That react to their voltage.
    """

    grid: ElectricGrid
    assembled: Assembled
    nodes: Ints
    inverters: Inverters

    @cached_property
    def outages(self) -> Outages:
        """All outages of the grid."""
        return Outages.of(self.grid, self.assembled)


class AreaOperation:
    """An area of a grid in operation.

    Parameters
    ----------
    rows
        Phase nodes of the grid that are the area's own: all of its nodes but stiff ones.
    inverters
        Rows of the inverters whose voltage is found with the area's.
    tolerance
        As of `PowerFlow`.

    Attributes
    ----------
    quiet
        Nothing moves, reacts or goes out of service here.
    member
        The area as it is solved side by side with others, if it is quiet.
    """

    def __init__(self, whole: Whole, area: Area, rows: Ints, inverters: Ints, tolerance: float) -> None:
        grid, made = whole.grid, whole.assembled
        self._rows, self._base_va = rows, made.network.base_va
        place = np.full(made.network.n_nodes, GROUND, dtype=np.int64)
        place[area.nodes] = np.arange(len(area.nodes))
        self._local = place[made.node[rows]]
        own = np.zeros(len(grid.phase_node), dtype=bool)
        own[rows] = True
        self._customers, self._inverters = np.flatnonzero(own[whole.nodes]), inverters
        inside = np.zeros(made.network.n_nodes, dtype=bool)
        inside[made.node[rows]] = True
        stated = np.flatnonzero(inside[made.connected.node])
        self._stated = made.power[stated]
        elements = _elements(whole, place, stated, self._customers, self._inverters)
        self._changers, self._moving = _changers(whole, area, place)
        self._flow = AreaFlow(area.network, elements, _tapped(made, self._moving, place), self._moving, tolerance)
        self._outages = _outages(whole.outages, area)
        self.quiet = not (
            len(self._moving) or len(self._outages.kind) or len(self._inverters) or elements.setpoints is not None
        )
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
        """Solve some steps into ``found``, with ``tap`` as it stands; return the voltages of the last one.

        Only a step by itself starts from the voltages of the one before, ``last``: many start alike, as a block. With
        inverters none does: by steep curves, what is left of where a step began would show in their power.
        """
        n = len(self._stated)
        k = n + len(self._customers)
        power = np.empty((len(seconds), k + len(self._inverters)), dtype=np.complex128)
        power[:, :n] = self._stated
        np.divide(power_va[:, self._customers], self._base_va, out=power[:, n:k])
        np.divide(available[:, self._inverters], self._base_va, out=power[:, k:])
        start = last if len(seconds) == 1 and not len(self._inverters) else None
        for steps, out in self._outages.stretches(seconds, step_s):
            dead = self._flow.dead(Condition(self._taps(tap), out))[self._local] if out else None
            for piece in self._pieces(power, steps, tap, out, start):
                self._write(found, piece, dead, k)
                # a copy, as a view would keep the voltages of all steps in memory
                last = piece.solution.voltage[-1].copy() if piece.solution.solved[-1] else None
        return last

    def _taps(self, tap: Ints) -> tuple[int, ...]:
        return tuple(tap[self._changers.row].tolist())

    def _pieces(self, power: Complex, steps: slice, tap: Ints, out: Out, start: Complex | None) -> Iterator[Followed]:
        """Yield the steps of one stretch, cut where taps move; ``tap`` follows."""

        def solve(part: slice, taps: tuple[int, ...]) -> AreaSolution:
            return self._flow.solve(power[part], Condition(taps, out), start)

        taps = self._taps(tap)
        changers = self._changers.without(np.isin(self._moving, dict(out).get("transformer", ())))
        for first in range(steps.start, steps.stop, _STEPS):
            part = slice(first, min(first + _STEPS, steps.stop))
            if taps:
                pieces, taps = follow(changers, solve, part, taps)
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
            fed = np.where(solution.solved[:, None], solution.power[:, first_inverter:], 0.0)
            found.inverter_va[steps, self._inverters] = fed * self._base_va
        if piece.taps:
            found.tap[steps, self._changers.row] = piece.taps
            found.moved[steps.start, self._changers.row] = piece.moved


def _elements(whole: Whole, place: Ints, stated: Ints, customers: Ints, inverters: Ints) -> Elements:
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
        setpoints_of(made, stated),
    )


_MANNERS = ("v_nominal", "const_i", "const_z")


def _changers(whole: Whole, area: Area, place: Ints) -> tuple[TapChangers, Ints]:
    """Return the tap changers of an area's transformers, and the rows of these as blocks count them.

    What counts is the low-voltage end of the transformer itself: behind an open switch that is not the bus of its
    table, which others may feed.
    """
    grid, made = whole.grid, whole.assembled
    units = made.block_rows("transformer", grid.tap_changer["transformer"])
    own = [block.rows for block in area.network.blocks if block.table == "transformer"]
    chosen = np.flatnonzero(np.isin(units, np.concatenate([np.zeros(0, dtype=np.int64), *own])))
    low = made.grid.nodes[:, made.grid.transformer["lv_bus"][units[chosen]]].T
    node = np.full((len(chosen), 3), -1, dtype=np.int64)
    node[:, : grid.phases] = np.where(low >= 0, place[low], -1)
    return TapChangers.of(grid, chosen, node), units[chosen]


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
