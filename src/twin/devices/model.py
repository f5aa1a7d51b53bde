"""What all devices share: how their tables grow and how their rows belong to buildings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from twin.city.model import City
from twin.quantities import Link
from twin.table import MISSING, Column, Table

__all__ = ["BUILDING", "append", "by_name", "with_entities"]

BUILDING = Column("building", "-", "int", "row of the building it belongs to", low=0)


def by_name(*columns: Column) -> dict[str, Column]:
    """Return columns by their names."""
    return {c.name: c for c in columns}


def append(old: Table | None, name: str, ids: Sequence[str], values: Mapping[Column, Any], code: int) -> Table:
    """Return a table with rows added, all of one source; the rows there were come first and keep all they have.

    Parameters
    ----------
    old
        The table so far, None if there is none.
    ids
        Identifiers of the new rows, shape ``(n,)``.
    values
        By column one value per new row, or one for all; NaN where there is none. Other columns are missing there.
    """
    table = Table(name, [*([] if old is None else old.ids.tolist()), *ids])
    for column, given in values.items():
        cells = np.broadcast_to(column.cast(given), (len(ids),))
        codes = np.where(cells != cells, MISSING, code).astype(np.uint16)  # NaN alone differs from itself
        if old is not None:
            cells = np.concatenate([old[column.name], cells])
            codes = np.concatenate([old.source(column.name), codes])
        table = table.put(column, cells, codes)
    if old is not None:
        for column in (column for column in old.columns if column.name not in table):
            cells = np.concatenate([old[column.name], column.blank(len(ids))])
            codes = np.concatenate([old.source(column.name), np.full(len(ids), MISSING, dtype=np.uint16)])
            table = table.put(column, cells, codes)
    return table


def with_entities(city: City, table: Table, *owners: str) -> City:
    """Return the city with a table of this wing added or replaced, and with links from it to all its owners.

    Parameters
    ----------
    owners
        Entity sets that the rows belong to; each is also the name of the column that holds the owner's row.
    """
    others = tuple(link for link in city.links if link.fine != table.name)
    links = tuple(Link.belongs(table.name, owner, table[owner]) for owner in owners)
    return replace(city, tables={**city.tables, table.name: table}, links=others + links)
