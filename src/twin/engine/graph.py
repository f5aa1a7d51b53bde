"""The coupling graph: found from the simulators' ports, checked, and put in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import numpy as np

from twin.engine.links import Transfer, check_links, transfer
from twin.engine.ports import Read, Simulator, Write
from twin.errors import Problem, TwinError, nearest
from twin.quantities import QUANTITIES, Link

__all__ = ["Connection", "Graph", "Loop"]


@dataclass(frozen=True)
class Connection:
    """One writer feeding one read of one simulator; simulators are named by their place in the graph's list."""

    reader: int
    read: Read
    writer: int
    write: Write
    transfer: Transfer


@dataclass(frozen=True)
class Loop:
    """Simulators that feed each other, in the order in which they advance within a step."""

    members: tuple[int, ...]


class Graph:
    """Simulators joined by their ports.

    Parameters
    ----------
    simulators
        In any order.
    sizes
        Number of entities in every entity set.
    links
        How the sets belong together.

    Attributes
    ----------
    connections
        Who feeds whom.
    order
        Simulators and loops, each after all that feed it.

    Raises
    ------
    TwinError
        For every port that cannot be served, steps that do not divide, and loops without a delay.
    """

    def __init__(self, simulators: Sequence[Simulator], sizes: Mapping[str, int], links: Sequence[Link] = ()) -> None:
        self.simulators = tuple(simulators)
        self.sizes = dict(sizes)
        self.links = tuple(links)
        check_links(self.links, self.sizes)
        problems = [
            *_name_problems(simulators),
            *_port_problems(simulators, sizes),
            *_unit_problems(simulators),
            *_step_problems(simulators),
        ]
        if problems:
            raise TwinError(*problems)
        self.connections = self._connect()
        self.order = self._order()

    @property
    def largest_step_s(self) -> int:
        """The step that all others divide, s."""
        return max(s.step_s for s in self.simulators)

    def feeding(self, reader: int, read: Read) -> list[Connection]:
        """Return the connections into one read, in the order of the writers."""
        return [c for c in self.connections if c.reader == reader and c.read == read]

    def _connect(self) -> tuple[Connection, ...]:
        connections, problems = [], []
        for i, simulator in enumerate(self.simulators):
            for read in simulator.reads:
                writers = list(self._writers(read))
                problems += _gather_problems(simulator, read, [self.simulators[w] for w, _ in writers])
                for w, write in writers:
                    extensive = QUANTITIES[read.quantity].extensive
                    status = write.kind == "status"
                    try:
                        carry = transfer(self.links, self.sizes, write.per, read.per, extensive, status)
                    except TwinError as error:
                        who = f"{self.simulators[w].name} -> {simulator.name}, {read.quantity}"
                        problems += [Problem(f"{who}: {p.message}") for p in error.problems]
                    else:
                        connections.append(Connection(i, read, w, write, carry))
        if problems:
            raise TwinError(*problems)
        return tuple(connections)

    def _writers(self, read: Read) -> Iterator[tuple[int, Write]]:
        for w, simulator in enumerate(self.simulators):
            if simulator.name not in read.without:
                yield from ((w, write) for write in simulator.writes if write.quantity == read.quantity)

    def _order(self) -> tuple[int | Loop, ...]:
        component = _components(len(self.simulators), [(c.writer, c.reader) for c in self.connections])
        members: dict[int, list[int]] = {}
        for i, label in enumerate(component):
            members.setdefault(label, []).append(i)
        graph: dict[int, set[int]] = {label: set() for label in members}
        for c in self.connections:
            if component[c.writer] != component[c.reader]:
                graph[component[c.reader]].add(component[c.writer])
        itself = {c.reader for c in self.connections if c.reader == c.writer}
        loops = {k: self._loop(m) for k, m in members.items() if len(m) > 1 or m[0] in itself}
        return tuple(loops.get(k, members[k][0]) for k in TopologicalSorter(graph).static_order())

    def _loop(self, members: list[int]) -> Loop:
        inside = [c for c in self.connections if c.reader in members and c.writer in members]
        graph: dict[int, set[int]] = {m: set() for m in members}
        for c in inside:
            if not c.read.delay:
                graph[c.reader].add(c.writer)
        try:
            order = tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            names = " -> ".join(self.simulators[i].name for i in reversed(error.args[1]))
            raise TwinError(Problem(f"the loop {names} has no delay", expected="delay=1 on one of its reads")) from None
        problems = [
            Problem(
                f"{self.simulators[c.reader].name} ({self.simulators[c.reader].step_s} s) reads {c.read.quantity} in a "
                f"loop from {self.simulators[c.writer].name} ({self.simulators[c.writer].step_s} s), whose step has "
                "not ended yet",
                expected=f"a step no longer than the reader's ([steps] {self.simulators[c.writer].name} = ... in a "
                "scenario), or delay=1 on that read",
            )
            for c in inside
            if not c.read.delay and self.simulators[c.writer].step_s > self.simulators[c.reader].step_s
        ]
        if problems:
            raise TwinError(*problems)
        return Loop(order)


