"""A file as a bounded stream of bytes: unpacked on the way, counted against limits, never trusted."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from twin.errors import Problem, TwinError, nearest

__all__ = ["Limits", "Source"]

_CHUNK = 1 << 18
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"

# What people hand over by mistake, by its first bytes.
_MISTAKEN = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"PK\x03\x04": "a ZIP archive",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "an SQLite database",
    b"\x1f\x8b": "a gzip file within a gzip file",
    b"\x7fELF": "a program",
    b"PAR1": "a Parquet file",
    b"\x89HDF": "an HDF5 file",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a reader takes on before it refuses a file.

    Parameters
    ----------
    max_bytes
        Unpacked size.
    max_ratio
        Unpacked to packed size, looked at from ``free_bytes`` on. City models measure about 10 to 40; the bombs that
        XML and gzip allow, a thousand.
    max_elements
        XML tags held at once, before a building is complete.
    """

    max_bytes: int = 8 * 2**30
    max_ratio: float = 200.0
    free_bytes: int = 16 * 2**20
    max_elements: int = 1_000_000


class Source:
    """A readable file that holds something, plain or gzipped.

    Attributes
    ----------
    size
        Bytes of the file, as packed.
    taken
        How many of them have been read by the latest pass.

    Raises
    ------
    TwinError
        If it is missing, a folder, unreadable or empty.
    """

    def __init__(self, path: str | os.PathLike[str], limits: Limits | None = None) -> None:
        self.path = Path(path)
        self.limits = limits or Limits()
        self._must_exist()
        self.size, self.taken = self.path.stat().st_size, 0
        self.head = next(iter(self.chunks()), b"").removeprefix(_BOM)[:4096]
        if not self.head.strip():
            raise self.error("the file is empty", expected="a CityGML or CityJSON file")

    def __str__(self) -> str:
        return str(self.path)

    def error(self, message: str, place: str | None = None, expected: str | None = None) -> TwinError:
        """Return an error about this file."""
        return TwinError(Problem(message, self.path, place, expected))

    def _must_exist(self) -> None:
        if self.path.is_dir():
            raise self.error("this is a folder", expected="a CityGML or CityJSON file")
        if not self.path.exists():
            folder = self.path.parent
            near = nearest(self.path.name, [other.name for other in folder.iterdir()]) if folder.is_dir() else None
            raise TwinError(Problem("there is no such file", self.path, suggestion=near))

    def mistaken_for(self) -> str | None:
        """Say what this is if it clearly is no city file, by its first bytes."""
        for magic, what in _MISTAKEN.items():
            if self.head.startswith(magic):
                return what
        start = self.head.lstrip()[:400].lower()
        if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start:
            return "an HTML page, perhaps an error message of a download"
        return None

    def chunks(self) -> Iterator[bytes]:
        """Yield the unpacked content piece by piece.

        Raises
        ------
        TwinError
            If the content grows beyond the limits, or the compressed data is damaged.
        """
        try:
            with self.path.open("rb") as raw:
                packed = raw.read(2) == _GZIP
                raw.seek(0)
                size = os.fstat(raw.fileno()).st_size
                stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
                for chunk in self._counted(stream, size if packed else None):
                    self.taken = raw.tell()
                    yield chunk
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise self.error(f"the gzip data is damaged ({error})") from error
        except OSError as error:
            raise self.error(f"cannot be read ({error.strerror or error})") from error

    def _counted(self, stream: IO[bytes], packed: int | None) -> Iterator[bytes]:
        limits, total = self.limits, 0
        while chunk := stream.read(_CHUNK):
            total += len(chunk)
            if total > limits.max_bytes:
                raise self.error(f"the size limit of {limits.max_bytes:,} bytes is exceeded")
            if packed and total > max(limits.free_bytes, limits.max_ratio * packed):
                raise self.error(
                    f"{packed:,} packed bytes unpack to more than {total:,}: "
                    f"the ratio is above the limit of {limits.max_ratio:g}"
                )
            yield chunk

    def read(self) -> bytes:
        """Return the whole unpacked content, without a byte order mark."""
        return b"".join(self.chunks()).removeprefix(_BOM)
