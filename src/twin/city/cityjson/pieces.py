"""Thematic surfaces as pieces of text: their types are read off by comparing words, what else they say is put off."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

__all__ = ["COMMON", "Pieces", "Rest", "Unread", "plain"]

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

# Types read off the text, the commonest first: in quotation marks none is longer than two words.
COMMON = ("WallSurface", "RoofSurface", "GroundSurface", "ClosureSurface", "Window", "Door")
_OPENINGS = ("Window", "Door")

_TYPE = b'{"type":'
_BEHIND_OBJECT, _BEHIND_LIST = b"},", b"}],["
_HEAD = b"     }]"
_BEFORE, _AFTER = 8, 24  # bytes of a window around an opening brace: the last ones before it, then three words
_LONGEST = 256  # bytes that a surface put off may have: too few for a number beyond all bounds, if without exponent
_TAIL = b"[{".ljust(_LONGEST)

_ZERO, _LOWER_CASE = np.uint8(ord("0")), np.uint8(ord("a") - ord("A"))
_SURFACES = msgspec.json.Decoder(list[dict[str, Any]])


def plain(name: str) -> bytes:
    """Return what is between the braces of a surface of which nothing but the type is said."""
    return _TYPE[1:] + _quoted(name)


def _quoted(name: str) -> bytes:
    return b'"' + name.encode() + b'"'


def _number(text: bytes) -> int:
    """Return a few bytes as the number they are in memory."""
    return int.from_bytes(text, "little")


def _words(name: str) -> list[tuple[int, int]]:
    """Return for each of two words which bits a name in quotation marks takes of it, and these."""
    quoted = _quoted(name)
    return [(_number(b"\xff" * len(half)), _number(half)) for half in (quoted[:8], quoted[8:])]


_COMMON_WORDS = [_words(name) for name in COMMON]
_PLAIN_SIZES: Ints = np.array([-1, *(len(plain(name)) for name in COMMON)])
_LARGEST: Ints = np.array([-1, *(len(plain(name)) if name in _OPENINGS else _LONGEST for name in COMMON)])


@dataclass(frozen=True, slots=True)
class Pieces:
    """Lists of objects as text, cut at every opening brace.

    Attributes
    ----------
    text
        The lists one after the other, and a little more around them.
    starts, sizes
        Where what is between the braces of each object begins, and how many bytes that is.
    counts
        Objects of every list.
    kinds
        Of each object 1 + the place in `COMMON` of the type that it names first, 0 for all else.
    """

    text: bytes
    starts: Ints
    sizes: Ints
    counts: Ints
    kinds: Ints

    @classmethod
    def of(cls, texts: Sequence[bytes | Raw], n: int) -> Pieces | None:
        """Return the pieces of ``n`` lists in valid JSON; None if some brace has no ``},`` and no ``}],[`` before it.

        Every cut is right unless an opening brace is in a string, as the first object inside another one cannot have
        the end of an object before it. One with ``"type":`` behind it is in none: the quotation mark would end the
        string, and ``t`` cannot follow. If others are, the last such piece of an object is no JSON, as the number of
        its quotation marks is odd; so kind 0 is right only if all such pieces turn out to be objects.
        """
        text = b",".join((_HEAD, *texts, _TAIL))
        places = np.flatnonzero(np.frombuffer(text, dtype=np.uint8)[_BEFORE:] == ord("{"))  # of the windows
        before, *words = np.ascontiguousarray(_windows(text, places, _BEFORE + _AFTER).view("<u8").T)
        lists = np.flatnonzero(before >> 32 == _number(_BEHIND_LIST))
        n_within = np.count_nonzero(before >> 48 == _number(_BEHIND_OBJECT))
        if len(lists) != n + 1 or len(lists) + n_within != len(places):
            return None
        sizes = np.diff(places) - len(_BEHIND_OBJECT) - 1
        sizes[lists[1:] - 1] -= len(_BEHIND_LIST) - len(_BEHIND_OBJECT)
        kinds = _kinds(*(word[:-1] for word in words))
        return cls(text, places[:-1] + _BEFORE + 1, sizes, np.diff(lists), kinds)

    def texts(self, rows: Ints) -> list[bytes]:
        """Return what is between the braces of some objects."""
        return _slices(self.text, self.starts[rows], self.sizes[rows])

    def saying_more(self) -> tuple[Ints, Ints]:
        """Return the rows of objects that say more than a common type: which may be put off, and which may not."""
        more = np.flatnonzero(self.sizes > _PLAIN_SIZES.take(self.kinds))
        late = self.sizes[more] <= _LARGEST.take(self.kinds[more])
        return more[late], more[~late]

    def rest(self, rows: Ints) -> Rest | None:
        """Return what objects say beside their type; None if it is not sure to be of no use and no harm until later."""
        named = _PLAIN_SIZES.take(self.kinds[rows])
        rest = Rest.of(self.text, self.starts[rows] + named, self.sizes[rows] - named)
        if rest.may_have_types() and (self.text.count(b'"type"') != len(self.kinds) or b"\\" in self.text):
            return None
        return rest if rest.is_harmless() else None


@dataclass(frozen=True, slots=True)
class Rest:
    """What objects say beside their type, as text.

    Attributes
    ----------
    text
        What the objects say, among other things.
    starts, sizes
        Where in the text each begins with what it says, and how many bytes that is.
    """

    text: bytes
    starts: Ints
    sizes: Ints

    @classmethod
    def of(cls, text: bytes, starts: Ints, sizes: Ints) -> Rest:
        """Return some parts of a text, and little else if they are of similar sizes."""
        width, n = int(sizes.max()), len(starts)
        if width * n < len(text):
            return cls(_windows(text, starts, width).tobytes(), np.arange(n) * width, sizes)
        return cls(text, starts, sizes)

    def is_harmless(self) -> bool:
        """Tell whether all that is said is sure to be decoded without an error, and need not be known before.

        The text is valid JSON, but for characters that are none and for exponents that are too large.
        """
        text = self.text
        if not text.isascii() or b"\\" in text or (b"_" in text and b'"twin_type_source"' in text):
            return False
        codes = np.frombuffer(text, dtype=np.uint8)
        return not ((codes[:-1] - _ZERO < 10) & (codes[1:] | _LOWER_CASE == ord("e"))).any()

    def may_have_types(self) -> bool:
        """Tell whether some object may have a second type: whether there is a "y" that is not that of ``{"type``."""
        codes = np.frombuffer(self.text, dtype=np.uint8)
        return bool(((codes[3:] == ord("y")) > (codes[:-3] == ord("{"))).any())


class Unread:
    """What objects say beside their type, in the order in which it was put off: decoded when it is asked for."""

    def __init__(self) -> None:
        self._text, self._starts, self._sizes = bytearray(), array("q"), array("H")

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, rest: Rest) -> None:
        """Put off more; into one buffer, as many small ones would be in the way of what is let go of before them."""
        self._starts.frombytes((rest.starts + len(self._text)).tobytes())
        self._sizes.frombytes(rest.sizes.astype(np.uint16).tobytes())
        self._text += rest.text

    def may_say(self, text: bytes) -> bool:
        """Tell whether an object may say this."""
        return text in self._text

    def read(self) -> tuple[list[dict[str, Any]], list[int]]:
        """Return whatever objects say, and which of it each does."""
        starts, sizes = (np.array(places, dtype=np.int64) for places in (self._starts, self._sizes))
        texts = _slices(bytes(self._text), starts, sizes)
        number = {text: k for k, text in enumerate(dict.fromkeys(texts))}
        surfaces = _SURFACES.decode(b'[{"type":0' + b'},{"type":0'.join(number) + b"}]")
        for surface in surfaces:
            del surface["type"]
        return surfaces, [number[text] for text in texts]


def _kinds(head: Words, *name: Words) -> Ints:
    """Return the kinds of objects by the words that they begin with; see `Pieces`."""
    kinds: NDArray[np.uint8] = np.zeros(len(head), dtype=np.uint8)
    left = len(head)
    for kind, parts in enumerate(_COMMON_WORDS, 1):
        same = np.ones(len(head), dtype=np.bool_)
        for word, (mask, part) in zip(name, parts, strict=True):
            same &= word & np.uint64(mask) == part
        kinds += same.view(np.uint8) * np.uint8(kind)
        left -= int(np.count_nonzero(same))
        if left == 0:
            break
    kinds *= head == _number(_TYPE)
    return kinds.astype(np.int64)


def _windows(text: bytes, places: Ints, width: int) -> NDArray[np.uint8]:
    """Return so many bytes from some places on, shape ``(n, width)``."""
    windows = np.ndarray(len(text) - width + 1, f"V{width}", text, strides=(1,))[places]
    return windows.view(np.uint8).reshape(-1, width)


def _slices(text: bytes, starts: Ints, sizes: Ints) -> list[bytes]:
    return [text[start:end] for start, end in zip(starts.tolist(), (starts + sizes).tolist(), strict=True)]
