"""What the measures on grids share: strict parameters, the rows chosen, and tables that grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from twin.city.model import City
from twin.grid.model import make_table
from twin.table import MISSING, Table

__all__ = ["Params", "blanked", "chosen", "first_few", "with_rows"]

Mask = NDArray[np.bool_]

_SHOWN = 5


class Params(BaseModel):
    """Nothing unknown, nothing coerced, no nan."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


def chosen(table: Table, rows: NDArray[Any]) -> Mask:
    """Return the rows chosen as a mask of all rows of a table."""
    where = np.zeros(len(table), dtype=bool)
    where[rows] = True
    return where


def first_few(ids: NDArray[np.str_]) -> str:
    """Return the first few of some identifiers, and how many more there are."""
    shown = ", ".join(ids[:_SHOWN].tolist())
    return shown if len(ids) <= _SHOWN else f"{shown} and {len(ids) - _SHOWN} more"


def blanked(table: Table, names: Sequence[str], where: Mask) -> Table:
    """Return a table in which some columns, if it has them, say nothing of some rows."""
    for name in names:
        if name in table:
            table = table.put(table.column(name), table[name], MISSING, where)
    return table


def with_rows(city: City, name: str, ids: Sequence[str], values: Mapping[str, Any], code: int) -> City:
    """Return the city with rows added to one of the grid's tables, which it may not have yet."""
    added = make_table(name, ids, values, code)
    old = city.tables.get(name)
    return city.with_table(added if old is None else Table.concat([old, added]))
