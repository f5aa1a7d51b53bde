"""The coupling graph in text: a row for every simulator, a rail down from each to all that read from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.report.graph import Edge, edges_of

__all__ = ["LEGEND", "draw_rails"]

LEGEND = "● gives   ◆ takes   ◇ takes what was given one step before   ╭ │ ╰ a loop, stepped finely"
WIDTH = 98  # and an indent
_ASCII = str.maketrans("●◆◇│┆╭╰", "o*~|:++")


def draw_rails(graph: Mapping[str, Any], ascii_only: bool = False) -> list[str]:
    """Return the lines of the drawing, none wider than 98 columns.

    Parameters
    ----------
    graph
        One entry of ``graphs`` of what `explain` returns.
    ascii_only
        Draw with letters that every terminal has.
    """
    names = [node["name"] for node in graph["simulators"]]
    row, edges = {name: k for k, name in enumerate(names)}, edges_of(graph)
    columns = _columns(row, edges)
    rails = [_rail(r, row, edges, columns) for r in range(len(names))]
    brackets = _brackets(graph, row)
    name_width, step_width = max(map(len, names)), max(len(node["step"]) for node in graph["simulators"])
    lines = [
        f"{brackets[r]} {name:<{name_width}}  {graph['simulators'][r]['step']:<{step_width}}  {rails[r]}  "
        f"{_from(name, edges)}".rstrip()
        for r, name in enumerate(names)
    ]
    lines = [line if len(line) <= WIDTH else line[: WIDTH - 3] + "..." for line in [*lines, LEGEND]]
    return [line.translate(_ASCII) for line in lines] if ascii_only else lines


def _columns(row: Mapping[str, int], edges: Sequence[Edge]) -> dict[str, int]:
    """Return the column of every rail; a column is taken again below a rail's end."""
    columns: dict[str, int] = {}
    ends: list[int] = []
    spans = {name: _span(name, row, edges) for name in row}
    for name, (top, bottom) in sorted(spans.items(), key=lambda item: (item[1][0], row[item[0]])):
        if top == bottom and not any(e.source == name for e in edges):
            continue
        column = next((k for k, end in enumerate(ends) if end < top), len(ends))
        ends[column:] = [bottom, *ends[column + 1 :]]
        columns[name] = column
    return columns


def _span(name: str, row: Mapping[str, int], edges: Sequence[Edge]) -> tuple[int, int]:
    """Return the first and the last row that a simulator's rail touches."""
    rows = [row[name], *(row[e.target] for e in edges if e.source == name)]
    return min(rows), max(rows)


def _rail(r: int, row: Mapping[str, int], edges: Sequence[Edge], columns: Mapping[str, int]) -> str:
    """Return what the rails look like in one row."""
    signs = [" "] * (1 + max(columns.values(), default=-1))
    for name, column in columns.items():
        top, bottom = _span(name, row, edges)
        if top <= r <= bottom:
            mine = [e.late for e in edges if e.source == name and row[e.target] == r]
            signs[column] = "●" if row[name] == r else _sign(mine, r < row[name])
    return " ".join(signs)


def _sign(late: Sequence[bool], above: bool) -> str:
    """Return the sign where a rail passes a row, of which ``late`` says how it reads there."""
    if not late:
        return "┆" if above else "│"
    return "◇" if all(late) else "◆"


def _from(name: str, edges: Sequence[Edge]) -> str:
    """Say in words who feeds a simulator."""
    mine = [e for e in edges if e.target == name]
    at_once = ", ".join(dict.fromkeys(e.source for e in mine if not e.late))
    late = ", ".join(dict.fromkeys(e.source for e in mine if e.late))
    return "; ".join([f"<- {at_once}"] * bool(at_once) + [f"late <- {late}"] * bool(late))


def _brackets(graph: Mapping[str, Any], row: Mapping[str, int]) -> list[str]:
    """Return the bracket around loops, a sign per row."""
    signs = [" "] * len(row)
    for loop in graph["loops"]:
        rows = sorted(row[name] for name in loop["members"])
        for r in range(rows[0], rows[-1] + 1):
            signs[r] = "│"
        signs[rows[0]], signs[rows[-1]] = ("◇", "◇") if len(rows) == 1 else ("╭", "╰")
    return signs
