"""Reading and writing grids as pandapower's JSON files, without that tool: each table is a data frame in split form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from twin.errors import Problem, Problems, TwinError
from twin.grid.formats.case import GridCase, case_of
from twin.grid.formats.frame import Frame
from twin.grid.formats.pandapower_beyond import beyond_power_flow
from twin.grid.formats.pandapower_tables import TABLES, UNREAD, grid_of

__all__ = ["looks_like_pandapower", "read_pandapower"]


def looks_like_pandapower(content: Any) -> bool:
    """Whether the content of a JSON file is a network of pandapower."""
    return isinstance(content, dict) and content.get("_class") == "pandapowerNet"


def read_pandapower(content: Any, path: Path, problems: Problems) -> GridCase:
    """Return the grid in a JSON file of pandapower; tables that we do not read must be empty.

    Source: the file format of pandapower's ``to_json`` (documented at pandapower.readthedocs.io, "File Input/Output").
    """
    net = content.get("_object")
    if isinstance(net, str):
        net = json.loads(net)
    if not isinstance(net, dict) or "bus" not in net:
        raise TwinError(Problem("has no table bus", file=path, place="/_object"))
    frames = {name: _frame(net, name, path, problems) for name in TABLES}
    for name in UNREAD:
        if len(_frame(net, name, path, problems)):
            problems.add(f"{name} is not read yet", f"/_object/{name}", "no rows", file=path)
    _place_buses(net, frames["bus"], path, problems)
    grid = grid_of(frames, problems, float(net.get("f_hz", 50.0)))
    problems.raise_if_any()
    beyond = beyond_power_flow(frames, grid)
    problems.raise_if_any()
    return replace(case_of(grid), **beyond)


def _frame(net: Mapping[str, Any], name: str, path: Path, problems: Problems) -> Frame:
    """Return one of the network's data frames; its index becomes ``id``."""
    stored = net.get(name)
    if stored is None:
        return Frame([], path, [], problems)
    try:
        split = stored["_object"]
        split = json.loads(split) if isinstance(split, str) else split
        columns, index, data = split["columns"], split["index"], split["data"]
        rows = [{**dict(zip(columns, cells, strict=True)), "id": key} for key, cells in zip(index, data, strict=True)]
    except (KeyError, TypeError, ValueError) as error:
        what = f"table {name} cannot be read: {error!r}"
        raise TwinError(Problem(what, path, f"/_object/{name}", "a data frame in split form")) from None
    return Frame(rows, path, [f"/_object/{name}/{key}" for key in index], problems)


def _place_buses(net: Mapping[str, Any], bus: Frame, path: Path, problems: Problems) -> None:
    """Give buses their place: a GeoJSON point in ``geo`` (from version 3), or the table ``bus_geodata``."""
    older = {str(row["id"]): row for row in _frame(net, "bus_geodata", path, problems).rows}
    for row in bus.rows:
        point = row.get("geo")
        if isinstance(point, str) and point:
            try:
                row["x"], row["y"] = json.loads(point)["coordinates"][:2]
            except (KeyError, TypeError, ValueError):
                problems.add(f"geo is {point!r}", f"/_object/bus/{row['id']}", "a GeoJSON point", file=path)
        elif (place := older.get(str(row["id"]))) is not None:
            row["x"], row["y"] = place.get("x"), place.get("y")
