"""From the text of a CityJSON object or feature to typed documents, with what is wrong named and placed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Raw

from twin.city.cityjson.diagnose import Diagnosis, repeated
from twin.city.cityjson.document import (
    ABSENT,
    OBJECT,
    OBJECT_LOOSE,
    OBJECTS,
    ROOT,
    SERIALS,
    TEXTS,
    CityObject,
    Document,
)
from twin.city.cityjson.header import ROOT_MEMBERS, Header, read_header

__all__ = ["DocumentDecoder"]

_ANY = msgspec.json.Decoder()
_DEFINED = set(CityObject.__struct_encode_fields__)
_FAILURES = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

Objects = dict[str, CityObject]
Members = dict[str, dict[str, Any]]


class DocumentDecoder:
    """Decodes the documents of one file.

    Attributes
    ----------
    header
        Of the latest CityJSON object, None before there is one.
    n_unread
        Members of features that are not read.
    """

    def __init__(self, diagnosis: Diagnosis) -> None:
        self.diagnosis = diagnosis
        self.header: Header | None = None
        self.n_unread = 0

    def __call__(self, text: bytes | memoryview, place: str) -> Document | None:
        """Return a CityJSON object or feature; None after noting a problem."""
        return self._at_once(text, place) or self._piece_by_piece(text, place)

    def _at_once(self, text: bytes | memoryview, place: str) -> Document | None:
        """Return the document, None if anything is odd about it."""
        begun = next(SERIALS)
        try:
            root = ROOT.decode(text)
        except _FAILURES:
            return None
        if next(SERIALS) - begun - 1 != len(root.CityObjects) or "\0" in "".join(root.CityObjects):
            return None
        if root.type == "CityJSON":
            self.header = read_header(root.texts(), place, self.diagnosis)
        elif root.type != "CityJSONFeature" or self.header is None:
            return None
        return Document(place, root.vertices, root.CityObjects)

    def _piece_by_piece(self, text: bytes | memoryview, place: str) -> Document | None:
        """Return the document with members that CityJSON does not define; None after noting what is wrong."""
        members = self.diagnosis.decode(TEXTS.decode, text, place)
        if members is None or not self._is_ours(members, place):
            return None
        missing = [name for name in ("CityObjects", "vertices") if name not in members]
        for name in missing:
            self.diagnosis.problem(f"there is no member {name!r}", f"{place}/{name}", f"a CityJSON object with {name}")
        if missing:
            return None
        objects, more = self._objects(members["CityObjects"], place)
        return Document(place, members["vertices"], objects, more)

    def _is_ours(self, members: dict[str, Raw], place: str) -> bool:
        """Tell whether this is CityJSON; read the header if it is one."""
        kind = self.diagnosis.decode(_ANY.decode, members["type"], f"{place}/type") if "type" in members else ""
        if kind == "CityJSON":
            self.header = read_header(members, place, self.diagnosis)
        elif kind == "CityJSONFeature" and self.header is not None:
            self.n_unread += sum(name not in ROOT_MEMBERS for name in members)
        else:
            what = f"of type {kind!r}" if kind else "without a type"
            self.diagnosis.problem(f"this is JSON {what}, no CityJSON", f"{place}/type", '"CityJSON"')
            return False
        return True

    def _objects(self, text: Raw, place: str) -> tuple[Objects, Members]:
        """Return the objects that can be decoded, with members that CityJSON does not define; note what is wrong."""
        begun = next(SERIALS)
        with suppress(*_FAILURES):
            objects = OBJECTS.decode(text)
            if next(SERIALS) - begun - 1 == len(objects) and "\0" not in "".join(objects):
                return objects, {}
        texts: dict[str, Raw] = self.diagnosis.decode(TEXTS.decode, text, f"{place}/CityObjects") or {}
        here = Document(place, ABSENT, {})
        for identifier in repeated(text, texts):
            self.diagnosis.problem(f"object {identifier} is given twice", here.where(identifier), "unique ids")
        objects, more = {}, {}
        for identifier, one in texts.items():
            if "\0" in identifier:
                what = f"object id {identifier!r} holds a NUL character"
                self.diagnosis.problem(what, here.where(identifier), "printable text")
            try:
                objects[identifier] = OBJECT.decode(one)
            except _FAILURES:
                made = self.diagnosis.decode(OBJECT_LOOSE.decode, one, here.where(identifier))
                if made is not None:
                    objects[identifier] = made
                    more[identifier] = self._more(one, here.where(identifier))
        return objects, more

    def _more(self, text: Raw, place: str) -> dict[str, Any]:
        members = self.diagnosis.decode(TEXTS.decode, text, place) or {}
        return {
            name: self.diagnosis.decode(_ANY.decode, value, f"{place}/{name}")
            for name, value in members.items()
            if name not in _DEFINED
        }
