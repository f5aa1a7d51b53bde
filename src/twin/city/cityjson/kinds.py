"""Kinds of thematic surfaces: what geometries say of theirs is read once for all that say the same."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, compress
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.city.found import NOTHING, TYPE_CODES, UNKNOWN_TYPE, Found
from twin.city.geometry.rings import offsets_of, ragged_take

__all__ = ["REMEMBERED", "Kinds", "Memory"]

Ints = NDArray[np.int64]
Lists = tuple[Ints, Ints]  # numbers of several lists one after the other, and how many each list has

REMEMBERED = 20_000  # texts, and kinds of surfaces

_OPENINGS = (TYPE_CODES["Window"], TYPE_CODES["Door"])
_INTERPRETED = {"id", "parent", "children", "twin_type_source"}  # beside the type
_MANY = 2**31
_NONE: Ints = np.zeros(0, dtype=np.int64)
_BLANKS = b" \t\r\n"
_TYPE_OF = itemgetter("type")
_SURFACES = msgspec.json.Decoder(list[dict[str, Any]])
_LISTS = msgspec.json.Decoder(list[list[dict[str, Any]]])


class Memory:
    """Lists of numbers by the text that they are made of: much of what geometries say is the same for many of them."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.known: dict[Any, int] = {}
        self.numbers, self.offsets = _NONE, np.zeros(1, dtype=np.int64)

    def __call__(self, keys: Sequence[Any], parse: Callable[[list[Any]], Lists | None]) -> Lists | None:
        """Return the list of each key, by parsing those not met before; None if one cannot be parsed."""
        rows = list(map(self.known.get, keys))
        if None in rows:
            if len(self.known) > REMEMBERED:
                self._forget()
            unknown = [key for key in dict.fromkeys(keys) if key not in self.known]
            parsed = parse(unknown)
            if parsed is None:
                return None
            self.known.update(zip(unknown, range(len(self.known), len(self.known) + len(unknown)), strict=True))
            self.numbers = np.concatenate([self.numbers, parsed[0]])
            self.offsets = np.concatenate([self.offsets, self.offsets[-1] + offsets_of(parsed[1])[1:]])
            rows = list(map(self.known.__getitem__, keys))
        elements, offsets = ragged_take(self.offsets, np.array(rows, dtype=np.int64))
        return self.numbers[elements], np.diff(offsets)


