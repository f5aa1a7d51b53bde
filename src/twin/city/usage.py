"""From the codes and words a file gives for the use of a building to our usage classes, by published code lists."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DWELLINGS",
    "CodeList",
    "Stated",
    "Uses",
    "code_lists",
    "main_use",
    "other_use",
    "standing",
    "usage_class",
    "usage_classes",
]

Texts = NDArray[np.str_]

RESIDENTIAL, UNHEATED = "RESIDENTIAL", "UNHEATED"
DWELLINGS = (RESIDENTIAL, "MULTI_RES", "SINGLE_RES")

_LISTS = (
    "adv_functions",
    "adv_structures",
    "sig3d_functions",
    "sig3d_classes",
    "plateau_usage",
    "bag_gebruiksdoel",
    "inspire_current_use",
    "osm_building",
    "common_words",
)
# Four digits alone may be CityGML's own list or the German cadastre's; CityGML's is the one to assume.
_CITYGML, _CADASTRE = "sig3d_functions", "adv_functions"

_LONGEST_CODE = 200
_BETWEEN_CODES = re.compile(r"[,;|]")
_BETWEEN_PARTS = re.compile(r"[/#:]")
_NUMBERED = re.compile(r"(?:\d+_)+(?=[A-Za-z])")  # the Spanish cadastre's "4_1_office"
_WITHIN = ("#text", "currentUse", "code", "value", "href", "@href")  # where structured values hold their code


@dataclass(frozen=True)
class CodeList:
    """A published list of codes or words for the use of buildings.

    Attributes
    ----------
    key
        Name of its file in the catalogue.
    name, publisher, source, checked
        Where it is from, and how far our transcription was compared with it.
    code_space
        Matches within the ``codeSpace`` of an attribute that uses the list, "" if the list has words only.
    country
        Where it is used, "" if anywhere.
    form, short_form
        What a code looks like; the first group is its entry. The short form alone does not tell the list.
    unmistakable
        Whether the form alone tells the list, wherever and under whatever code space.
    four_digits
        Whether functions in it may be four digits and nothing else, as in another list.
    fields
        Attributes whose codes it may hold: ``function``, ``usage``, ``class``.
    codes, names
        Usage class by code and by word; "" for what says nothing of the use.
    spans
        Whether a code that is not listed takes the class of the nearest one below, from ``first`` to ``last``.
    otherwise
        Class of the codes of its form that are not listed, "" for none.
    mixed
        By code, the class of the other use of buildings that the code says to have two.
    """

    key: str
    name: str
    publisher: str
    source: str
    checked: str
    code_space: str = ""
    country: str = ""
    form: str = ""
    short_form: str = ""
    unmistakable: bool = False
    four_digits: bool = False
    fields: Sequence[str] = ()
    spans: bool = False
    first: int = 0
    last: int = 0
    otherwise: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    mixed: Mapping[str, str] = field(default_factory=dict)

    def holds(self, space: str) -> bool:
        """Tell whether a code space is that of this list."""
        return bool(self.code_space) and bool(re.search(self.code_space, space, re.IGNORECASE))

    def entry(self, code: str, short: bool) -> str | None:
        """Return what stands for a code in the list, None if the code does not look like one of its."""
        for form in (self.form, self.short_form if short else ""):
            if form and (match := re.fullmatch(form, code)):
                return match[1]
        return None

    def look_up(self, entry: str) -> str | None:
        """Return the usage class of an entry, "" if it says nothing of the use, None if it is not in the list."""
        if entry in self.codes:
            return self.codes[entry]
        if self.spans and self.first <= int(entry) <= self.last:
            starts, classes = self._starts
            return classes[bisect_right(starts, int(entry)) - 1]
        return self.otherwise or None

    @cached_property
    def _starts(self) -> tuple[list[int], list[str]]:
        listed = sorted((int(code), name) for code, name in self.codes.items())
        return [code for code, _ in listed], [name for _, name in listed]


@cache
def code_lists() -> Mapping[str, CodeList]:
    """Return the code lists of the catalogue by key."""
    folder = files("twin.city") / "catalogue"
    return {key: CodeList(key, **tomllib.loads((folder / f"{key}.toml").read_text("utf-8"))) for key in _LISTS}


@cache
def _words() -> Mapping[str, str]:
    return {_plain(word): name for one in code_lists().values() for word, name in one.names.items()}


def _plain(word: str) -> str:
    """Return a word without case, spaces and marks, so that spellings of one thing agree."""
    return "".join(c for c in unicodedata.normalize("NFKC", word).casefold() if c.isalnum())


def usage_class(
    code: Any, space: str | None = None, field: str = "function", country: str = "", four_digits: str = _CITYGML
) -> str | None:
    """Return the usage class of one code or word.

    Parameters
    ----------
    code
        As in the file: a code, a word, the address of an entry, or several separated by commas.
    space
        The ``codeSpace`` stated beside it. Of a list we do not know, only words and prefixed codes are understood.
    field
        The attribute it stands in: ``function``, ``usage`` or ``class``.
    country
        Where the city lies, as far as its reference system tells (`twin.city.crs.country`); rules out lists of others.
    four_digits
        List of four digits without code space: ``sig3d_functions`` (CityGML 2, annex C) or ``adv_functions`` (ALKIS).

    Returns
    -------
    str or None
        One of `twin.city.model.USAGE_CLASSES`; "" if the code is known to say nothing of the use; None if unknown.
    """
    return main_use(_one(text, space or "", field, country, four_digits) for text in _codes(code))


def other_use(code: Any, field: str = "function") -> str | None:
    """Return the usage class of the other use of a building that has two: a code may say so, or there may be several.

    Parameters
    ----------
    code, field
        As in `usage_class`.

    Returns
    -------
    str or None
        A class that is heated and holds no dwellings, beside the main one; None if there is none.
    """
    texts = _codes(code)
    main = main_use(_one(text, "", field, "", _CITYGML) for text in texts)
    others = [_mixed(text) for text in texts] + [_one(text, "", field, "", _CITYGML) for text in texts]
    return next((one for one in others if one and standing(one) == 1 and one != main), None)


def _mixed(text: str) -> str | None:
    """Return the other use that a list knows a code for, if the code can be of no other list."""
    for one in code_lists().values():
        entry = one.entry(text, short=False) if one.unmistakable else None
        if entry is not None:
            return one.mixed.get(entry)
    return None


def main_use(classes: Iterable[str | None]) -> str | None:
    """Return the class that stands for several: dwellings first, then what is heated, then the first known."""
    found = [one for one in classes if one is not None]
    return min(found, key=standing, default=None)


def standing(one: str) -> int:
    """Return the place of a class among several of one building, the lowest counts."""
    return 0 if one in DWELLINGS else 1 if one and one != UNHEATED else 2 if one else 3


def _codes(raw: Any, depth: int = 5) -> list[str]:
    """Return the codes within a value: of lists, of structures, of a text that holds several."""
    if isinstance(raw, dict):
        inner = next((raw[key] for key in _WITHIN if key in raw), None)
        return _codes(inner, depth - 1) if depth else []
    if isinstance(raw, (list, tuple)):
        return [code for one in raw for code in _codes(one, depth - 1)] if depth else []
    if isinstance(raw, bool) or not isinstance(raw, (str, int)):
        return []
    text = str(raw).strip()[:_LONGEST_CODE]
    if _plain(text) in _words() or not _BETWEEN_CODES.search(text):
        return [text] if text else []
    return [part.strip() for part in _BETWEEN_CODES.split(text) if part.strip()]


def _one(text: str, space: str, field: str, country: str, four_digits: str) -> str | None:
    if "://" in text or text.startswith("urn:"):
        *before, text = _BETWEEN_PARTS.split(text.rstrip("/#:"))
        space = space or "/".join(before)
    word = _words().get(_plain(_NUMBERED.sub("", text)))
    if word is not None:
        return word
    for one in code_lists().values():
        stated = one.holds(space)
        local = not one.country or not country or one.country == country
        assumed = not space and local and (not one.four_digits or one.key == four_digits)
        entry = one.entry(text, short=stated or assumed) if stated or assumed or one.unmistakable else None
        if entry is not None and (stated or field in one.fields):
            return one.look_up(entry)
    return None


# --- whole files ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stated:
    """What objects state in one attribute: values, None where absent, and code spaces, None where not stated."""

    field: str
    values: Sequence[Any]
    spaces: Sequence[Any]


@dataclass(frozen=True)
class Uses:
    """Usage classes of objects, "" where unknown, and how many objects have codes that are in no list we know."""

    classes: Texts
    unknown: Counter[str]
    first_unknown: int | None


def usage_classes(stated: Sequence[Stated], n: int, country: str = "") -> Uses:
    """Return the usage class of every object.

    The first attribute that tells wins; a residential building is a house or flats if a later one says so.
    Codes of four digits without code space are of CityGML's list, unless the German cadastre's knows more of those in
    the file, or as many and the city may lie in Germany.

    Parameters
    ----------
    stated
        The attributes in the order in which they count; the class of an object, ``class``, is never missed.
    n
        Number of objects.
    country
        As in `usage_class`.
    """
    classes = np.zeros(n, dtype="U16")
    unread: dict[int, str] = {}
    four_digits = _four_digits(stated, country)
    for one in stated:
        found = np.zeros(n, dtype="U16")
        memo: dict[tuple[str, str | None], str | None] = {}
        for row, (value, space) in enumerate(zip(one.values, one.spaces, strict=True)):
            if value is None:
                continue
            key = (value if type(value) is str else repr(value), space if type(space) is str else None)
            if key not in memo:
                memo[key] = usage_class(value, key[1], one.field, country, four_digits)
            known = memo[key]
            if known:
                found[row] = known
            elif known is None and one.field != "class":
                unread.setdefault(row, str(key[0])[:40])
        narrower = (classes == RESIDENTIAL) & np.isin(found, DWELLINGS)
        classes = np.where((classes == "") | narrower, found, classes)
    missed = [(row, text) for row, text in unread.items() if not classes[row]]
    return Uses(classes, Counter(text for _, text in missed), min((row for row, _ in missed), default=None))


def _four_digits(stated: Sequence[Stated], country: str) -> str:
    """Return the list that codes of four digits are of, by what is known of those in the file."""
    lists = code_lists()
    seen = {
        code
        for one in stated
        if one.field != "class"
        for value, space in zip(one.values, one.spaces, strict=True)
        if value is not None and not space
        for code in ([value] if type(value) is str else _codes(value))
        if len(code) == 4 and code.isdecimal()
    }
    known = {key: sum(lists[key].look_up(code) is not None for code in seen) for key in (_CITYGML, _CADASTRE)}
    more = known[_CADASTRE] - known[_CITYGML]
    return _CADASTRE if country in ("", "DE") and (more > 0 or (more == 0 and country == "DE")) else _CITYGML
