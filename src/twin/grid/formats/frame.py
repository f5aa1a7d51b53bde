"""Tables of a file, cell by cell: what is no number or names nothing is noted with its place, not raised."""

from __future__ import annotations

import csv
import itertools
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError, nearest

__all__ = ["Frame", "load_json", "positive_number", "read_csv"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_TRUE = (True, 1, "True", "true", "1", "1.0")
_FALSE = (False, 0, "False", "false", "0", "0.0")
_EMPTY = (None, "", "nan", "NaN", "NULL", "None")
_SHOWN = 20  # cells of a column that are named one by one
_DELIMITERS = ",;\t"
_QUOTED = re.compile(r'"[^"]*"')


class Frame:
    """Rows of named cells.

    Parameters
    ----------
    rows
        One mapping per row; a cell that is not there is empty.
    file
        Where they stand.
    places
        Line, or pointer, of every row.
    problems
        Where what is wrong with a cell is noted.
    """

    def __init__(self, rows: Sequence[dict[str, Any]], file: Path, places: Sequence[str], problems: Problems) -> None:
        self.rows, self.file, self.places, self.problems = list(rows), file, list(places), problems

    def __len__(self) -> int:
        return len(self.rows)

    def has(self, name: str) -> bool:
        """Whether any row has something in a column."""
        return any(row.get(name) not in _EMPTY for row in self.rows)

    def wrong(self, k: int, what: str, expected: str | None = None, suggestion: str | None = None) -> None:
        """Note what is wrong with a row."""
        self.problems.add(what, self.places[k], expected, suggestion, self.file)

    def wrong_cells(self, name: str, what: Mapping[int, str], expected: str | None = None) -> None:
        """Note what is wrong with cells of a column, by row: the first ones, and how many more there are."""
        for k in list(what)[:_SHOWN]:
            self.wrong(k, what[k], expected)
        self._more(name, len(what), expected)

    def _more(self, name: str, count: int, expected: str | None = None) -> None:
        if count > _SHOWN:
            message = f"{count - _SHOWN} more cells of column {name} are wrong"
            self.problems.add(message, expected=expected, file=self.file)

    def need_rows(self, what: str) -> Frame:
        """Return this frame.

        Raises
        ------
        TwinError
            If it has no rows.
        """
        if not self.rows:
            raise TwinError(Problem("has no rows", file=self.file, expected=f"at least one {what}"))
        return self

    def text(self, name: str, otherwise: str | None = None) -> list[str]:
        """Return a column as text; ``otherwise`` stands for empty cells, without it a column must be there."""
        if otherwise is None and self.rows and not any(name in row for row in self.rows):
            raise TwinError(Problem(f"column {name} is missing", file=self.file))
        cells = [row.get(name) for row in self.rows]
        return [(otherwise or "") if cell in _EMPTY else _as_text(cell) for cell in cells]

    def numbers(self, name: str, otherwise: float | None = None) -> Floats:
        """Return a column as numbers; ``otherwise`` stands for empty cells."""
        cells = self.text(name, None if otherwise is None else "")
        values = np.full(len(cells), 0.0 if otherwise is None else otherwise)
        may_be_infinite = otherwise is not None and np.isinf(otherwise)
        no_number, infinite = {}, {}
        for k, cell in enumerate(cells):
            if cell != "" or otherwise is None:
                try:
                    values[k] = float(cell)
                except ValueError:
                    no_number[k] = f"{name} is {cell!r}"
                    continue
                if not np.isfinite(values[k]) and not may_be_infinite:
                    infinite[k] = f"{name} is {cell!r}"
                    values[k] = 0.0
        self.wrong_cells(name, no_number, "a number")
        self.wrong_cells(name, infinite, "a finite number")
        return values

    def whole(self, name: str, otherwise: int | None = None) -> Ints:
        """Return a column as whole numbers."""
        values = self.numbers(name, None if otherwise is None else float(otherwise))
        broken = np.flatnonzero(values != np.round(values))
        self.wrong_cells(name, {int(k): f"{name} is {values[k]:g}" for k in broken}, "a whole number")
        return np.round(values).astype(np.int64)

    def flags(self, name: str, otherwise: bool | None = None) -> Mask:
        """Return a column of true or false."""
        cells = self.text(name, None if otherwise is None else str(otherwise))
        unclear = {k: f"{name} is {cell!r}" for k, cell in enumerate(cells) if cell not in _TRUE and cell not in _FALSE}
        self.wrong_cells(name, unclear, "True or False")
        return np.array([cell in _TRUE for cell in cells], dtype=bool)

    def given(self, name: str) -> Mask:
        """Return which rows have something in a column."""
        return np.array([row.get(name) not in _EMPTY for row in self.rows], dtype=bool)

    def find(self, name: str, known: Sequence[str], kind: str) -> Ints:
        """Return the rows of the identifiers in a column, -1 and a problem for each that is not known."""
        rows = {key: k for k, key in enumerate(known)}
        keys = self.text(name)
        unknown = [k for k, key in enumerate(keys) if key not in rows]
        for k in unknown[:_SHOWN]:
            what = f"{name} is {keys[k]!r}, but there is no such {kind}"
            self.wrong(k, what, suggestion=nearest(keys[k], rows))
        self._more(name, len(unknown), f"a known {kind}")
        return np.array([rows.get(key, -1) for key in keys], dtype=np.int64)

    def only(self, name: str, allowed: tuple[float, ...]) -> None:
        """Note values that we cannot take into account."""
        values = self.numbers(name, allowed[0])
        beyond = {
            int(k): f"{name} is {values[k]:g}, which we cannot take into account yet"
            for k in np.flatnonzero(~np.isin(values, allowed))
        }
        self.wrong_cells(name, beyond, " or ".join(f"{a:g}" for a in allowed))

    def take(self, kept: Mask) -> Frame:
        """Return some of the rows."""
        some = np.flatnonzero(kept)
        return Frame([self.rows[k] for k in some], self.file, [self.places[k] for k in some], self.problems)


def _as_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))  # identifiers that some writer took for numbers
    return str(cell)


