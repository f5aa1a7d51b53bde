"""A file as one CityJSON text, or as the lines of a text sequence as they are unpacked."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from itertools import chain

from twin.city.source import Source

__all__ = ["split"]


def split(source: Source) -> tuple[bytearray, Iterator[tuple[str, bytes]] | None]:
    """Return the text of a file, or nothing and the lines of a sequence with their places; blank lines are left out.

    A sequence has a whole JSON object on its first line, and more on the others.
    """
    chunks = source.chunks()
    head = bytearray()
    for chunk in chunks:
        head += chunk
        if b"\n" in chunk:
            break
    if head.startswith(BOM_UTF8):
        del head[: len(BOM_UTF8)]
    end = head.find(b"\n")
    if end >= 0 and head[max(end - 64, 0) : end].rstrip().endswith(b"}"):
        while not (behind := head[end:].strip()) and (chunk := next(chunks, b"")):
            head += chunk
        if behind:
            numbered = enumerate(_lines(chain([bytes(head)], chunks)), 1)
            return bytearray(), ((f"line {number}", line) for number, line in numbered if line.strip())
    for chunk in chunks:
        head += chunk
    return head, None


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
