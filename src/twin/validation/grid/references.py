"""Reference solutions as CSV and JSON files beside a case."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError

__all__ = ["Reference", "read_json", "stated_number"]

Floats = NDArray[np.float64]


class Reference:
    """A CSV file of references, by column; an empty cell is NaN: the reference knows of no value there.

    Raises
    ------
    TwinError
        If the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                lines = [line for line in csv.reader(file) if line]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise TwinError(Problem(f"cannot be read: {error}", file=path)) from None
        if not lines:
            raise TwinError(Problem("is empty", file=path, expected="a line of column names"))
        self.columns, self._rows = lines[0], lines[1:]
        with Problems(path) as problems:
            for k, row in enumerate(self._rows):
                if len(row) != len(self.columns):
                    problems.add(f"has {len(row)} cells", str(k + 2), f"{len(self.columns)} cells")

    def __len__(self) -> int:
        return len(self._rows)

    def text(self, column: str) -> list[str]:
        """Return a column as it stands there.

        Raises
        ------
        TwinError
            If there is no such column.
        """
        if column not in self.columns:
            raise TwinError(Problem(f"column {column} is missing", file=self.path))
        place = self.columns.index(column)
        return [row[place] for row in self._rows]

    def numbers(self, *columns: str) -> Floats:
        """Return columns as numbers, shape ``(row, column)``.

        Raises
        ------
        TwinError
            For every column that is missing and every cell that is no number.
        """
        values = np.full((len(self), len(columns)), np.nan)
        with Problems(self.path) as problems:
            for k, column in enumerate(columns):
                cells = self.text(column)
                for row, cell in enumerate(cells):
                    try:
                        values[row, k] = float(cell) if cell.strip() else np.nan
                    except ValueError:
                        values[row, k] = np.inf
                    if np.isinf(values[row, k]):
                        problems.add(f"{column} is {cell!r}", str(row + 2), "a number, or nothing")
        return values

    def integers(self, column: str, low: int, high: int) -> NDArray[np.int64]:
        """Return a column of whole numbers from ``low`` to ``high``.

        Raises
        ------
        TwinError
            For every other cell.
        """
        values = self.numbers(column)[:, 0]
        whole = (values >= low) & (values <= high) & (np.floor(values) == values)
        with Problems(self.path) as problems:
            for k in np.flatnonzero(~whole):
                expected = f"a whole number from {low} to {high}"
                problems.add(f"{column} is {self.text(column)[k]!r}", str(k + 2), expected)
        return values.astype(np.int64)


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object; nothing where there is no such file.

    Raises
    ------
    TwinError
        If it is not one.
    """
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TwinError(Problem(f"cannot be read: {error}", file=path)) from None
    if not isinstance(found, dict):
        raise TwinError(Problem("is no JSON object", file=path))
    return found


def stated_number(about: dict[str, Any], *names: str) -> float | None:
    """Return the first of some numbers that an object states, given as a number or as text; None if it states none."""
    for name in names:
        try:
            return float(about[name])
        except (KeyError, TypeError, ValueError):
            continue
    return None