def _components(n: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the strongly connected component of every node."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, cols = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, cols)), shape=(n, n))
    return [int(label) for label in connected_components(graph, directed=True, connection="strong")[1]]


def _name_problems(simulators: Sequence[Simulator]) -> list[Problem]:
    names = [s.name for s in simulators]
    return [Problem(f"two simulators are called {name!r}") for name in sorted({n for n in names if names.count(n) > 1})]


def _port_problems(simulators: Sequence[Simulator], sizes: Mapping[str, int]) -> list[Problem]:
    problems = []
    for simulator in simulators:
        for names in ([read.key for read in simulator.reads], [write.quantity for write in simulator.writes]):
            problems += [Problem(f"{simulator.name} lists {n} twice") for n in sorted(set(names)) if names.count(n) > 1]
        ports: list[Read | Write] = [*simulator.reads, *simulator.writes]
        for port in ports:
            address = f"{simulator.name}.{port.quantity}"
            if port.quantity not in QUANTITIES:
                guess = nearest(port.quantity, QUANTITIES)
                problems.append(Problem(f"{address}: no such quantity is declared", suggestion=guess))
            if port.per not in sizes:
                problems.append(
                    Problem(f"{address}: there is no entity set {port.per!r}", suggestion=nearest(port.per, sizes))
                )
    return problems


def _unit_problems(simulators: Sequence[Simulator]) -> list[Problem]:
    """Name both sides where a reader counts in another unit than a writer, or than everybody does."""
    problems = []
    for simulator in simulators:
        ports: list[Read | Write] = [*simulator.reads, *simulator.writes]
        for port in ports:
            declared = QUANTITIES.get(port.quantity)
            if declared is None or port.unit in (None, declared.unit):
                continue
            verb, others = ("reads", "writes") if isinstance(port, Read) else ("writes", "reads")
            sides = [s.name for s in simulators if port.quantity in _quantities(s, others)]
            who = f", {' and '.join(sides)} {others} it in {declared.unit}" if sides else ""
            problems.append(
                Problem(
                    f"{simulator.name} {verb} {port.quantity} in {port.unit}{who}",
                    expected=f"{declared.unit}, the unit of the quantity; the engine converts nothing",
                )
            )
    return problems


def _quantities(simulator: Simulator, side: str) -> set[str]:
    return {port.quantity for port in (simulator.reads if side == "reads" else simulator.writes)}


def _gather_problems(simulator: Simulator, read: Read, writers: Sequence[Simulator]) -> list[Problem]:
    if read.gather == "sum" or len(writers) == 1:
        return []
    who = "nobody writes it" if not writers else "it is written by " + " and ".join(w.name for w in writers)
    return [Problem(f"{simulator.name} reads {read.quantity} from exactly one writer, but {who}")]


def _step_problems(simulators: Sequence[Simulator]) -> list[Problem]:
    ordered = sorted(simulators, key=lambda s: s.step_s)
    return [
        Problem(f"the step of {fast.name}, {fast.step_s} s, does not divide that of {slow.name}, {slow.step_s} s")
        for fast, slow in pairwise(ordered)
        if slow.step_s % fast.step_s
    ]