def read_csv(path: Path, problems: Problems, delimiter: str = ",", missing_ok: bool = False) -> Frame:
    """Read a CSV file with a header, separated by ``delimiter``, or by comma, semicolon or tab if its header has more.

    Raises
    ------
    TwinError
        If it cannot be read or has no header; a file that is not there is an empty frame if ``missing_ok``.
    """
    if missing_ok and not path.exists():
        return Frame([], path, [], problems)
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            bare = _QUOTED.sub("", header)
            used = max(delimiter + _DELIMITERS, key=bare.count)  # the first of those that occur as often
            reader = csv.DictReader(itertools.chain([header], file), delimiter=used)
            for row in reader:
                rows.append(row)
                places.append(str(reader.line_num))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TwinError(Problem(f"cannot be read: {error}", file=path)) from None
    if not reader.fieldnames:
        raise TwinError(Problem("has no header", file=path, expected="names of columns in its first line"))
    return Frame(rows, path, places, problems)


def positive_number(
    stated: Mapping[str, Any], name: str, place: str, problems: Problems, or_zero: bool = False
) -> float:
    """Return a number of a document; note one that is missing, infinite or not above zero, and return 1 for it."""
    value = stated.get(name)
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (0 < value <= sys.float_info.max or (or_zero and value == 0))
    ):
        return float(value)
    problems.add(f"{name} is {value!r}", place, "zero or a number above" if or_zero else "a number above zero")
    return 1.0


def load_json(path: Path, hook: Callable[[Any], Any] | None = None) -> Any:
    """Return what a JSON file holds.

    Raises
    ------
    TwinError
        If it cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), object_hook=hook)
    except (OSError, ValueError, RecursionError) as error:
        raise TwinError(Problem(f"cannot be read: {error}", file=path)) from None
