"""A file as one CityJSON text, or as the lines of a text sequence as they are unpacked."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from itertools import chain

import numpy as np

from twin.city.source import Source

__all__ = ["split"]

_ROOM = 1 << 26  # bytes reserved at first: the whole of most files, and little of a long sequence


def split(source: Source) -> tuple[memoryview, Iterator[tuple[str, bytes]] | None]:
    """Return the text of a file, or nothing and the lines of a sequence with their places; blank lines are left out.

    A sequence has a whole JSON object on its first line, and more on the others.
    """
    chunks = source.chunks()
    text = _Text(min(source.size, _ROOM))
    end, behind = -1, b""  # of the first line, and what follows it
    for chunk in chunks:
        if (at := chunk.find(b"\n")) >= 0:
            end, behind = len(text) + at, chunk[at:].strip()
        text.append(chunk)
        if end >= 0:
            break
    if end >= 0 and bytes(text.view()[max(end - 64, 0) : end]).rstrip().endswith(b"}"):
        while not behind and (chunk := next(chunks, b"")):
            text.append(chunk)
            behind = chunk.strip()
        if behind:
            numbered = enumerate(_lines(chain([bytes(_without_mark(text.view()))], chunks)), 1)
            return memoryview(b""), ((f"line {number}", line) for number, line in numbered if line.strip())
    for chunk in chunks:
        text.append(chunk)
    return _without_mark(text.view()), None


class _Text:
    """A text that grows; NumPy asks for large pages of memory, which come at a fraction of the cost of small ones."""

    def __init__(self, room: int) -> None:
        self._bytes = np.empty(room, dtype=np.uint8)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def append(self, chunk: bytes) -> None:
        """Add to the end."""
        start, self._n = self._n, self._n + len(chunk)
        if self._n > len(self._bytes):
            before, self._bytes = self._bytes, np.empty(2 * self._n, dtype=np.uint8)
            self._bytes[:start] = before[:start]
        self._bytes.data[start : self._n] = chunk

    def view(self) -> memoryview:
        """Return the text so far."""
        return self._bytes.data[: self._n].toreadonly()


def _without_mark(text: memoryview) -> memoryview:
    return text[len(BOM_UTF8) :] if bytes(text[: len(BOM_UTF8)]) == BOM_UTF8 else text


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    pieces: list[bytes] = []
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        pieces.append(first)
        if others:
            yield b"".join(pieces)
            yield from others[:-1]
            pieces = [others[-1]]
    yield b"".join(pieces)
