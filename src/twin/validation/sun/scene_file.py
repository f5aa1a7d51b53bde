"""Scenes and weather of solar comparisons as files, and the irradiance that comes of them, whatever their size."""

from __future__ import annotations

import csv
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError
from twin.sun.sight.scene import Scene

__all__ = ["COLUMNS", "ResultFile", "read_hours", "read_scene"]

Floats = NDArray[np.float64]

COLUMNS = {
    "ghi": (-20.0, 2000.0),
    "dni": (-20.0, 2000.0),
    "dhi": (-20.0, 2000.0),
    "zenith": (0.0, 180.0),
    "azimuth": (-180.0, 360.0),
    "ext": (1000.0, 1600.0),
}
"""Columns of a file of hours, and between what they lie: irradiances, W/m2, and where the sun stands, deg.

What instruments measure below zero at night is taken as nothing."""

_IRRADIANCES = ("ghi", "dni", "dhi")
_ARRAYS = {"V": ("f", 2, 3), "F": ("iu", 2, 3), "S": ("iu", 1, None)}


def read_scene(file: Path) -> Scene:
    """Read a scene.

    Parameters
    ----------
    file
        NPZ with ``V``, vertices ``(n, 3)``, m; ``F``, triangles ``(m, 3)`` as rows of V; ``S``, ``(m,)``, the surface
        of each triangle, -1 for what only casts shade.

    Raises
    ------
    TwinError
        For everything that is not as it should be.
    """
    try:
        with file.open("rb") as handle:
            arrays = _arrays(handle)
    except FileNotFoundError:
        raise TwinError(Problem("no such file", file=file)) from None
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError):
        raise TwinError(Problem("is no NPZ file", file=file, expected="NumPy arrays V, F and S")) from None
    with Problems(file) as problems:
        for name, (kinds, dimensions, width) in _ARRAYS.items():
            shape = (
                f"({'n' if name == 'V' else 'm'}{', 3' if width else ''}) {'numbers' if kinds == 'f' else 'integers'}"
            )
            if name not in arrays:
                problems.add(f"has no array {name}", expected=shape)
                continue
            array = arrays[name]
            if array.dtype.kind not in kinds or array.ndim != dimensions or (width and array.shape[-1] != width):
                problems.add(f"is {array.dtype} of shape {array.shape}", name, shape)
    with Problems(file) as problems:
        vertices, triangles, surface = arrays["V"].astype(np.float64), arrays["F"], arrays["S"].astype(np.int64)
        if len(triangles) != len(surface):
            problems.add(f"F has {len(triangles)} triangles, S {len(surface)}", expected="one surface per triangle")
        if not np.isfinite(vertices).all():
            problems.add(f"{int((~np.isfinite(vertices)).sum())} coordinates are not finite", "V")
        if len(triangles) and not (triangles.min() >= 0 and triangles.max() < len(vertices)):
            problems.add(f"points to vertices {triangles.min()} .. {triangles.max()}", "F", f"0 .. {len(vertices) - 1}")
        if not (surface >= 0).any():
            problems.add("no triangle belongs to a surface", "S", "surfaces from 0 on")
    return Scene.of(vertices[triangles], surface, int(surface.max()) + 1)


def _arrays(handle: BinaryIO) -> dict[str, NDArray[Any]]:
    """Return the arrays of an NPZ file; ValueError if it is a single array."""
    found = np.load(handle, allow_pickle=False)
    if isinstance(found, np.ndarray):
        raise ValueError("one array")
    return {name: np.asarray(found[name]) for name in found.files}  # a member may be bytes


def read_hours(file: Path) -> dict[str, Floats]:
    """Read the hours of a year: irradiances and the sun, one row per hour.

    Returns
    -------
    dict
        By `COLUMNS`, each ``(hours,)``.

    Raises
    ------
    TwinError
        For every column that is missing and every cell that is no number or out of bounds.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle)
            names = reader.fieldnames or []
            rows = list(reader)
    except FileNotFoundError:
        raise TwinError(Problem("no such file", file=file)) from None
    except UnicodeDecodeError:
        raise TwinError(Problem("is not UTF-8 text", file=file, expected="a CSV file")) from None
    with Problems(file) as problems:
        for name in COLUMNS:
            if name not in names:
                problems.add(f"has no column {name}", "1", "the columns " + ", ".join(COLUMNS))
        if not rows:
            problems.add("has no rows")
    with Problems(file) as problems:
        hours = {name: _numbers(rows, name, problems) for name in COLUMNS}
    return {name: np.maximum(values, 0.0) if name in _IRRADIANCES else values for name, values in hours.items()}


def _numbers(rows: list[dict[str, str]], name: str, problems: Problems) -> Floats:
    """Return a column as numbers; the first cell that is none, or out of bounds, is a problem."""
    low, high = COLUMNS[name]
    values = np.full(len(rows), np.nan)
    for k, row in enumerate(rows):
        try:
            values[k] = float(row[name])
        except (TypeError, ValueError):
            problems.add(f"{name} is {row[name]!r}", str(k + 2), "a number")
            break
        if not low <= values[k] <= high:
            problems.add(f"{name} is {values[k]:g}", str(k + 2), f"{low:g} .. {high:g}")
            break
    return values


class ResultFile:
    """An NPZ file whose two large arrays are written surface by surface.

    Parameters
    ----------
    ids
        Surfaces, shape ``(k,)``.
    hours
        Number of hours; ``E`` and ``beam`` are ``(k, hours)`` in single precision, W/m2.
    """

    def __init__(self, file: Path, ids: NDArray[np.int64], hours: int) -> None:
        self._file, self._ids, self._hours = file, ids, hours

    def write(
        self, parts: Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]], seconds: dict[str, float]
    ) -> None:
        """Write irradiance and beam of some surfaces after the other, each ``(some, hours)``, then ``seconds``.

        The file appears when it is complete.
        """
        part = self._file.with_name(self._file.name + ".part")
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive, tempfile.TemporaryFile() as beams:
                with archive.open("E.npy", "w", force_zip64=True) as whole:
                    self._header(whole, (len(self._ids), self._hours))
                    for total, beam in parts:
                        whole.write(np.ascontiguousarray(total, dtype=np.float32).data)
                        beams.write(np.ascontiguousarray(beam, dtype=np.float32).data)
                beams.seek(0)
                with archive.open("beam.npy", "w", force_zip64=True) as whole:
                    self._header(whole, (len(self._ids), self._hours))
                    while block := beams.read(1 << 24):
                        whole.write(block)
                for name, array in (("ids", self._ids), *((k, np.array(v)) for k, v in seconds.items())):
                    with archive.open(f"{name}.npy", "w") as whole:
                        np.lib.format.write_array(whole, np.asarray(array), allow_pickle=False)
            part.replace(self._file)
        finally:
            part.unlink(missing_ok=True)

    @staticmethod
    def _header(handle: object, shape: tuple[int, int]) -> None:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(handle, header)  # type: ignore[arg-type]