class Kinds:
    """Kinds of thematic surfaces; kind 0 is that of which nothing is said.

    Attributes
    ----------
    codes, ids, attributes
        Type, identifier and attributes.
    parents
        Place in its geometry's list of the surface that an opening is in, -1 for none, -2 for one that cannot be.
    rich
        Whether there is an identifier or an attribute.
    """

    def __init__(self, found: Found) -> None:
        self.found = found
        self.codes, self.parents, self.rich = array("q", [UNKNOWN_TYPE]), array("q", [-1]), array("b", [0])
        self.ids: list[str] = [""]
        self.attributes: list[Mapping[str, Any]] = [NOTHING]
        self._plain: dict[str, int] = {}  # by type, the kind of a surface without anything else
        self._known: dict[bytes, int] = {}  # by what is between the braces of a surface
        self._memory = Memory()

    def of(self, texts: Sequence[bytes]) -> Lists | None:
        """Return the kinds of the thematic surfaces of each geometry, None if one is odd."""
        return self._memory(texts, self._parse)

    def _parse(self, texts: list[bytes]) -> Lists | None:
        try:
            return self._split(texts) or self._decode(texts)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
            return None

    def _split(self, texts: list[bytes]) -> Lists | None:
        """Return the same for texts cut between ``}`` and ``{``, None if that is not just between two surfaces.

        As no part of a JSON object is one itself, every cut is right if all pieces are objects.
        """
        text = b",".join(texts)
        if len(text.translate(None, _BLANKS)) < len(text):
            text = msgspec.json.format(b"[" + text + b"]", indent=-1)[1:-1]
        if not text.startswith(b"[{") or not text.endswith(b"}]"):
            return None
        counts = _counts(text)
        pieces = text[2:-2].replace(b"}],[{", b"},{").split(b"},{")
        fresh = [piece for piece in dict.fromkeys(pieces) if piece not in self._known]
        if fresh:
            surfaces = _SURFACES.decode(b"[{" + b"},{".join(fresh) + b"}]")
            if len(surfaces) != len(fresh) or len(counts) != len(texts):
                return None
            self._known.update(zip(fresh, self.add(surfaces).tolist(), strict=True))
        kinds = np.fromiter(map(self._known.__getitem__, pieces), dtype=np.int64, count=len(pieces))
        return kinds, counts

    def _decode(self, texts: list[bytes]) -> Lists:
        """Return the same for texts decoded one surface after the other."""
        lists = _LISTS.decode(b"[" + b",".join(texts) + b"]")
        return self.add(list(chain.from_iterable(lists))), np.array(list(map(len, lists)), dtype=np.int64)

    def add(self, surfaces: Sequence[dict[str, Any]]) -> Ints:
        """Return the kinds of surfaces, which lose their type.

        Raises
        ------
        KeyError, TypeError
            If one has no type.
        """
        names = list(map(_TYPE_OF, surfaces))
        for name in dict.fromkeys(names):
            if not isinstance(name, str):
                raise TypeError
            if name not in self._plain:
                self._plain[name] = self._append([self.found.type_code(name)], [NOTHING])
        kinds = np.fromiter(map(self._plain.__getitem__, names), dtype=np.int64, count=len(names))
        more = [len(surface) > 1 for surface in surfaces]
        described = list(compress(surfaces, more))
        if described:
            rows = np.flatnonzero(more)
            kinds[rows] = self._describe_all(described, np.array(self.codes)[kinds[rows]].tolist())
        return kinds

    def _describe_all(self, surfaces: list[dict[str, Any]], codes: list[int]) -> Ints:
        """Return new kinds for surfaces of which more is said than their types."""
        if not _INTERPRETED.isdisjoint(set().union(*surfaces)):
            return np.array([self._describe(*one) for one in zip(surfaces, codes, strict=True)], dtype=np.int64)
        for surface in surfaces:
            del surface["type"]
        first = self._append(codes, surfaces)
        return np.arange(first, first + len(codes))

    def _describe(self, surface: dict[str, Any], code: int) -> int:
        """Return a new kind for a surface of which more is said than its type."""
        attributes = surface.copy()
        del attributes["type"]
        identifier, within = attributes.pop("id", None), attributes.pop("parent", None)
        parent = -1
        if code in _OPENINGS and within is not None:
            parent = within if isinstance(within, int) and 0 <= within < _MANY else -2
        attributes.pop("children", None)
        if attributes.pop("twin_type_source", None) == "derived":
            code = UNKNOWN_TYPE
        kind = self._append([code], [attributes or NOTHING])
        self.parents[kind] = parent
        if isinstance(identifier, str):
            self.ids[kind] = identifier
            self.rich[kind] |= identifier != ""
        return kind

    def _append(self, codes: Sequence[int], attributes: Sequence[Mapping[str, Any]]) -> int:
        """Add kinds without identifiers that are in nothing; return the first."""
        first, n = len(self.ids), len(codes)
        self.codes.extend(codes)
        self.parents.extend([-1] * n)
        self.rich.extend([one is not NOTHING for one in attributes])
        self.ids += [""] * n
        self.attributes += attributes
        return first


def _counts(text: bytes) -> Ints:
    """Return how many surfaces each list in a text like ``[{..},{..}],[{..}]`` has."""
    codes = np.frombuffer(text, dtype=np.uint8)
    closed = np.flatnonzero(codes[:-4] == ord("}"))
    behind = [codes[closed + k] for k in range(1, 5)]
    goes_on = (behind[0] == ord(",")) & (behind[1] == ord("{"))
    ends = np.logical_and.reduce([code == ord(sign) for code, sign in zip(behind, "],[{", strict=True)])
    last = np.flatnonzero(ends[goes_on | ends])
    return np.diff(last, prepend=-1, append=np.count_nonzero(goes_on | ends))
