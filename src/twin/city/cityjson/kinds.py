"""Kinds of thematic surfaces: what geometries say of theirs is read once for all that say the same."""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from twin.city.found import NOTHING, TYPE_CODES, UNKNOWN_TYPE, Found

__all__ = ["Kinds", "Lists"]

Ints = NDArray[np.int64]
Lists = tuple[Ints, Ints]  # numbers of several lists one after the other, and how many each list has

_REMEMBERED = 20_000  # texts that differ

_OPENINGS = (TYPE_CODES["Window"], TYPE_CODES["Door"])
_MANY = 2**31
_INTERPRETED = (b'"id"', b'"parent"', b'"children"', b'"twin_type_source"', b"\\")  # a name may be written with escapes
_BLANKS = (b" ", b"\n", b"\t", b"\r")
_OPEN, _CLOSE = (np.uint8(ord(c)) for c in "{}")
_TYPE = b'"type":"'
_PAD = b" " * 16

# Types that most surfaces have without saying more; the name and its closing quote take two overlapping words
_COMMON = ("WallSurface", "RoofSurface", "GroundSurface", "ClosureSurface")
_ODD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, TypeError)


_TYPE_OF = itemgetter("type")
_SURFACES = msgspec.json.Decoder(list[dict[str, Any]])
_LISTS = msgspec.json.Decoder(list[list[dict[str, Any]]])


class _Numbering(dict[bytes, int]):
    """Numbers texts from 0 as they are asked for."""

    def __missing__(self, text: bytes) -> int:
        self[text] = number = len(self)
        return number


@dataclass(frozen=True, slots=True)
class _Braces:
    """Where objects stand in a text of lists of objects, such as ``[{..},{..}],[{..}]``.

    Attributes
    ----------
    starts, ends
        Places of the opening and of the closing brace of each.
    counts
        Objects of every list.
    words
        Eight bytes from each byte of the text on.
    """

    starts: Ints
    ends: Ints
    counts: Ints
    words: Ints

    @classmethod
    def of(cls, text: bytes) -> _Braces | None:
        """Return the places, None if a brace stands anywhere else."""
        codes = np.frombuffer(text, dtype=np.uint8)
        starts, ends = np.flatnonzero(codes == _OPEN), np.flatnonzero(codes == _CLOSE)
        if not (text.startswith(b"[{") and text.endswith(b"}]") and len(starts) == len(ends)):
            return None
        gaps = starts[1:] - ends[:-1]
        last = np.flatnonzero(gaps == len("}],[{") - 1)
        goes_on = np.count_nonzero(gaps == len("},{") - 1)
        behind = [codes[ends[last] + k] == ord(sign) for k, sign in enumerate("],[", 1)]
        if goes_on + len(last) != len(gaps) or (ends < starts).any() or not np.logical_and.reduce(behind).all():
            return None
        padded = text + _PAD
        words: Ints = np.ndarray(len(padded) - 7, "<i8", padded, strides=1)
        return cls(starts, ends, np.diff(last, prepend=-1, append=len(gaps)), words)


def _plain(name: str) -> bytes:
    """Return what is between the braces of a surface of which nothing but the type is said."""
    return _TYPE + name.encode() + b'"'


def _word(text: bytes) -> int:
    """Return the first eight bytes of a text as a number."""
    return int.from_bytes(text[:8], "little", signed=True)


