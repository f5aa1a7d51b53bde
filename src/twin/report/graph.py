"""The coupling graph as it is drawn: who feeds whom with what, and which layer everybody stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Edge", "edges_of", "layers_of", "units_of"]


@dataclass(frozen=True)
class Edge:
    """All that one simulator has from another, in the same step or, if ``late``, from the step before."""

    source: str
    target: str
    quantities: tuple[str, ...]
    late: bool


def edges_of(graph: Mapping[str, Any]) -> list[Edge]:
    """Return the connections of a graph that `explain` describes, grouped by pair of simulators."""
    grouped: dict[tuple[str, str, bool], list[str]] = {}
    for node in graph["simulators"]:
        for port in node["reads"]:
            for writer in port["from"]:
                grouped.setdefault((writer, node["name"], port["late"]), []).append(port["quantity"])
    return [Edge(*key[:2], tuple(quantities), key[2]) for key, quantities in grouped.items()]


def units_of(graph: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return what is stepped together, in the order of the graph: the members of each loop, all others alone."""
    loop_of = {name: tuple(loop["members"]) for loop in graph["loops"] for name in loop["members"]}
    return list(dict.fromkeys(loop_of.get(node["name"], (node["name"],)) for node in graph["simulators"]))


def layers_of(units: Sequence[tuple[str, ...]], edges: Sequence[Edge]) -> list[int]:
    """Return the layer of every unit: to the right of all that feed it, and no further left than it has to be.

    ``units`` come in an order in which each follows all that feed it.
    """
    unit_of = {name: k for k, members in enumerate(units) for name in members}
    pairs = {(unit_of[e.source], unit_of[e.target]) for e in edges if unit_of[e.source] != unit_of[e.target]}
    layer = [0] * len(units)
    for k in range(len(units)):
        layer[k] = 1 + max((layer[a] for a, b in pairs if b == k), default=-1)
    fed = {b for _, b in pairs}
    for k in range(len(units)):
        readers = [layer[b] for a, b in pairs if a == k]
        if k not in fed and readers:
            layer[k] = min(readers) - 1
    return layer
