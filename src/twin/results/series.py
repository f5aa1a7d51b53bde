"""Hourly series in NetCDF, written window by window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.groups import QUARTER
from twin.engine.time import TimeAxis
from twin.quantities import QUANTITIES

__all__ = ["QUARTER", "SeriesFile", "StoredSeries"]

_CHUNK = (876, 100)  # steps and entities that are compressed together
_BUFFER_BYTES = 16 * 1024**2  # of each full series: a chunk is compressed once, when all its steps are there


class _Buffer:
    """Steps of a series that are not in the file yet, up to the end of a chunk."""

    def __init__(self, chunk: int, shape: Sequence[int]) -> None:
        self.chunk, self.first, self.n = chunk, 0, 0
        self.values = np.empty((chunk, *shape), dtype=np.float32)

    @property
    def is_full(self) -> bool:
        """Whether a chunk ends here."""
        return (self.first + self.n) % self.chunk == 0

    def take(self, values: NDArray[np.float64]) -> int:
        """Take in steps as far as there is room; return how many."""
        taken = min(len(values), self.chunk - (self.first + self.n) % self.chunk)
        self.values[self.n : self.n + taken] = values[:taken]
        self.n += taken
        return taken


class SeriesFile:
    """``series.nc`` of one option: the quarter's series always, and full series per entity or group where asked.

    A level is an entity set, or ``group:<column>``; variables are named ``<level>_<quantity>``, with an
    underscore for the colon.

    CF conventions; float32, filled with NaN until written, so that a hole can never pass for a zero.

    Parameters
    ----------
    path
        File to create.
    axes
        The steps counted: one stretch of time, or the typical weeks that stand for it.
    weights
        How many times each stretch counts, shape ``(len(axes),)``.
    """

    def __init__(self, path: Path, axes: Sequence[TimeAxis], weights: Sequence[float]) -> None:
        import h5netcdf

        self.axes = tuple(axes)
        self._n = sum(axis.n for axis in axes)
        self._buffers: dict[str, _Buffer] = {}
        self._file: Any = h5netcdf.File(path, "w")
        self._file.attrs["Conventions"] = "CF-1.11"
        self._file.dimensions = {"time": self._n}
        seconds = np.concatenate([axis.seconds for axis in axes])
        times = self._file.create_variable("time", ("time",), "int64", data=seconds)
        times.attrs.update(
            {
                "units": "seconds since 1970-01-01 00:00:00",
                "calendar": "standard",
                "long_name": "start of the step, UTC",
            }
        )

        if any(weight != 1.0 for weight in weights):
            counts = np.repeat(np.asarray(weights, dtype=float), [axis.n for axis in axes])
            weight = self._file.create_variable("weight", ("time",), "float64", data=counts)
            weight.attrs.update({"units": "1", "long_name": "how many times the step counts"})

    def __enter__(self) -> SeriesFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for name in self._buffers:
            self._empty(name)
        self._file.close()

    def add(self, level: str, ids: Sequence[str], quantities: Sequence[str]) -> None:
        """Make room for the full series of some quantities of a level, unless there is already."""
        entity = _in_file(level)
        if entity not in self._file.dimensions:
            self._file.dimensions[entity] = len(ids)
            labels = np.array([str(i) for i in ids], dtype="S")
            self._file.create_variable(f"{entity}_id", (entity,), labels.dtype, data=labels)
        steps = max(1, min(_CHUNK[0], self._n, _BUFFER_BYTES // (4 * max(1, len(ids)))))
        chunks = (steps, min(max(1, _CHUNK[0] * _CHUNK[1] // steps), max(1, len(ids))))
        for quantity in quantities:
            if f"{entity}_{quantity}" not in self._file.variables:
                self._variable(f"{entity}_{quantity}", quantity, ("time", entity), chunks)

    def write(self, level: str, quantity: str, window: TimeAxis, values: NDArray[np.float64]) -> None:
        """Write one window of a series: ``(step, entity)``, or ``(step, 1)`` of the quarter as a whole."""
        name, first = f"{_in_file(level)}_{quantity}", self._row(window)
        shown, buffer = values[:, 0] if level == QUARTER else values, self._buffers[name]
        if first != buffer.first + buffer.n:  # another stretch of time, or a stretch again
            self._empty(name)
            buffer.first = first
        while len(shown):
            taken = buffer.take(shown)
            if buffer.is_full:
                self._empty(name)
            shown = shown[taken:]

    def _empty(self, name: str) -> None:
        """Write what a buffer holds to the file."""
        buffer = self._buffers[name]
        if buffer.n:
            self._file[name][buffer.first : buffer.first + buffer.n] = buffer.values[: buffer.n]
            self._file.flush()
        buffer.first, buffer.n = buffer.first + buffer.n, 0

    def add_totals(self, quantities: Iterable[str]) -> None:
        """Make room for the quarter's series: sums over all entities, or means of intensive quantities."""
        for quantity in quantities:
            if f"{QUARTER}_{quantity}" not in self._file.variables:
                self._variable(f"{QUARTER}_{quantity}", quantity, ("time",), (min(_CHUNK[0], self._n),))

    def _row(self, window: TimeAxis) -> int:
        """Return the row of a window's first step."""
        before = 0
        for axis in self.axes:
            if axis.start <= window.start < axis.end:
                return before + (window.start - axis.start) // axis.step_s
            before += axis.n
        raise ValueError(f"{window} is not counted")

    def _variable(self, name: str, quantity: str, dims: tuple[str, ...], chunks: tuple[int, ...]) -> None:
        variable = self._file.create_variable(
            name, dims, "float32", fillvalue=np.float32(np.nan), compression="gzip", shuffle=True, chunks=chunks
        )
        self._buffers[name] = _Buffer(chunks[0], [self._file.dimensions[d].size for d in dims[1:]])
        declared = QUANTITIES[quantity]
        variable.attrs.update({"units": declared.unit, "long_name": declared.meaning})


def _in_file(level: str) -> str:
    """Return the name of a level as CF allows it."""
    return level.replace(":", "_")


class StoredSeries(Mapping[str, NDArray[np.float64]]):
    """The quarter's series of a finished option by quantity, read from its file when asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __getitem__(self, quantity: str) -> NDArray[np.float64]:
        import h5netcdf

        with h5netcdf.File(self.path, "r") as file:
            if f"{QUARTER}_{quantity}" not in file.variables:
                raise KeyError(quantity)
            return np.asarray(file[f"{QUARTER}_{quantity}"][:], dtype=np.float64)

    def __iter__(self) -> Iterator[str]:
        import h5netcdf

        with h5netcdf.File(self.path, "r") as file:
            names = list(file.variables)
        yield from (name.removeprefix(f"{QUARTER}_") for name in names if name.startswith(f"{QUARTER}_"))

    def __len__(self) -> int:
        return sum(1 for _ in self)
