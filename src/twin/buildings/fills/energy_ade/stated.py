"""What a file states of buildings, from columns that may be missing: values, sums and means by building."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.table import GIVEN, MISSING, Table

__all__ = [
    "Stated",
    "column_of",
    "first_known",
    "grouped_mean",
    "rows_of",
    "stated_integers",
    "stated_numbers",
    "stated_words",
    "grouped_total",
    "value_at",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Stated:
    """Values for a column of the building table, with source codes; MISSING where the file says nothing."""

    values: NDArray[Any]
    codes: NDArray[np.uint16]


def first_known(values: Floats, others: Floats) -> Floats:
    """Return values, and others where they are not known."""
    return np.where(np.isfinite(values), values, others)


def column_of(table: Table, name: str) -> Floats:
    """Return a column of numbers, NaN where missing."""
    if name not in table:
        return np.full(len(table), np.nan)
    return np.where(table.missing(name), np.nan, table[name].astype(np.float64))


def rows_of(table: Table, name: str) -> Ints:
    """Return a column of row numbers, -1 where missing."""
    if name not in table:
        return np.full(len(table), -1)
    return np.where(table.missing(name), -1, table[name])


def value_at(values: Floats, rows: Ints) -> Floats:
    """Return values at rows, NaN at -1."""
    found: Floats = np.append(values, np.nan)[rows]
    return found


def grouped_mean(group: Ints, values: Floats, weights: Floats, n: int) -> Floats:
    """Return the weighted mean of each of n groups over rows whose value and weight are known, else NaN; -1 is none."""
    some = (group >= 0) & np.isfinite(values) & (weights > 0)
    total = np.bincount(group[some], weights[some], n)
    sums = np.bincount(group[some], weights[some] * values[some], n)
    found: Floats = np.divide(sums, total, out=np.full(n, np.nan), where=total > 0)
    return found


def grouped_total(group: Ints, values: Floats, n: int) -> Floats:
    """Return the sum of each of n groups, NaN where no value is known; -1 is no group."""
    some = (group >= 0) & np.isfinite(values)
    total = np.bincount(group[some], values[some], n)
    return np.where(np.bincount(group[some], minlength=n) > 0, total, np.nan)


def stated_numbers(values: Floats, code: int = GIVEN) -> Stated:
    """Return numbers as stated, NaN as not stated."""
    known = np.isfinite(values)
    return Stated(np.where(known, values, 0.0), np.where(known, code, MISSING).astype(np.uint16))


def stated_integers(values: Floats) -> Stated:
    """Return numbers as stated, rounded."""
    stated = stated_numbers(np.round(values))
    return Stated(stated.values.astype(np.int64), stated.codes)


def stated_words(words: list[str]) -> Stated:
    """Return words as stated, "" as not stated."""
    values = np.array(words, dtype=np.str_)
    return Stated(values, np.where(values != "", GIVEN, MISSING).astype(np.uint16))
