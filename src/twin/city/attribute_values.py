"""What people write into attributes of buildings - numbers, years, lengths, words - read as arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXACT", "FULLER", "ROUGH", "UNREADABLE", "read_values"]

# How well a value was understood: it says just this; it says this and more, or in another form (a date, feet, the first
# of several); it says about this (a span, "ca."); not at all. Of all but the first the original must be kept.
EXACT, FULLER, ROUGH, UNREADABLE = 0, 1, 2, 3

Values = NDArray[Any]
Quality = NDArray[np.int8]
_Read = tuple[Any, int]

LONGEST_WORD = 200
LARGEST_INTEGER = 1e9

FOOT_M = 0.3048  # international foot
_METRES = {"": 1.0, "m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0}
_FEET = dict.fromkeys(("ft", "foot", "feet", "'", "′", "[ft_i]"), FOOT_M)
_LENGTHS = {**_METRES, **_FEET}

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_PLAIN = re.compile(_NUMBER, re.ASCII)
_WITH_UNIT = re.compile(rf"([+-]?\d+,\d+|{_NUMBER})\s*([A-Za-z'′\[\]_]*)")
_URN_UNIT = re.compile(r".*[:#/]")

# xs:gYear; xs:date, xs:gYearMonth and xs:dateTime; 19550101; 1955/01/01; 1.1.1955; 1/1955
_ZONE = r"(?:Z|[+-]\d\d:\d\d)?"
_PLAIN_YEAR = re.compile(rf"([+-]?\d{{1,9}})(?:\.0*)?{_ZONE}", re.ASCII)
_DATE = re.compile(
    rf"(\d{{4}})-(?:0[1-9]|1[0-2])(?:-\d\d)?(?:T[\d:.]+)?{_ZONE}|(\d{{4}})/\d{{1,2}}(?:/\d{{1,2}})?"
    r"|(\d{4})(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:\d{1,2}[./])?\d{1,2}[./](\d{4})",
    re.ASCII,
)
_SPAN = re.compile(r"(\d{4})\s*(?:-|–|/|\.\.|to|bis)\s*(\d{4}|\d\d)", re.ASCII | re.IGNORECASE)
_DECADE = re.compile(r"(\d{3}0)\s*(?:s|er|'s)", re.ASCII | re.IGNORECASE)
_ABOUT = re.compile(r"(?:ca\.?|circa|c\.|um|about|approx\.?|~|±)\s*|\s*\((?:ca\.?|approx\.?)\)$", re.IGNORECASE)

# Where structured values hold theirs: CityGML 3 heights, INSPIRE dates, codes of PLATEAU converters; how deep at most
_WITHIN = ("#text", "value", "Height", "code", "anyPoint", "end", "beginning", "currentUse")
_DEEPEST = 5


def read_values(raw: Sequence[Any], kind: str) -> tuple[Values, Quality]:
    """Read the values of one attribute.

    Parameters
    ----------
    raw
        As in the file: numbers, texts, lists of which the first counts, structures with a value and a unit.
    kind
        ``year``, ``count`` (whole numbers), ``length`` (metres; feet are converted) or ``word``.

    Returns
    -------
    values
        Shape ``(n,)``: float64, text for words; NaN or "" where unreadable.
    quality
        ``EXACT``, ``FULLER``, ``ROUGH`` or ``UNREADABLE``, shape ``(n,)``.
    """
    types = set(map(type, raw))
    if types <= {int, float} and kind != "word":
        return _numbers(raw, whole=kind != "length")
    one = _READERS[kind]
    if types <= {str}:
        numbers = {text: number for number, text in enumerate(dict.fromkeys(raw))}
        of = np.fromiter(map(numbers.__getitem__, raw), dtype=np.int64, count=len(raw))
        values, quality = _columns([one(text) for text in numbers], kind)
        return values[of], quality[of]
    return _columns([_structured(value, one) for value in raw], kind)


def _numbers(raw: Sequence[Any], whole: bool) -> tuple[Values, Quality]:
    try:
        values = np.array(raw, dtype=np.float64)
    except OverflowError:
        values = np.array([value if abs(value) < LARGEST_INTEGER else np.inf for value in raw], dtype=np.float64)
    good = np.isfinite(values)
    if whole:
        good &= (np.abs(values) < LARGEST_INTEGER) & (np.trunc(values) == values)
    return np.where(good, values, np.nan), np.where(good, EXACT, UNREADABLE).astype(np.int8)


def _columns(read: Sequence[_Read], kind: str) -> tuple[Values, Quality]:
    quality = np.array([how for _, how in read], dtype=np.int8)
    if kind == "word":
        return np.array([value or "" for value, _ in read], dtype=np.str_), quality
    return np.array([np.nan if value is None else value for value, _ in read], dtype=np.float64), quality


def _structured(raw: Any, one: Callable[[str], _Read], depth: int = _DEEPEST) -> _Read:
    """Read a value of any JSON type."""
    if isinstance(raw, (list, dict)):
        inner = raw[0] if isinstance(raw, list) and raw else _within(raw, one) if isinstance(raw, dict) else None
        value, how = (None, UNREADABLE) if inner is None or not depth else _structured(inner, one, depth - 1)
        return value, how if isinstance(raw, list) and len(raw) == 1 else max(how, FULLER)
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        return None, UNREADABLE
    if isinstance(raw, int) and abs(raw) >= LARGEST_INTEGER:
        return None, UNREADABLE
    return one(raw if isinstance(raw, str) else repr(raw))


def _within(raw: dict[str, Any], one: Callable[[str], _Read]) -> Any:
    """Return what a structure holds, a length together with its unit."""
    inner = next((raw[key] for key in _WITHIN if key in raw), None)
    unit = raw.get("uom", raw.get("@uom"))
    if one is _length and isinstance(unit, str) and isinstance(inner, (str, int, float)):
        return f"{inner} {_URN_UNIT.sub('', unit).lstrip('#')}"
    return inner


def _word(text: str) -> _Read:
    text = text.strip()
    return (text, EXACT) if text and len(text) <= LONGEST_WORD else (None, UNREADABLE)


def _count(text: str) -> _Read:
    text = text.strip()
    value = float(text) if _PLAIN.fullmatch(text) else np.nan
    return (value, EXACT) if abs(value) < LARGEST_INTEGER and value == int(value) else (None, UNREADABLE)


def _length(text: str) -> _Read:
    text = text.strip()
    match = _WITH_UNIT.fullmatch(text)
    factor = _LENGTHS.get(match[2].lower()) if match else None
    if match is None or factor is None:
        return None, UNREADABLE
    value = float(match[1].replace(",", ".")) * factor
    if not np.isfinite(value):
        return None, UNREADABLE
    return (value, EXACT) if _PLAIN.fullmatch(text) else (round(value, 6), FULLER)


def _year(text: str) -> _Read:
    text = text.strip()
    if (match := _PLAIN_YEAR.fullmatch(text)) and len(match[1]) < 8:
        return int(match[1]), EXACT
    if match := _DATE.fullmatch(text):
        return int(match[match.lastindex or 0]), FULLER
    return _rough_year(_ABOUT.sub("", text, count=1), bare=len(text))


def _rough_year(text: str, bare: int) -> _Read:
    """Read a span, a decade, or a year from which a word like "about" was taken, by what its length was before."""
    if match := _DECADE.fullmatch(text):
        return int(match[1]) + 5, ROUGH
    if match := _SPAN.fullmatch(text):
        first, last = int(match[1]), int(match[2])
        last += first // 100 * 100 if last < 100 else 0
        return ((first + last) // 2, ROUGH) if first <= last else (None, UNREADABLE)
    if len(text) < bare and (match := _PLAIN_YEAR.fullmatch(text)):
        return int(match[1]), ROUGH
    return None, UNREADABLE


_READERS: dict[str, Callable[[str], _Read]] = {"year": _year, "count": _count, "length": _length, "word": _word}
