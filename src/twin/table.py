"""Tables of equal-length NumPy columns in which every cell knows where it came from.

A `Column` is declared once; validation, the scenario's ``where``, CSV headers, legends and the docs derive from it.
A `Table` is immutable: ``put`` returns a new one that shares all columns it did not touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import Problem, TwinError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ASSUMED", "DERIVED", "GIVEN", "MEASURE", "MISSING", "SERIES", "Column", "Row", "Table", "source_name"]

# Source codes, one uint16 beside every value. Codes from ASSUMED and MEASURE upwards number the ledger's rules.
MISSING, GIVEN, SERIES, DERIVED = 0, 1, 2, 3
ASSUMED = 0x1000
MEASURE = 0x2000

MakeIds = Callable[[], Sequence[str] | NDArray[np.str_]]
MakeColumns = Callable[[], "Table"]
Kind = Literal["float", "int", "str", "bool"]
_BLANK: dict[str, Any] = {"float": np.nan, "int": 0, "str": "", "bool": False}
_DTYPE: dict[str, Any] = {"float": np.float64, "int": np.int64, "str": np.str_, "bool": np.bool_}


def source_name(code: int) -> str:
    """Return the source behind a code: ``given``, ``assumed:3``, ``measure:1`` ..."""
    if code >= MEASURE:
        return f"measure:{code - MEASURE}"
    if code >= ASSUMED:
        return f"assumed:{code - ASSUMED}"
    return ("missing", "given", "series", "derived")[code]


@dataclass(frozen=True, slots=True)
class Column:
    """The one declaration of a column.

    Parameters
    ----------
    unit
        Unit as shown to people; ``"-"`` for none.
    low, high
        Bounds a given value must keep, both inclusive.
    categories
        The only values a text column may hold.
    refers
        For a column of row numbers, the table that they number.
    """

    name: str
    unit: str
    kind: Kind
    meaning: str
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    refers: str | None = None

    @property
    def header(self) -> str:
        """Name and unit as a CSV header: ``outdoor_temperature [degC]``."""
        return self.name if self.unit == "-" else f"{self.name} [{self.unit}]"

    def blank(self, n: int) -> NDArray[Any]:
        """Return ``n`` missing values."""
        return np.full(n, _BLANK[self.kind], dtype=_DTYPE[self.kind])

    def cast(self, values: ArrayLike) -> NDArray[Any]:
        """Return values in this column's type.

        Raises
        ------
        TwinError
            If they are of another kind (2.5 storeys, text for a number).
        """
        array = np.asarray(values)
        ok = {"float": "fiu", "int": "iu", "str": "UT", "bool": "b"}[self.kind]
        if array.dtype.kind not in ok:
            raise TwinError(Problem(f"column {self.name} was given values of type {array.dtype}", expected=self.kind))
        return array.astype(_DTYPE[self.kind], copy=False)

    @property
    def is_bounded(self) -> bool:
        """Whether some values of its type are not allowed."""
        return bool(self.categories) or self.low is not None or self.high is not None

    def violations(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which values break this column's bounds or categories, shape ``(n,)``."""
        bad = np.zeros(len(values), dtype=bool)
        if self.categories:
            bad |= ~np.isin(values, self.categories)
        if self.low is not None:
            bad |= values < self.low
        if self.high is not None:
            bad |= values > self.high
        return bad

    def expectation(self) -> str:
        """Say in words what a value of this column must be."""
        if self.categories:
            return "one of " + ", ".join(self.categories)
        bounds = [
            f"at least {self.low:g}" if self.low is not None else "",
            f"at most {self.high:g}" if self.high is not None else "",
        ]
        return " and ".join(b for b in bounds if b) or self.kind


@dataclass(frozen=True, slots=True)
class _Cells:
    column: Column
    values: NDArray[Any]
    sources: NDArray[np.uint16]

    def now(self) -> _Cells:
        return self


class _Deferred:
    """Columns that are made together when one of them is first asked for."""

    def __init__(self, make: MakeColumns) -> None:
        self._make: MakeColumns | None = make
        self._made: Table | None = None

    @property
    def table(self) -> Table:
        if (make := self._make) is not None:
            self._made = make()  # in two threads at worst twice
            self._make = None  # and what it holds
        assert self._made is not None
        return self._made


