"""Tables of a file, cell by cell: what is no number or names nothing is noted with its place, not raised."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError, nearest

__all__ = ["Frame", "load_json", "read_csv"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_TRUE = (True, 1, "True", "true", "1", "1.0")
_FALSE = (False, 0, "False", "false", "0", "0.0")
_EMPTY = (None, "", "nan", "NaN", "NULL", "None")


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
        """Note what is wrong with a row, once."""
        problem = Problem(what, self.file, self.places[k], expected, suggestion)
        if problem not in self.problems.found:
            self.problems.found.append(problem)

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
        for k, cell in enumerate(cells):
            if cell != "" or otherwise is None:
                try:
                    values[k] = float(cell)
                except ValueError:
                    self.wrong(k, f"{name} is {cell!r}", "a number")
                if not np.isfinite(values[k]) and not (otherwise is not None and np.isinf(otherwise)):
                    self.wrong(k, f"{name} is {cell!r}", "a finite number")
                    values[k] = 0.0
        return values

    def whole(self, name: str, otherwise: int | None = None) -> Ints:
        """Return a column as whole numbers."""
        values = self.numbers(name, None if otherwise is None else float(otherwise))
        for k in np.flatnonzero(values != np.round(values)):
            self.wrong(int(k), f"{name} is {values[k]:g}", "a whole number")
        return np.round(values).astype(np.int64)

    def flags(self, name: str, otherwise: bool | None = None) -> Mask:
        """Return a column of true or false."""
        cells = self.text(name, None if otherwise is None else str(otherwise))
        for k, cell in enumerate(cells):
            if cell not in _TRUE and cell not in _FALSE:
                self.wrong(k, f"{name} is {cell!r}", "True or False")
        return np.array([cell in _TRUE for cell in cells], dtype=bool)

    def given(self, name: str) -> Mask:
        """Return which rows have something in a column."""
        return np.array([row.get(name) not in _EMPTY for row in self.rows], dtype=bool)

    def find(self, name: str, known: Sequence[str], kind: str) -> Ints:
        """Return the rows of the identifiers in a column, -1 and a problem for each that is not known."""
        rows = {key: k for k, key in enumerate(known)}
        keys = self.text(name)
        for k, key in enumerate(keys):
            if key not in rows:
                self.wrong(k, f"{name} is {key!r}, but there is no such {kind}", suggestion=nearest(key, rows))
        return np.array([rows.get(key, -1) for key in keys], dtype=np.int64)

    def only(self, name: str, allowed: tuple[float, ...]) -> None:
        """Note values that we cannot take into account."""
        for k, value in enumerate(self.numbers(name, allowed[0])):
            if value not in allowed:
                expected = " or ".join(f"{a:g}" for a in allowed)
                self.wrong(k, f"{name} is {value:g}, which we cannot take into account yet", expected)

    def take(self, kept: Mask) -> Frame:
        """Return some of the rows."""
        some = np.flatnonzero(kept)
        return Frame([self.rows[k] for k in some], self.file, [self.places[k] for k in some], self.problems)


def _as_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))  # identifiers that some writer took for numbers
    return str(cell)


def read_csv(path: Path, problems: Problems, delimiter: str = ",", missing_ok: bool = False) -> Frame:
    """Read a CSV file with a header.

    Raises
    ------
    TwinError
        If it cannot be read; a file that is not there is an empty frame if ``missing_ok``.
    """
    if missing_ok and not path.is_file():
        return Frame([], path, [], problems)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, delimiter=delimiter))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TwinError(Problem(f"cannot be read: {error}", file=path)) from None
    return Frame(rows, path, [str(k + 2) for k in range(len(rows))], problems)


def load_json(path: Path, hook: Callable[[Any], Any] | None = None) -> Any:
    """Return what a JSON file holds.

    Raises
    ------
    TwinError
        If it cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_hook=hook)
    except (OSError, ValueError, RecursionError) as error:
        raise TwinError(Problem(f"cannot be read: {error}", file=path)) from None
