"""Attributes of city objects: kept as text, which takes less than Python objects do, until someone asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

__all__ = ["ATTRIBUTES", "Attributes"]

Given = dict[str, Any]
Codes = NDArray[np.uint8]

ATTRIBUTES = msgspec.json.Decoder(Given | None)

_ALL = msgspec.json.Decoder(list[Given | None])
_OBJECT, _LIST, _NULL, _ZERO = (np.uint8(ord(c)) for c in "{[n0")
_LOWER_CASE = np.uint8(ord("a") - ord("A"))
_DEEP = 100  # lists and objects within one another, which are decoded wherever that is called from
_STEP, _LONG = 32, 8  # 8 times 32 digits: fewer than a number beyond all bounds has if it has no exponent


class Attributes:
    """The attributes of objects, one after the other."""

    def __init__(self) -> None:
        self._parts: list[bytes | list[Given]] = []
        self._addresses: dict[int, list[Given]] = {}  # by row
        self._n = 0

    def add(self, texts: Sequence[Raw], addresses: Sequence[Any]) -> list[int]:
        """Put off reading what some objects state; return which of them state what cannot be read.

        Parameters
        ----------
        texts
            Attributes of each object, known to be valid JSON but for characters that are none and numbers beyond all
            bounds.
        addresses
            Of each, None for none; becomes one of its attributes.
        """
        text = b",".join(texts)
        codes: Codes = np.frombuffer(text, dtype=np.uint8)
        sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        first = codes.take(np.cumsum(sizes + 1) - (sizes + 1))
        if ((first == _OBJECT) | (first == _NULL)).all() and not _may_fail(text, codes, len(texts)):
            self._parts.append(text)
        elif wrong := [k for k, one in enumerate(texts) if not _is_readable(one)]:
            return wrong
        else:
            self._parts.append(_read(text))
        if addresses.count(None) < len(addresses):
            kept = {self._n + k: _without_place(address) for k, address in enumerate(addresses)}
            self._addresses |= {row: address for row, address in kept.items() if address}
        self._n += len(texts)
        return []

    def read(self) -> list[Given]:
        """Return the attributes of all objects."""
        attributes: list[Given] = []
        for part in self._parts:
            attributes += _read(part) if isinstance(part, bytes) else part
        for row, address in self._addresses.items():
            attributes[row].setdefault("address", address)
        return attributes


def _read(text: bytes) -> list[Given]:
    return [some or {} for some in _ALL.decode(b"[" + text + b"]")]


def _is_readable(text: Raw) -> bool:
    try:
        ATTRIBUTES.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _may_fail(text: bytes, codes: Codes, n: int) -> bool:
    """Tell whether ``n`` objects or nulls may turn out to be no JSON, or too deep, so that they cannot be put off."""
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            return True
    within = int(np.count_nonzero(codes == _OBJECT)) + int(np.count_nonzero(codes == _LIST))
    digits = codes - _ZERO < 10
    exponents = codes[1:] | _LOWER_CASE == ord("e")
    exponents &= digits[:-1]
    seen = digits[::_STEP]
    between = np.diff(np.flatnonzero(~seen), prepend=-1, append=len(seen))
    return within > n + _DEEP or bool(exponents.any()) or bool((between > _LONG).any())


def _without_place(address: Any) -> list[Given]:
    """Return an address as a list without geometry, empty for none."""
    some = address if isinstance(address, list) else [address]
    return [{k: v for k, v in one.items() if k != "location"} for one in some if isinstance(one, dict)]
