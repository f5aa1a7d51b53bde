"""A file as one CityJSON text, or as the lines of a text sequence as they are unpacked."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from twin.city.source import Source

__all__ = ["split"]

# Bytes reserved at first; only what is written takes memory. The least is what glibc's malloc, once it is freed, keeps
# for whatever is made next (32 MiB at most); the most is the whole of most files, and little of a long sequence.
_LEAST, _MOST = 28 << 20, 1 << 26
_PAGE = 1 << 21


def split(source: Source) -> tuple[memoryview, Iterator[tuple[str, bytes]] | None]:
    """Return the text of a file, or nothing and the lines of a sequence with their places; blank lines are left out.

    A sequence has a whole JSON object on its first line, and more on the others.
    """
    chunks = source.chunks()
    text = _Text(max(_LEAST, min(source.size, _MOST)))
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
    """A text that grows, in large pages of memory, which NumPy asks for: they cost a fraction of small ones."""

    def __init__(self, room: int) -> None:
        self._bytes = _aligned(room)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def append(self, chunk: bytes) -> None:
        """Add to the end."""
        start, self._n = self._n, self._n + len(chunk)
        if self._n > len(self._bytes):
            before, self._bytes = self._bytes, _aligned(2 * self._n)
            self._bytes[:start] = before[:start]
        self._bytes.data[start : self._n] = chunk

    def view(self) -> memoryview:
        """Return the text so far."""
        return self._bytes.data[: self._n].toreadonly()


def _aligned(room: int) -> NDArray[np.uint8]:
    """Return bytes that begin where a large page does."""
    memory = np.empty(room + _PAGE, dtype=np.uint8)
    return memory[-memory.ctypes.data % _PAGE :][:room]


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
