"""Hourly series in NetCDF, written window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.time import TimeAxis
from twin.quantities import QUANTITIES

__all__ = ["SeriesFile"]

_CHUNK = (876, 100)


class SeriesFile:
    """``series.nc`` of one option: the quarter's series always, and full series per entity where asked.

    CF conventions; float32, filled with NaN until written, so that a hole can never pass for a zero.

    Parameters
    ----------
    path
        File to create.
    axis
        The steps counted.
    """

    def __init__(self, path: Path, axis: TimeAxis) -> None:
        import h5netcdf

        self.axis = axis
        self._file: Any = h5netcdf.File(path, "w")
        self._file.attrs["Conventions"] = "CF-1.11"
        self._file.dimensions = {"time": axis.n}
        times = self._file.create_variable("time", ("time",), "int64", data=axis.seconds)
        times.attrs.update(
            {
                "units": "seconds since 1970-01-01 00:00:00",
                "calendar": "standard",
                "long_name": "start of the step, UTC",
            }
        )

    def __enter__(self) -> SeriesFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._file.close()

    def add(self, entity: str, ids: Sequence[str], quantities: Sequence[str]) -> None:
        """Make room for the full series of some quantities of an entity set."""
        if entity not in self._file.dimensions:
            self._file.dimensions[entity] = len(ids)
            labels = np.array([str(i) for i in ids], dtype="S")
            self._file.create_variable(f"{entity}_id", (entity,), labels.dtype, data=labels)
        chunks = (min(_CHUNK[0], self.axis.n), min(_CHUNK[1], len(ids)))
        for quantity in quantities:
            self._variable(f"{entity}_{quantity}", quantity, ("time", entity), chunks=chunks)

    def write(self, entity: str, quantity: str, window: TimeAxis, values: NDArray[np.float64]) -> None:
        """Write one window ``(step, entity)`` of a full series."""
        first = (window.start - self.axis.start) // self.axis.step_s
        self._file[f"{entity}_{quantity}"][first : first + window.n] = values.astype(np.float32)
        self._file.flush()

    def write_totals(self, series: Mapping[str, NDArray[np.float64]]) -> None:
        """Write the quarter's series: sums over all entities, or means of intensive quantities."""
        for quantity, values in series.items():
            self._variable(f"quarter_{quantity}", quantity, ("time",))[:] = values.astype(np.float32)

    def _variable(self, name: str, quantity: str, dims: tuple[str, ...], **how: Any) -> Any:
        variable = self._file.create_variable(
            name, dims, "float32", fillvalue=np.float32(np.nan), compression="gzip", shuffle=True, **how
        )
        declared = QUANTITIES[quantity]
        variable.attrs.update({"units": declared.unit, "long_name": declared.meaning})
        return variable
