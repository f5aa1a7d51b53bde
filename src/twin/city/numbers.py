"""Decimal numbers in text to arrays, without a Python object per number.

Eight digits are converted at once in a 64-bit word (D. Lemire, "Quickly parsing eight digits", 2018); a decimal is its
digits as an integer over a power of ten, which is rounded correctly while both are exact in float64 (W. D. Clinger,
"How to read floating point numbers accurately", PLDI 1990). What is longer than that is left to Python's own float.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["parse_numbers"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

_CHUNK = 1 << 17  # bytes; about what fits a cache with the arrays made of it
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
    text = memoryview(text)
    values: list[NDArray[Any]] = [np.zeros(0, dtype=np.int64)]
    starts: list[Ints] = [np.zeros(0, dtype=np.int64)]
    at = 0
    while at < len(text):
        stop = _break(text, at + _CHUNK)
        piece = bytes(text[at:stop])
        some, places = _parse_plain(piece) or _parse_each(piece, at)
        values.append(some)
        starts.append(places + at)
        at = stop
    return np.concatenate(values), np.concatenate(starts)


def _break(text: memoryview, at: int) -> int:
    """Return the first place from ``at`` on where no number is cut in two."""
    while at < len(text):
        if match := _BREAK.search(text[at : at + 4096]):
            return at + match.start()
        at += 4096
    return len(text)


def _parse_plain(piece: bytes) -> tuple[NDArray[Any], Ints] | None:
    """Return values and places of numbers without exponents; None if one is written in an unusual way."""
    padded = b"".join((_PAD, piece, _PAD))
    codes = np.frombuffer(padded, dtype=np.uint8)
    digit = (codes[len(_PAD) - 1 : 1 - len(_PAD)] - _ZERO) < 10
    edges = np.flatnonzero(digit[1:] != digit[:-1])
    starts = edges[0::2].copy()  # of every run of digits
    lengths = edges[1::2] - starts
    if not _is_plain(piece, codes, len(piece) - int(lengths.sum())):
        return None
    if b"-" not in piece and b"." not in piece:
        few = not len(lengths) or lengths.max() <= _LONGEST
        return (_integers(padded, starts, lengths), starts) if few else None
    before = codes[starts + (len(_PAD) - 1)]
    behind_point = before == _POINT
    if not _signs_are_plain(codes, starts, before):
        return None
    if not behind_point.any():
        if b"." in piece or (len(lengths) and lengths.max() > _LONGEST):
            return None
        values, negative = _integers(padded, starts, lengths), before == _MINUS
        np.negative(values, out=values, where=negative)
        return values, starts - negative
    if not _points_are_plain(codes, starts, lengths, behind_point):
        return None
    return _decimals(piece, starts, lengths, before, behind_point)


def _is_plain(piece: bytes, codes: Bytes, n: int) -> bool:
    """Tell whether the ``n`` bytes that are no digits are all among those that the fast way knows."""
    for code in _COMMON:
        n -= int(np.count_nonzero(codes[len(_PAD) : -len(_PAD)] == code))
        if not n:
            return True
    return not piece.translate(None, _PLAIN)


def _signs_are_plain(codes: Bytes, starts: Ints, before: Bytes) -> bool:
    """Tell whether every minus sign stands between a separator and a digit."""
    signed = starts[before == _MINUS]
    earlier = codes[signed + (len(_PAD) - 2)]
    from_minus_to_nine = earlier - _MINUS <= _NINE - _MINUS
    return len(signed) == np.count_nonzero(codes == _MINUS) and not from_minus_to_nine.any()


def _points_are_plain(codes: Bytes, starts: Ints, lengths: Ints, behind_point: Flags) -> bool:
    """Tell whether every point stands between two digits, one in a number."""
    rows = np.flatnonzero(behind_point)
    if len(rows) != np.count_nonzero(codes == _POINT) or rows[0] == 0:
        return False
    joined = starts[rows - 1] + lengths[rows - 1] == starts[rows] - 1
    return bool(joined.all()) and not behind_point[rows - 1].any()


def _decimals(
    piece: bytes, starts: Ints, lengths: Ints, before: Bytes, behind_point: Flags
) -> tuple[Floats, Ints] | None:
    """Return values and places of numbers of which some have a point, from their runs of digits."""
    first, second = np.flatnonzero(~behind_point), np.flatnonzero(behind_point)
    places = np.zeros(len(first), dtype=np.int64)
    places[second - np.arange(1, len(second) + 1)] = lengths[second]
    lengths = lengths[first] + places
    if lengths.max() > _LONGEST:
        return None
    starts, negative = starts[first], before[first] == _MINUS
    without_points = b"".join((_PAD, piece.translate(None, b"."), _PAD))
    digits = _integers(without_points, starts - (first - np.arange(len(first))), lengths)
    values: Floats = digits / _POWERS[places]
    np.negative(values, out=values, where=negative)
    starts -= negative
    for row in np.flatnonzero(digits > _EXACT).tolist():
        match = _TOKEN.match(piece, int(starts[row]))
        assert match is not None
        values[row] = float(match[0])
    return values, starts


def _integers(padded: bytes, starts: Ints, lengths: Ints) -> Ints:
    """Return the value of every run of at most 18 digits, ``starts`` being counted without the padding."""
    words: Ints = np.ndarray(len(padded) - 7, "<i8", padded, strides=1)[len(_PAD) :]  # eight bytes from each byte on
    values = _eight_digits(words[starts], np.minimum(lengths, 8))
    rows, done = np.flatnonzero(lengths > 8), 8
    while len(rows):
        more = np.minimum(lengths[rows] - done, 8)
        values[rows] = values[rows] * _TENS[more] + _eight_digits(words[starts[rows] + done], more)
        done += 8
        rows = rows[lengths[rows] > done]
    return values


def _eight_digits(words: Ints, lengths: Ints) -> Ints:
    """Return the value of the first 1 to 8 bytes of every word, which are digits; changes the words."""
    words <<= 64 - 8 * lengths  # digits to the end, zeros before them
    words &= 0x0F0F0F0F0F0F0F0F
    for factor, shift, mask in ((10, 8, 0x00FF00FF00FF00FF), (100, 16, 0x0000FFFF0000FFFF), (10000, 32, 0xFFFFFFFF)):
        words *= factor << shift | 1  # neighbouring digits to pairs, pairs to fours, fours to eights
        words >>= shift
        words &= mask
    return words


def _parse_each(piece: bytes, offset: int) -> tuple[NDArray[Any], Ints]:
    """Return values and places of numbers, one by one."""
    values: list[int | float] = []
    starts = []
    for match in _TOKEN.finditer(piece):
        token = match[0]
        if not _NUMBER.fullmatch(token):
            raise ValueError(f"{token[:20].decode('utf-8', 'replace')!r} at byte {offset + match.start()} is no number")
        value = int(token) if len(token) < 25 and _INTEGER.fullmatch(token) else float(token)
        if not -(2**63) <= value < 2**63 and _INTEGER.fullmatch(token):
            raise ValueError(f"the integer at byte {offset + match.start()} is out of range")
        values.append(value)
        starts.append(match.start())
    kind = np.int64 if all(isinstance(value, int) for value in values) else np.float64
    return np.array(values, dtype=kind), np.array(starts, dtype=np.int64)
