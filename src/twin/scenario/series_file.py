"""Series files: means over equal steps in CSV, with times that leave no doubt.

``python -m twin.scenario.series_file IN OUT`` writes one from a table of hours, as the series of prices in ``models/``
were made.
"""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.engine.signals import Series
from twin.engine.time import TimeAxis
from twin.errors import Problem, TwinError, nearest

__all__ = ["columns_of_series", "read_series", "write_series"]

_HEADER = "a header: time, and columns of numbers"


def _rows(file: Path) -> list[tuple[int, list[str]]]:
    """Return header and rows of a series file, each with its line; comments and empty lines are left out."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise TwinError(Problem("is not UTF-8 text", file, expected="a CSV file")) from None
    lines = [(k, line) for k, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    rows = list(zip((k for k, _ in lines), csv.reader(line for _, line in lines), strict=True))
    if not rows:
        raise TwinError(Problem("is empty", file, expected=_HEADER))
    place, header = rows[0]
    if ";" in header[0]:
        expected = "commas between columns, and points in decimal numbers"
        raise TwinError(Problem("has semicolons as separator", file, f"line {place}", expected))
    if header[0] != "time" or len(header) < 2:
        raise TwinError(Problem("is no series", file, f"line {place}", _HEADER))
    for number, row in rows:
        if len(row) != len(header):
            raise TwinError(
                Problem(f"has {len(row)} fields", file, f"line {number}", f"{len(header)} as in the header")
            )
    return rows


def columns_of_series(file: Path) -> list[str]:
    """Return the columns of numbers that a series file has.

    Raises
    ------
    TwinError
        If it is none.
    """
    return _rows(file)[0][1][1:]


def read_series(file: Path, column: str | None = None, utc_offset_s: int | None = None) -> Series:
    """Read a series of means over equal steps.

    The file is CSV in UTF-8 with a header: ``time``, the start of each step in ISO 8601, and one column or more of
    numbers. Lines that begin with ``#`` are comments.

    Parameters
    ----------
    column
        Which of several columns to read.
    utc_offset_s
        How far the clock of times that state no offset is ahead of UTC; without it they are an error.

    Raises
    ------
    TwinError
        Naming the file and the line.
    """
    rows = _rows(file)
    columns = rows[0][1][1:]
    if column is None and len(columns) > 1:
        raise TwinError(Problem(f"has columns {', '.join(columns)}", file, expected='column = "..." in the scenario'))
    if column is not None and column not in columns:
        raise TwinError(Problem(f"has no column {column!r}", file, suggestion=nearest(column, columns)))
    place = 1 + (columns.index(column) if column else 0)
    pairs = [_pair(row, place, utc_offset_s, file, number) for number, row in rows[1:]]
    if len(pairs) < 2:
        raise TwinError(Problem("is no series", file, expected="two steps or more"))
    seconds = np.array([time for time, _ in pairs], dtype=np.int64)
    _check_steps(seconds, [number for number, _ in rows[1:]], file)
    values = np.array([value for _, value in pairs])
    return Series(TimeAxis(int(seconds[0]), int(seconds[1] - seconds[0]), len(pairs)), values)


def _pair(row: list[str], place: int, utc_offset_s: int | None, file: Path, number: int) -> tuple[int, float]:
    try:
        when, value = datetime.fromisoformat(row[0]), float(row[place])
    except ValueError:
        expected = "a time and a number, such as 2024-01-01T00:00:00+01:00,39.91"
        raise TwinError(Problem(f"{row[0]},{row[place]}", file, f"line {number}", expected)) from None
    if not np.isfinite(value):
        raise TwinError(Problem(f"{row[place]} is no number", file, f"line {number}", "a finite one"))
    if when.tzinfo is not None:
        return int(when.timestamp()), value
    if utc_offset_s is None:
        expected = 'an offset from UTC, such as +01:00, or clock = "+01:00" in the scenario'
        raise TwinError(Problem(f"the time {row[0]} is of no known clock", file, f"line {number}", expected))
    return int(when.replace(tzinfo=UTC).timestamp()) - utc_offset_s, value


def _check_steps(seconds: NDArray[np.int64], lines: list[int], file: Path) -> None:
    """See that times rise in equal steps."""
    steps = np.diff(seconds)
    for k in np.flatnonzero((steps <= 0) | (steps != steps[0]))[:1].tolist():
        when = datetime.fromtimestamp(int(seconds[k + 1]), UTC)
        what = "is out of order" if steps[k] < 0 else "is a duplicate" if steps[k] == 0 else "leaves a gap"
        if steps[k] > 0 and steps[k] < steps[0]:
            what = "comes too early"
        step_s = int(np.abs(steps[0]))
        message = f"the time {when:%Y-%m-%dT%H:%M}Z {what}"
        raise TwinError(Problem(message, file, f"line {lines[k + 1]}", f"steps of {step_s} s throughout"))


def write_series(path: Path, series: Series, column: str, about: list[str], utc_offset_s: int = 0) -> None:
    """Write a series file.

    Parameters
    ----------
    column
        Heading of the numbers; ends in their unit.
    about
        Lines that say where the numbers come from, written as comments.
    utc_offset_s
        The clock that times are written on.
    """
    zone = timedelta(seconds=utc_offset_s)
    sign, minutes = ("-" if utc_offset_s < 0 else "+"), abs(utc_offset_s) // 60
    suffix = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    with path.open("w", newline="", encoding="utf-8") as handle:
        handle.writelines(f"# {line}\n" for line in about)
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["time", column])
        for second, value in zip(series.axis.seconds.tolist(), series.steps.tolist(), strict=True):
            writer.writerow([(datetime(1970, 1, 1) + timedelta(seconds=second) + zone).isoformat() + suffix, value])


def _write_from_hours(
    table: Path,
    out: Path,
    /,
    *,
    column: str,
    start: str,
    name: str,
    about: list[str],
) -> None:
    """Write a series file from a table with one row per hour.

    Parameters
    ----------
    table
        CSV, plain or gzipped, with a header.
    column
        Column to take.
    start
        Start of the first hour in ISO 8601 with its offset from UTC, such as 2024-01-01T00:00:00+01:00.
    name
        Heading to write, such as price_eur_per_mwh.
    about
        Where the numbers come from; may be given more than once.
    """
    with gzip.open(table, "rt", encoding="utf-8") if table.suffix == ".gz" else table.open(encoding="utf-8") as handle:
        values = np.array([float(row[column]) for row in csv.DictReader(handle)])
    first = datetime.fromisoformat(start)
    offset = first.utcoffset()
    if offset is None:
        raise TwinError(Problem(f"start = {start} has no offset from UTC"))
    axis = TimeAxis(int(first.timestamp()), 3600, len(values))
    write_series(out, Series(axis, values), name, about, int(offset.total_seconds()))


if __name__ == "__main__":
    from cyclopts import App

    App(default_command=_write_from_hours)()