class Kinds:
    """Kinds of thematic surfaces; kind 0 is that of which nothing is said.

    Attributes
    ----------
    codes, ids, attributes
        Type, identifier, and what is said beside these.
    parents
        Place in its geometry's list of the surface that an opening is in, -1 for none, -2 for one that cannot be.
    """

    def __init__(self, found: Found) -> None:
        self.found = found
        self.codes, self.parents = array("q", [UNKNOWN_TYPE]), array("q", [-1])
        self.ids: list[str] = [""]
        self.attributes: list[Mapping[str, Any]] = [NOTHING]
        self._codes: dict[str, int] = {}
        self._append([_plain(name) for name in _COMMON], [{"type": name} for name in _COMMON])
        self._forget()

    def _forget(self) -> None:
        self._known, self._first = _Numbering(), len(self.ids)

    def of(self, texts: Sequence[bytes | Raw]) -> Lists | None:
        """Return the kinds of the thematic surfaces of each geometry, None if one is odd.

        Parameters
        ----------
        texts
            Of each geometry a JSON list of objects, known to be valid JSON.
        """
        text = b",".join(texts)
        try:
            if any(blank in text for blank in _BLANKS):
                text = msgspec.json.format(b"[" + text + b"]", indent=-1)[1:-1]
            return self._cut(text, len(texts)) or self._decode(text)
        except _ODD:
            return None

    def _cut(self, text: bytes, n: int) -> Lists | None:
        """Return the same for ``n`` lists cut at every brace, None if those are not just around surfaces."""
        braces = _Braces.of(text)
        if braces is None or len(braces.counts) != n:
            return None
        kinds, left = self._common(braces)
        if len(left):
            bounds = zip((braces.starts[left] + 1).tolist(), braces.ends[left].tolist(), strict=True)
            more = self._of_pieces([text[start:end] for start, end in bounds])
            if more is None:
                return None
            kinds[left] = more
        return kinds, braces.counts

    def _common(self, braces: _Braces) -> tuple[Ints, Ints]:
        """Return the kinds of surfaces of which nothing is said but a common type, and the rows of all others."""
        starts, ends, words = braces.starts, braces.ends, braces.words
        kinds = np.zeros(len(starts), dtype=np.int64)
        plain, head, tail = words[starts + 1] == _word(_TYPE), words[starts + 9], words[ends - 8]
        for kind, name in enumerate(_COMMON, 1):
            piece = _plain(name)
            same = plain & (ends - starts == len(piece) + 1) & (head == _word(piece[8:])) & (tail == _word(piece[-8:]))
            kinds[same] = kind
        return kinds, np.flatnonzero(kinds == 0)

    def _decode(self, text: bytes) -> Lists:
        """Return the same for lists decoded one surface after the other."""
        lists = _LISTS.decode(b"[" + text + b"]")
        return self.add(list(chain.from_iterable(lists))), np.array(list(map(len, lists)), dtype=np.int64)

    def add(self, surfaces: Sequence[dict[str, Any]]) -> Ints:
        """Return the kinds of surfaces.

        Raises
        ------
        KeyError, TypeError
            If one has no type.
        """
        kinds = self._of_pieces([json.dumps(surface).encode()[1:-1] for surface in surfaces])
        assert kinds is not None
        return kinds

    def _of_pieces(self, pieces: list[bytes]) -> Ints | None:
        """Return the kinds of surfaces by what is between their braces; None if that is not an object for each.

        As no part of a JSON object is one itself, every cut is right if all pieces are objects.
        """
        if len(self._known) > _REMEMBERED:
            self._forget()
        known, before = self._known, len(self._known)
        kinds = np.array(list(map(known.__getitem__, pieces)), dtype=np.int64) + self._first
        if len(known) == before:
            return kinds
        fresh = list(known)[before:]
        try:
            surfaces = _SURFACES.decode(b"[{" + b"},{".join(fresh) + b"}]")
            if len(surfaces) == len(fresh):
                self._append(fresh, surfaces)
                return kinds
        except _ODD:
            self._forget()
            raise
        self._forget()
        return None

    def _append(self, pieces: list[bytes], surfaces: list[dict[str, Any]]) -> None:
        """Add kinds of surfaces by what is between their braces, and as it is decoded."""
        first, names = len(self.ids), list(map(_TYPE_OF, surfaces))
        for name in dict.fromkeys(names):
            if not isinstance(name, str):
                raise TypeError
            self._codes.setdefault(name, self.found.type_code(name))
        self.codes.extend(map(self._codes.__getitem__, names))
        self.parents.extend([-1] * len(names))
        self.ids += [""] * len(names)
        for kind, surface in enumerate(surfaces, first) if _may_say_more(pieces) else ():
            self._interpret(kind, surface)
        for surface in surfaces:
            del surface["type"]
        self.attributes += [surface or NOTHING for surface in surfaces]

    def _interpret(self, kind: int, surface: dict[str, Any]) -> None:
        """Take out of a surface what we know the meaning of."""
        identifier, within = surface.pop("id", None), surface.pop("parent", None)
        surface.pop("children", None)
        if isinstance(identifier, str):
            self.ids[kind] = identifier
        if self.codes[kind] in _OPENINGS and within is not None:
            self.parents[kind] = within if isinstance(within, int) and 0 <= within < _MANY else -2
        if surface.pop("twin_type_source", None) == "derived":
            self.codes[kind] = UNKNOWN_TYPE


def _may_say_more(pieces: list[bytes]) -> bool:
    """Tell whether some surface may have a member that we interpret, beside its type."""
    text = b"\0".join(pieces)
    return any(sign in text for sign in _INTERPRETED)
