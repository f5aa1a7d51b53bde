"""What all checks of a grid's tables ask of rows and values, and how they report what is wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import Problems
from twin.table import Table

__all__ = ["inside", "listed", "not_positive", "report"]

_SHOWN = 5
_REPORTED = 20


def inside(rows: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    """Return which rows are those of a table of ``n`` rows."""
    return np.asarray((rows >= 0) & (rows < n))


def not_positive(values: ArrayLike) -> NDArray[np.bool_]:
    """Return where a value is zero, negative, infinite or not a number."""
    array = np.asarray(values, dtype=np.float64)
    return np.asarray(~((array > 0) & np.isfinite(array)))


def report(table: Table, bad: ArrayLike, what: str, problems: Problems) -> None:
    """Add one problem per element that is bad, shape ``(n,)``; of many the first ones, and how many more there are."""
    ids = table.ids[np.asarray(bad, dtype=bool)]
    for name in ids[:_REPORTED]:
        problems.add(f"{table.name} {name} {what}")
    if len(ids) > _REPORTED:
        problems.add(f"{table.name}: each of {len(ids) - _REPORTED} more {what}")


def listed(one: str, many: str, ids: NDArray[np.str_]) -> str:
    """Name the first few."""
    shown = ", ".join(ids[:_SHOWN])
    rest = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"{one if len(ids) == 1 else many} {shown}{rest}"