@dataclass(frozen=True, slots=True)
class _Later:
    column: Column
    deferred: _Deferred

    def now(self) -> _Cells:
        return self.deferred.table._get(self.column.name)


def _spread(values: NDArray[Any], n: int) -> NDArray[Any]:
    """Return one value for each of ``n`` rows, where there may be one for all."""
    return values if values.shape == (n,) else np.broadcast_to(values, (n,))


class _Ids:
    """Identifiers of rows, made when first asked for, once for all tables of the same rows."""

    def __init__(self, make: MakeIds) -> None:
        self._make = make

    @cached_property
    def values(self) -> NDArray[np.str_]:
        return np.asarray(self._make(), dtype=np.str_).reshape(-1)

    @cached_property
    def rows(self) -> dict[str, int]:
        return {str(identifier): row for row, identifier in enumerate(self.values)}


class Row(Mapping[str, Any]):
    """One row of a table, made on demand for people."""

    def __init__(self, table: Table, index: int) -> None:
        self._table, self.index = table, index

    def __getitem__(self, name: str) -> Any:
        if self._table.source(name)[self.index] == MISSING:
            return None
        return self._table[name][self.index].item()

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.names)

    def __len__(self) -> int:
        return len(self._table.names)

    def __repr__(self) -> str:
        cells = ", ".join(f"{name}={self[name]!r}" for name in self)
        return f"{self._table.name}[{str(self._table.ids[self.index])!r}]({cells})"


