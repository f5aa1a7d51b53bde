"""Decimal numbers in text to arrays, without a Python object per number.

Eight digits are converted at once in a 64-bit word (D. Lemire, "Quickly parsing eight digits", 2018); a decimal is its
digits as an integer over a power of ten, which is rounded correctly while both are exact in float64 (W. D. Clinger,
"How to read floating point numbers accurately", PLDI 1990). What is longer than that is left to Python's own float.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Numbers", "iter_numbers", "parse_numbers"]

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

_CHUNK = 1 << 17  # bytes: few enough for the arrays made of them to stay in a cache
_PAD = b" " * 8
_PLAIN = b"0123456789-.,[] \t\n\v\f\r"  # what the fast way knows
_COMMON = np.frombuffer(b", []", dtype=np.uint8)
_BREAK = re.compile(rb"[\s,\[\]]")
_TOKEN = re.compile(rb"[^\s,\[\]]+")
_INTEGER = re.compile(rb"[-+]?\d+")
_NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_ZERO, _NINE, _MINUS, _POINT = (np.uint8(ord(c)) for c in "09-.")
_LONGEST = 18  # digits that are always exact in int64
_EXACT = 2**53  # up to where every integer is exact in float64
_TENS = 10 ** np.arange(_LONGEST + 1)
_POWERS = _TENS.astype(np.float64)  # all exact

# Neighbouring digits to pairs, pairs to fours, fours to eights
_STEPS = [
    tuple(map(np.uint64, step))
    for step in (
        (10 << 8 | 1, 8, 0x00FF00FF00FF00FF),
        (100 << 16 | 1, 16, 0x0000FFFF0000FFFF),
        (10000 << 32 | 1, 32, 0x00000000FFFFFFFF),
    )
]
_DIGITS = np.array(
    [0x0F0F0F0F0F0F0F0F << 8 * (8 - n) & (1 << 64) - 1 for n in range(9)], dtype=np.uint64
)  # last n bytes
_WORD, _BYTE = np.uint64(64), np.uint64(8)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of a piece of text.

    Attributes
    ----------
    values
        int64 if all of them are integers, else float64.
    starts, ends
        Offset of the first byte of each number, its sign included, and of what is behind its last.
    """

    values: NDArray[Any]
    starts: Ints
    ends: Ints

    def shifted(self, by: int) -> Numbers:
        """Return the same with offsets that count from elsewhere."""
        return Numbers(self.values, self.starts + by, self.ends + by) if by else self


def parse_numbers(text: bytes | memoryview) -> tuple[NDArray[Any], Ints]:
    """Return all numbers of a text, each as Python's ``int`` or ``float`` would read it.

    Parameters
    ----------
    text
        Numbers such as ``-12``, ``78248.66`` or ``1.5e-3``, with any of ``,``, ``[``, ``]`` and blanks between them.

    Returns
    -------
    values
        int64 if all of them are integers, else float64.
    starts
        Offset of the first byte of each number, its sign included.

    Raises
    ------
    ValueError
        If something else stands in the text (``NaN`` too), or an integer does not fit 64 bits; names the byte.
    """
    pieces = list(iter_numbers(text))
    none = np.zeros(0, dtype=np.int64)
    return (
        np.concatenate([none, *(piece.values for piece in pieces)]),
        np.concatenate([none, *(piece.starts for piece in pieces)]),
    )


def iter_numbers(text: bytes | memoryview, *, between: bool = True) -> Iterator[Numbers]:
    """Yield the same piece by piece, each with arrays small enough for the cache.

    Parameters
    ----------
    between
        Whether to look at what stands between the numbers. If not, anything without digits, signs, points and letters
        of exponents may, and is the caller's to see to.
    """
    text = memoryview(text)
    at = 0
    while at < len(text):
        stop = _break(text, at + _CHUNK)
        piece = bytes(text[at:stop])
        yield (_parse_plain(piece, between) or _parse_each(piece, at)).shifted(at)
        at = stop


def _break(text: memoryview, at: int) -> int:
    """Return the first place from ``at`` on where no number is cut in two."""
    while at < len(text):
        if match := _BREAK.search(text[at : at + 4096]):
            return at + match.start()
        at += 4096
    return len(text)


def _parse_plain(piece: bytes, between: bool) -> Numbers | None:
    """Return numbers without exponents; None if one is written in an unusual way."""
    runs = _Runs.of(piece)
    if runs.longest > _LONGEST or not (runs.are_plain() if between else b"e" not in piece and b"E" not in piece):
        return None
    signed, pointed = b"-" in piece, b"." in piece
    if not signed and not pointed:
        return Numbers(runs.values(), runs.starts, runs.ends)
    before = runs.codes.take(runs.starts + (len(_PAD) - 1))
    if signed and not _signs_are_plain(runs, before):
        return None
    if pointed:
        return _decimals(runs, before)
    return _with_signs(runs.values(), before == _MINUS, runs.starts, runs.ends)


def _with_signs(values: NDArray[Any], negative: Flags, starts: Ints, ends: Ints) -> Numbers:
    np.negative(values, out=values, where=negative)
    return Numbers(values, starts - negative, ends)


