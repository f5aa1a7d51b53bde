"""Kinds of thematic surfaces: what geometries say of theirs is read once for all that say the same."""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from twin.city.cityjson.pieces import COMMON, Pieces, Unread, plain
from twin.city.found import NOTHING, TYPE_CODES, UNKNOWN_TYPE, Found
from twin.city.lazy import Made

__all__ = ["Kinds", "Said"]

Ints = NDArray[np.int64]
Told = tuple[str, Mapping[str, Any]]  # identifier, and what is said beside type and identifier

_REMEMBERED = 20_000  # texts that differ
_FEW = 10  # surfaces that are decoded as quickly as put off

_OPENINGS = (TYPE_CODES["Window"], TYPE_CODES["Door"])
_MANY = 2**31
_INTERPRETED = (b'"id"', b'"parent"', b'"children"', b'"twin_type_source"', b"\\")  # a name may be written with escapes
_BLANKS = (b" ", b"\n", b"\t", b"\r")
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
class Said:
    """What lists say of their thematic surfaces.

    Attributes
    ----------
    kinds, codes
        Kind and type of every surface.
    counts
        Surfaces of every list.
    """

    kinds: Ints
    codes: Ints
    counts: Ints


class Kinds:
    """Kinds of thematic surfaces; kind 0 is that of which nothing is said.

    What surfaces of common types say beside is decoded when it is first asked for; until then each is a kind of its
    own, with a negative number.

    Attributes
    ----------
    codes, ids, attributes
        Type, identifier, and what is said beside these.
    parents
        Place in its geometry's list of the surface that an opening is in, -1 for none, -2 for one that cannot be.
    with_parents
        Whether some kind has one.
    unread
        What is said by kinds with negative numbers.
    """

    def __init__(self, found: Found) -> None:
        self.found = found
        self.codes, self.parents = array("q", [UNKNOWN_TYPE]), array("q", [-1])
        self.with_parents = False
        self.ids: list[str] = [""]
        self.attributes: list[Mapping[str, Any]] = [NOTHING]
        self.unread = Unread()
        self._codes: dict[str, int] = {}
        self._append([plain(name) for name in COMMON], [{"type": name} for name in COMMON])
        self._common = np.array(self.codes)
        self._forget()

    def _forget(self) -> None:
        self._known, self._first = _Numbering(), len(self.ids)

    def of(self, texts: Sequence[bytes | Raw]) -> Said | None:
        """Return what is said of the thematic surfaces of each geometry, None if one is odd.

        Parameters
        ----------
        texts
            Of each geometry a JSON list of objects, known to be valid JSON.
        """
        try:
            pieces = _pieces(texts)
            said = None if pieces is None else self._cut(pieces)
            return said or self._decode(texts)
        except _ODD:
            return None

    def _cut(self, pieces: Pieces) -> Said | None:
        """Return the same for lists cut at every opening brace, None if some of these are not around surfaces."""
        kinds, codes = pieces.kinds, self._common.take(pieces.kinds)
        late, now = pieces.saying_more()
        rest = pieces.rest(late) if len(late) > _FEW else None
        if rest is None:
            now = np.concatenate([late, now])
        else:
            kinds[late] = -1 - len(self.unread) - np.arange(len(late))
        if len(now):
            decoded = self._of_pieces(pieces.texts(now))
            if decoded is None:
                return None
            kinds[now], codes[now] = decoded, self.codes_of(decoded)
        if rest is not None:
            self.unread.add(rest)
        return Said(kinds, codes, pieces.counts)

    def _decode(self, texts: Sequence[bytes | Raw]) -> Said:
        """Return the same for lists decoded one surface after the other."""
        lists = _LISTS.decode(b"[" + b",".join(texts) + b"]")
        kinds = self.add(list(chain.from_iterable(lists)))
        return Said(kinds, self.codes_of(kinds), np.array(list(map(len, lists)), dtype=np.int64))

    def codes_of(self, kinds: Ints) -> Ints:
        """Return the types of kinds that are decoded."""
        return np.frombuffer(self.codes, dtype=np.int64).take(kinds)

    def parents_of(self, kinds: Ints) -> Ints:
        """Return the parents of kinds; those that are not decoded are no openings."""
        return np.frombuffer(self.parents, dtype=np.int64).take(np.maximum(kinds, 0))

    def told(self) -> tuple[Sequence[str], Sequence[Mapping[str, Any]]]:
        """Return identifiers and attributes by kind; at the end those put off, backwards: of kind -1 the last."""
        if not self.unread:
            return self.ids, self.attributes
        read = Made(partial(_read, self.unread))
        return Made(partial(_all_ids, self.ids, self.unread, read)), Made(
            partial(_all_attributes, self.attributes, read)
        )

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
        within, self.ids[kind] = surface.get("parent"), _take_id(surface)
        if self.codes[kind] in _OPENINGS and within is not None:
            self.parents[kind] = within if isinstance(within, int) and 0 <= within < _MANY else -2
            self.with_parents = True
        if surface.pop("twin_type_source", None) == "derived":
            self.codes[kind] = UNKNOWN_TYPE


def _pieces(texts: Sequence[bytes | Raw]) -> Pieces | None:
    """Return the pieces of lists, with or without blanks between them."""
    pieces = Pieces.of(texts, len(texts))
    if pieces is not None or not any(blank in (text := b",".join(texts)) for blank in _BLANKS):
        return pieces
    return Pieces.of([msgspec.json.format(b"[" + text + b"]", indent=-1)[1:-1]], len(texts))


def _may_say_more(pieces: list[bytes]) -> bool:
    """Tell whether some surface may have a member that we interpret, beside its type."""
    text = b"\0".join(pieces)
    return any(sign in text for sign in _INTERPRETED)


def _take_id(surface: dict[str, Any]) -> str:
    """Take out of a surface its identifier and its relatives; return the identifier, "" for none."""
    identifier = surface.pop("id", None)
    surface.pop("parent", None)
    surface.pop("children", None)
    return identifier if isinstance(identifier, str) else ""


def _read(unread: Unread) -> list[Told]:
    """Return identifiers and attributes that were put off, the last ones first."""
    surfaces, numbers = unread.read()
    told = [(_take_id(surface), surface or NOTHING) for surface in surfaces]
    return [told[number] for number in reversed(numbers)]


def _all_ids(ids: list[str], unread: Unread, read: Sequence[Told]) -> list[str]:
    """Return those known and those put off, which need not be decoded if there are none."""
    return ids + ([identifier for identifier, _ in read] if unread.may_say(b'"id"') else [""] * len(unread))


def _all_attributes(attributes: list[Mapping[str, Any]], read: Sequence[Told]) -> list[Mapping[str, Any]]:
    return attributes + [more for _, more in read]