class Table:
    """Named columns of equal length with a source code beside every value.

    Parameters
    ----------
    name
        The entity set the rows belong to: ``building``, ``surface`` ...
    ids
        Identifiers, unique, shape ``(n,)``; or a function that makes them when they are first asked for.
    n
        Number of rows, needed with such a function.
    """

    def __init__(self, name: str, ids: Sequence[str] | NDArray[np.str_] | MakeIds, n: int | None = None) -> None:
        self.name = name
        self._ids = _Ids(ids if callable(ids) else lambda: ids)
        self._n = len(self.ids) if n is None else n
        self._cells: dict[str, _Cells | _Later] = {}

    @property
    def ids(self) -> NDArray[np.str_]:
        """Identifiers of the rows, shape ``(n,)``."""
        return self._ids.values

    def __len__(self) -> int:
        return self._n

    def __repr__(self) -> str:
        return f"Table({self.name!r}, {len(self)} rows: {', '.join(self.names)})"

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the order they were put."""
        return list(self._cells)

    @property
    def columns(self) -> list[Column]:
        """Declarations of the columns."""
        return [cells.column for cells in self._cells.values()]

    def __contains__(self, name: object) -> bool:
        return name in self._cells

    def _declared(self, name: str) -> _Cells | _Later:
        try:
            return self._cells[name]
        except KeyError:
            raise TwinError(
                Problem(f"table {self.name} has no column {name!r}", suggestion=nearest(name, self._cells))
            ) from None

    def _get(self, name: str) -> _Cells:
        cells = self._cells[name] = self._declared(name).now()
        return cells

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column's values, read-only, shape ``(n,)``; missing cells hold NaN, 0, "" or False."""
        return self._get(name).values

    def column(self, name: str) -> Column:
        """Return a column's declaration."""
        return self._declared(name).column

    def source(self, name: str) -> NDArray[np.uint16]:
        """Return the source codes of a column, read-only, shape ``(n,)``."""
        return self._get(name).sources

    def missing(self, name: str) -> NDArray[np.bool_]:
        """Return where a column has no value, shape ``(n,)``; a column never put is missing everywhere."""
        if name not in self:
            return np.ones(len(self), dtype=bool)
        return np.asarray(self.source(name) == MISSING)

    def put(
        self,
        column: Column,
        values: ArrayLike,
        source: int | NDArray[np.uint16] = GIVEN,
        where: NDArray[np.bool_] | None = None,
    ) -> Table:
        """Return a table in which a column has new values.

        Parameters
        ----------
        values
            One per row, or one for all.
        source
            Source code, one per row or one for all; where it is MISSING the value is blanked.
        where
            Rows to write; all if None. Other rows keep value and source.

        Raises
        ------
        TwinError
            If values are of the wrong kind or length, out of bounds or no category of the column.
        """
        n = len(self)
        fresh = column.cast(_spread(np.asarray(values), n))
        codes = _spread(np.asarray(source, dtype=np.uint16), n)
        if where is not None:
            old = self._get(column.name) if column.name in self else None
            old_values = old.values if old else column.blank(n)
            old_codes = old.sources if old else np.zeros(n, dtype=np.uint16)
            fresh = np.where(where, fresh, old_values)
            codes = np.where(where, codes, old_codes)
        blank = codes == MISSING
        if blank.any():
            fresh = np.where(blank, column.blank(n), fresh)
        self._check(column, fresh, ~blank)
        ours = where is not None or blank.any()  # else it may be the caller's array
        cells = _Cells(column, fresh if ours else np.array(fresh), np.array(codes))
        cells.values.flags.writeable = cells.sources.flags.writeable = False
        return self._with({column.name: cells})

    def defer(self, columns: Sequence[Column], make: MakeColumns) -> Table:
        """Return a table with columns that are made when one of them is first asked for.

        Nobody can tell them from columns that were put, but by the time that the first look takes.

        Parameters
        ----------
        make
            Returns a table of the same rows with all of these columns; called once, for all tables that share them.
        """
        deferred = _Deferred(make)
        return self._with({column.name: _Later(column, deferred) for column in columns})

    def _with(self, cells: Mapping[str, _Cells | _Later]) -> Table:
        other = Table(self.name, (), len(self))
        other._ids = self._ids
        other._cells = {**self._cells, **cells}
        return other

    def _check(self, column: Column, values: NDArray[Any], present: NDArray[np.bool_]) -> None:
        bad = np.flatnonzero(column.violations(values) & present) if column.is_bounded else ()
        if len(bad):
            raise TwinError(
                *(
                    Problem(f"{column.name} of {self.name} {self.ids[i]} is {values[i]}", expected=column.expectation())
                    for i in bad[:20]
                )
            )

    def take(self, rows: NDArray[Any]) -> Table:
        """Return the table of the chosen rows (indices or a mask)."""
        ids, n = self._ids, int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)
        other = Table(self.name, lambda: ids.values[rows], n)
        of_all = {name: self._get(name) for name in self.names}
        other._cells = {
            name: replace(cells, values=cells.values[rows], sources=cells.sources[rows])
            for name, cells in of_all.items()
        }
        return other

    @staticmethod
    def concat(tables: Sequence[Table]) -> Table:
        """Return the rows of several tables one after the other; a column that some of them lack is missing there."""
        declared = {column.name: column for table in tables for column in table.columns}
        other = Table(
            tables[0].name, lambda: np.concatenate([table.ids for table in tables]), sum(len(table) for table in tables)
        )
        for name, column in declared.items():
            values = [table[name] if name in table else column.blank(len(table)) for table in tables]
            codes = [table.source(name) if name in table else np.zeros(len(table), np.uint16) for table in tables]
            other._cells[name] = _Cells(column, np.concatenate(values), np.concatenate(codes))
        return other

    def index(self, identifier: str) -> int:
        """Return the row number of an identifier.

        Raises
        ------
        TwinError
            If no row has it.
        """
        rows = self._ids.rows
        if identifier not in rows:
            raise TwinError(Problem(f"no {self.name} has the id {identifier!r}", suggestion=nearest(identifier, rows)))
        return rows[identifier]

    def row(self, which: str | int) -> Row:
        """Return one row by identifier or number, as a view for people."""
        return Row(self, which if isinstance(which, int) else self.index(which))

    def to_pandas(self) -> pd.DataFrame:
        """Return the values as a data frame indexed by identifier; missing cells are NA."""
        import pandas as pd

        frame = pd.DataFrame({name: self[name] for name in self.names}, index=pd.Index(self.ids, name="id"))
        return frame.mask(pd.DataFrame({name: self.missing(name) for name in self.names}, index=frame.index))
