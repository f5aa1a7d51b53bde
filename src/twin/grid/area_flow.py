"""One area of a grid in operation: whatever taps are in use and whatever is out of service, all three phases or one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.areas import without
from twin.grid.powerflow.balanced import TURN, positive_sequence, trios
from twin.grid.powerflow.control import Curve, Reactions, Setpoints, solve_controlled
from twin.grid.powerflow.network import GROUND, Connected, NodalNetwork, PrimitiveBlock, Status
from twin.grid.powerflow.solve import PowerFlow

__all__ = ["AreaFlow", "AreaSolution", "Condition", "Elements", "Ready"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

Rule = TypeVar("Rule", Curve, Setpoints)

_KEPT = 64  # conditions of an area that stay ready


@dataclass(frozen=True)
class Condition:
    """What an area looks like at a step: a tap for each of its tap changers, and rows of what is out, by table."""

    taps: tuple[int, ...] = ()
    out: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class Elements:
    """What is connected in an area.

    Attributes
    ----------
    connected
        Shape ``(k,)``.
    group
        Number of the thing that each element is one phase of, shape ``(k,)``.
    curves, setpoints
        By which some of them react to their voltage.
    """

    connected: Connected
    group: Ints
    curves: tuple[Curve, ...] = ()
    setpoints: Setpoints | None = None

    def take(self, kept: Ints, connected: Connected) -> Elements:
        """Return some elements, connected in another way."""
        place = np.full(len(self.group), -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        curves = tuple(_of_rows(curve, place) for curve in self.curves)
        held = None if self.setpoints is None else _of_rows(self.setpoints, place)
        return Elements(connected, self.group[kept], tuple(c for c in curves if len(c.element)), held)


def _of_rows(rule: Rule, place: Ints) -> Rule:
    """Return a curve or set points of the elements that have a place, by their places."""
    kept = place[rule.element] >= 0
    names = ("rating", "apparent") if isinstance(rule, Curve) else ("voltage", "least", "most")
    values = {name: getattr(rule, name, None) for name in names}
    some = {name: value[kept] for name, value in values.items() if value is not None}
    return replace(rule, element=place[rule.element[kept]], **some)


@dataclass(frozen=True)
class AreaSolution:
    """An area at some steps.

    Attributes
    ----------
    voltage
        Of its nodes, per unit, shape ``(step, n)``; 0 where nothing arrives.
    power
        That its elements feed in, per unit, shape ``(step, k)``.
    solved
        False where there is no solution (voltage collapse), shape ``(step,)``.
    """

    voltage: Complex
    power: Complex
    solved: Mask


class AreaFlow:
    """An area made ready for power flow in any condition.

    Where all phases are alike, in the area and in the power, one is solved for all three.

    Parameters
    ----------
    network, elements
        As it stands.
    tapped
        Transformers whose taps move, for given taps.
    moving
        Their rows as blocks count them.
    tolerance
        As of `PowerFlow`.
    """

    def __init__(
        self,
        network: NodalNetwork,
        elements: Elements,
        tapped: Callable[[tuple[int, ...]], Sequence[PrimitiveBlock]],
        moving: Ints,
        tolerance: float,
    ) -> None:
        self.network, self.elements = network, elements
        self._tapped, self._moving, self._tolerance = tapped, moving, tolerance
        self.ready = lru_cache(_KEPT)(self._make_ready)
        self.dead = lru_cache(_KEPT)(self._find_dead)

    def solve(self, power: Complex, condition: Condition, start: Complex | None = None) -> AreaSolution:
        """Solve some steps in one condition.

        Parameters
        ----------
        power
            What every element would feed in, per unit, shape ``(step, k)``.
        start
            Voltages to start from, shape ``(n,)``.
        """
        trio = self.trio
        if trio is not None and (power[:, trio] == power[:, trio[:, :1]]).all():
            ready = self.ready(condition, True)
            if ready is not None:
                return self._spread(ready.solve(power[:, trio[:, 0]], _first(start, self._nodes)))
        ready = self.ready(condition, False)
        assert ready is not None
        return ready.solve(power, start)

    def _find_dead(self, condition: Condition) -> Mask:
        """Return which nodes no source feeds, shape ``(n,)``."""
        if not condition.out:
            return np.zeros(self.network.n_nodes, dtype=bool)
        return without(self._network(condition), _rows(condition))[1]

    def _network(self, condition: Condition) -> NodalNetwork:
        if not len(self._moving):
            return self.network
        fixed = [_but(block, self._moving) for block in self.network.blocks]
        return replace(self.network, blocks=(*fixed, *self._tapped(condition.taps)))

    def _make_ready(self, condition: Condition, alone: bool) -> Ready | None:
        network = self._network(condition)
        dead = np.zeros(network.n_nodes, dtype=bool)
        if condition.out:
            network, dead = without(network, _rows(condition))
        one = self.elements.connected
        alive = ~dead[one.node] & ((one.other == GROUND) | ~dead[one.other])
        if not alone:
            return _ready(network, self.elements, np.flatnonzero(alive), one.node, one.other, self._tolerance)
        reduced, trio = positive_sequence(network), self.trio
        if reduced is None or trio is None or self._nodes is None:
            return None
        row, first = self.row_of_node, trio[:, 0]
        assert row is not None
        some = self.elements.take(first, _some(one, first))
        return _ready(
            reduced, some, np.flatnonzero(alive[first]), row[one.node[first]], one.other[first], self._tolerance
        )

    @cached_property
    def _nodes(self) -> Ints | None:
        return trios(self.network)

    @cached_property
    def row_of_node(self) -> Ints | None:
        """Node of the one phase that stands for three, of every node; None if not all buses have all phases."""
        if self._nodes is None:
            return None
        row = np.empty(self.network.n_nodes, dtype=np.int64)
        row[self._nodes] = np.arange(len(self._nodes))[:, None]
        return row

    @cached_property
    def trio(self) -> Ints | None:
        """Elements of phases a, b, c of every group, shape ``(g, 3)``; None if the phases of any are not alike."""
        if self._nodes is None or positive_sequence(self.network) is None:
            return None
        one, group = self.elements.connected, self.elements.group
        order = np.lexsort((self.network.phase[one.node], group))
        if len(order) % 3 or (one.other != GROUND).any():
            return None
        trio = order.reshape(-1, 3)
        ends = [group[trio], self.network.bus[one.node[trio]], one.const_i[trio], one.const_z[trio]]
        ends += [values[trio] for curve in self.elements.curves for values in _sizes(curve, len(group))]
        if any((values != values[:, :1]).any() for values in ends):
            return None
        return trio if (self.network.phase[one.node[trio]] == np.arange(3)).all() else None

    def _spread(self, found: AreaSolution) -> AreaSolution:
        """Return the solution of all phases from that of the first."""
        assert self._nodes is not None
        assert self.trio is not None
        voltage = np.empty((len(found.voltage), self.network.n_nodes), dtype=np.complex128)
        power = np.empty((len(found.power), len(self.elements.group)), dtype=np.complex128)
        for phase in range(3):
            voltage[:, self._nodes[:, phase]] = found.voltage * TURN[phase]
            power[:, self.trio[:, phase]] = found.power
        return AreaSolution(voltage, power, found.solved)


def _sizes(curve: Curve, n: int) -> list[Floats]:
    """Return the rating and the limit of all ``n`` elements that follow a curve, -1 of those that do not."""
    sizes = []
    for values in (curve.rating, curve.apparent):
        if values is not None:
            sizes.append(np.full(n, -1.0))
            sizes[-1][curve.element] = values
    return sizes


def _first(start: Complex | None, nodes: Ints | None) -> Complex | None:
    return None if start is None or nodes is None else start[nodes[:, 0]]


def _rows(condition: Condition) -> Mapping[str, Ints]:
    return {table: np.array(rows, dtype=np.int64) for table, rows in condition.out}


def _but(block: PrimitiveBlock, moving: Ints) -> PrimitiveBlock:
    """Return a block without the transformers that are made anew for every tap."""
    if block.table != "transformer":
        return block
    kept = ~np.isin(block.rows, moving)
    return PrimitiveBlock(block.table, block.rows[kept], block.nodes[kept], block.y[kept])


def _some(one: Connected, rows: Ints) -> Connected:
    return Connected(one.node[rows], one.other[rows], one.v_nominal[rows], one.const_i[rows], one.const_z[rows])


@dataclass(frozen=True)
class Ready:
    """An area in one condition: the power flow of the elements that are alive there."""

    flow: PowerFlow
    elements: Elements
    alive: Ints

    @cached_property
    def _reactions(self) -> Reactions | tuple[Curve, ...]:
        return Reactions(self.flow, self.elements.curves) if self.elements.curves else ()

    def solve(self, power: Complex, start: Complex | None) -> AreaSolution:
        asked, setpoints = power[:, self.alive], self.elements.setpoints
        if self.elements.curves or setpoints is not None:
            found = solve_controlled(self.flow, asked, self._reactions, setpoints, "all", start)
            solution, given, settled = found.solution, found.power, found.settled
        else:
            solution, given = self.flow.solve(asked, "all", start), asked
            settled = np.ones(len(power), dtype=bool)
        fed = np.zeros(power.shape, dtype=np.complex128)
        fed[:, self.alive] = given
        return AreaSolution(solution.voltage, fed, settled & (solution.status != Status.COLLAPSED))


def _ready(network: NodalNetwork, elements: Elements, alive: Ints, node: Ints, other: Ints, tolerance: float) -> Ready:
    one = elements.connected
    moved = replace(one, node=node, other=other)
    some = elements.take(alive, _some(moved, alive))
    return Ready(PowerFlow(network, some.connected, tolerance), some, alive)
