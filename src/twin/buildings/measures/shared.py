"""What the measures on buildings share: parameters that are columns, and how they are set in the rows chosen."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin.buildings.fills.envelope import INFILTRATION_PER_N50
from twin.buildings.model import COLUMNS
from twin.city.model import City
from twin.table import ASSUMED, DERIVED, MEASURE, MISSING, Table

__all__ = ["Choice", "Params", "chosen", "given", "like", "put", "set_columns", "tighten", "withdraw"]

Mask = NDArray[np.bool_]


def like(name: str, default: float | None = None) -> Any:
    """Return a field that keeps the bounds of the column it sets."""
    return Field(default, ge=COLUMNS[name].low, le=COLUMNS[name].high)


class Params(BaseModel):
    """Parameters of a measure; those named as columns of a building are what it sets there."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Choice(Params):
    """Parameters of which at least one must be given."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        own = set(type(self).model_fields) & self.changes
        if all(getattr(self, name) is None for name in own):
            raise ValueError("says nothing to change")
        return self

    @property
    def changes(self) -> set[str]:
        """Parameters that change something."""
        return set(COLUMNS)


def given(params: BaseModel) -> dict[str, Any]:
    """Return the columns that parameters set, those left out excepted."""
    values = {name: getattr(params, name) for name in type(params).model_fields if name in COLUMNS}
    return {name: value for name, value in values.items() if value is not None}


def set_columns(city: City, rows: NDArray[Any], params: Params, code: int) -> City:
    """Return the city with the columns that the parameters name set in the rows chosen."""
    return city.with_table(put(city.buildings, given(params), chosen(city, rows), code))


def chosen(city: City, rows: NDArray[Any]) -> Mask:
    """Return the rows chosen as a mask of all buildings."""
    where = np.zeros(len(city.buildings), dtype=bool)
    where[rows] = True
    return where


def put(table: Table, values: dict[str, Any], where: Mask, code: int) -> Table:
    """Return the table with values in some rows."""
    for name, value in values.items():
        table = table.put(COLUMNS[name], value, code, where)
    return table


def withdraw(table: Table, name: str, where: Mask) -> Table:
    """Return the table without the values of a column in some rows; fills may propose others."""
    return table.put(COLUMNS[name], table[name], MISSING, where) if name in table else table


def tighten(table: Table, n50_1_h: float, where: Mask, code: int) -> Table:
    """Return the table with another air change at 50 Pa in some rows.

    What leaks in follows from it, and so does the air change where that is an assumption. One that was given, or set by
    a measure, is changed by as much as the leaks (0.07 of the air change at 50 Pa, DIN V 18599-2).
    """
    name = "air_change_1_h"
    table = withdraw(table, "infiltration_1_h", where)
    if name in table and "n50_1_h" in table:
        codes = table.source(name)
        stated = (codes != MISSING) & (codes != DERIVED) & ((codes < ASSUMED) | (codes >= MEASURE))
        leaks = INFILTRATION_PER_N50 * (n50_1_h - np.nan_to_num(table["n50_1_h"], nan=n50_1_h))
        air_change = np.maximum(np.where(stated, table[name] + leaks, 0.0), 0.0)
        table = table.put(COLUMNS[name], air_change, code, where & stated)
    return put(table, {"n50_1_h": n50_1_h}, where, code)