@dataclass(frozen=True, slots=True)
class _Runs:
    """Runs of digits in a piece of text.

    Attributes
    ----------
    piece
        The text.
    codes
        Its bytes after eight blanks, and before at least eight.
    starts, ends
        Offset of the first digit of each run in the piece, and of what is behind its last.
    lengths
        How many digits each has.
    """

    piece: bytes
    codes: Bytes
    starts: Ints
    ends: Ints
    lengths: Ints

    @classmethod
    def of(cls, piece: bytes) -> _Runs:
        """Find the runs."""
        codes = np.frombuffer(b"".join((_PAD, piece, _PAD, b" " * (-len(piece) % 8))), dtype=np.uint8)
        digit = (codes[len(_PAD) - 1 : len(_PAD) + len(piece) + 1] - _ZERO) < 10
        edges = np.flatnonzero(digit[1:] != digit[:-1])
        starts, ends = edges[0::2].copy(), edges[1::2].copy()
        return cls(piece, codes, starts, ends, ends - starts)

    @property
    def longest(self) -> int:
        """Digits of the longest run."""
        return int(self.lengths.max()) if len(self.lengths) else 0

    def are_plain(self) -> bool:
        """Tell whether all bytes between the runs are among those that the fast way knows."""
        n = len(self.piece) - int(self.lengths.sum())
        for code in _COMMON:
            n -= int(np.count_nonzero(self.codes[len(_PAD) : len(_PAD) + len(self.piece)] == code))
            if not n:
                return True
        return not self.piece.translate(None, _PLAIN)

    def values(self) -> Ints:
        """Return the value of every run, which have at most 18 digits."""
        if self.longest <= 8:
            return self._eight(self.ends, self.lengths)
        values = self._eight(self.ends, np.minimum(self.lengths, 8))
        for done in (8, 16):
            rows = np.flatnonzero(self.lengths > done)
            more = self._eight(self.ends[rows] - done, np.minimum(self.lengths[rows] - done, 8))
            values[rows] += more * _TENS[done]
        return values

    def _eight(self, ends: Ints, lengths: Ints) -> Ints:
        """Return the value of 1 to 8 digits up to each end.

        The eight bytes are put together of the two aligned words they lie in: NumPy takes from unaligned arrays many
        times slower.
        """
        words = self.codes.view("<u8")
        row = ends >> 3
        shift: Words = ends.view(np.uint64) & np.uint64(7)
        shift *= _BYTE
        value: Words = words.take(row)  # the blanks before the piece are a word, so this is the word before the end's
        value >>= shift
        upper = words[1:].take(row)
        upper <<= np.subtract(_WORD, shift, out=shift)  # by 64 leaves nothing of it
        value |= upper
        value &= _DIGITS.take(lengths)
        for factor, bits, mask in _STEPS:
            value *= factor
            value >>= bits
            value &= mask
        return value.view(np.int64)


def _signs_are_plain(runs: _Runs, before: Bytes) -> bool:
    """Tell whether every minus sign stands between a separator and a digit."""
    signed = runs.starts[before == _MINUS]
    earlier = runs.codes[signed + (len(_PAD) - 2)]
    from_minus_to_nine = earlier - _MINUS <= _NINE - _MINUS
    return len(signed) == np.count_nonzero(runs.codes == _MINUS) and not from_minus_to_nine.any()


def _points_are_plain(runs: _Runs, behind_point: Flags) -> bool:
    """Tell whether every point stands between two digits, one in a number."""
    rows = np.flatnonzero(behind_point)
    if not len(rows) or len(rows) != np.count_nonzero(runs.codes == _POINT) or rows[0] == 0:
        return False
    joined = runs.ends[rows - 1] == runs.starts[rows] - 1
    return bool(joined.all()) and not behind_point[rows - 1].any()


def _decimals(runs: _Runs, before: Bytes) -> Numbers | None:
    """Return numbers of which some have a point; None if one is written in an unusual way."""
    behind_point = before == _POINT
    if not _points_are_plain(runs, behind_point):
        return None
    first, second, number = _by_number(behind_point)
    values, places = runs.values(), np.zeros(len(behind_point), dtype=np.int64)[first]
    places[number] = runs.lengths[second]
    if (runs.lengths[first] + places).max() > _LONGEST:
        return None
    digits = values[first] * _TENS.take(places)
    digits[number] += values[second]
    ends = runs.ends[first].copy()
    ends[number] = runs.ends[second]
    found = _with_signs(digits / _POWERS.take(places), before[first] == _MINUS, runs.starts[first], ends)
    if digits.max() > _EXACT:
        long = np.flatnonzero(digits > _EXACT)
        spans = zip(found.starts[long].tolist(), found.ends[long].tolist(), strict=True)
        found.values[long] = [float(runs.piece[start:end]) for start, end in spans]
    return found


def _by_number(behind_point: Flags) -> tuple[Any, Any, Any]:
    """Return which runs begin a number, which end one behind its point, and of which number each of these is."""
    second = np.flatnonzero(behind_point)
    if 2 * len(second) == len(behind_point):
        return slice(0, None, 2), slice(1, None, 2), slice(None)
    return np.flatnonzero(~behind_point), second, second - np.arange(1, len(second) + 1)


def _parse_each(piece: bytes, offset: int) -> Numbers:
    """Return numbers one by one; ``offset`` is that of the piece, for messages."""
    values: list[int | float] = []
    spans = []
    for match in _TOKEN.finditer(piece):
        token = match[0]
        if not _NUMBER.fullmatch(token):
            raise ValueError(f"{token[:20].decode('utf-8', 'replace')!r} at byte {offset + match.start()} is no number")
        value = int(token) if len(token) < 25 and _INTEGER.fullmatch(token) else float(token)
        if not -(2**63) <= value < 2**63 and _INTEGER.fullmatch(token):
            raise ValueError(f"the integer at byte {offset + match.start()} is out of range")
        values.append(value)
        spans.append(match.span())
    kind = np.int64 if all(isinstance(value, int) for value in values) else np.float64
    starts, ends = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    return Numbers(np.array(values, dtype=kind), starts, ends)
