"""The elements of an XML file of any size, one by one as they are completed, from a parser that trusts nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from lxml import etree

from twin.city.citygml.fold import fold
from twin.city.citygml.names import local
from twin.city.source import Source
from twin.errors import TwinError

__all__ = ["MEMBERS", "Element", "Undeclared", "reference_system", "stream"]

Element = etree._Element

_ROOTS = {"CityModel", "FeatureCollection"}

_CROWDS = {"featureMembers", "members"}  # hold any number of objects
MEMBERS = {"cityObjectMember", "featureMember", "member", *_CROWDS}
_WASTE = {"appearanceMember"}
_HOLDERS = ("Member", "member", "Members", "members")  # what holds objects ends like this
_DTD = "the file declares a DOCTYPE; document types (DTD) and any entity of theirs are refused"
_DOCTYPE = re.compile(rb"\s*(?:(?><\?.*?\?>|<!--.*?-->)\s*)*+<!DOCTYPE", re.DOTALL)

# Most of many files is one ``pos`` after another with the same line break and indent in between
_GAP = re.compile(rb"</(\w+:)?pos>(\s+)<\1pos>")
_MAX_GAPS, _LOOKED_AT = 3, 1 << 14  # bytes of each chunk

# An XML declaration that says what holds without it
_DECLARATION = re.compile(
    rb"<\?xml\s+version\s*=\s*(['\"])1\.0\1(?:\s+encoding\s*=\s*(['\"])(?i:utf-8)\2)?"
    rb"(?:\s+standalone\s*=\s*(['\"])(?:yes|no)\3)?\s*\?>"
)

_LEAST = 1 << 15  # bytes fed at a time; whole chunks are faster, as long as few elements come with them
_NAMESPACES = range(200, 210)  # libxml2's XML_NS_ERR codes: the file is well-formed, a prefix is not


reference_system = etree.XPath("string((.//@srsName)[1])", smart_strings=False)  # the first that an element states


class Undeclared(NamedTuple):
    """A prefix that no namespace was declared for."""

    line: int
    message: str


def stream(source: Source, undeclared: list[Undeclared] | None = None) -> Iterator[Element]:
    """Yield the children of the root as they are completed, and forget them afterwards.

    `MEMBERS` hold city objects, ``boundedBy`` the envelope of the model. What has a sibling behind it is complete, so
    the parser need not report every element, which would take it half as long again. A file of any size is read in the
    memory of its largest object; elements that hold many objects are yielded several times, with some of them each.

    Parameters
    ----------
    undeclared
        Is filled with prefixes that were used without a namespace, where the file is well-formed otherwise.

    Raises
    ------
    TwinError
        If the file is no well-formed XML, holds a document type or entities, or is no city model.
    """
    if _DOCTYPE.match(source.head):
        raise source.error(_DTD, "1", "plain CityGML")
    parser, budget = _Parser(source), _Budget(source)
    root = None
    try:
        for root in parser.fed(budget):
            while (first := _first(root)) is not None and first.getnext() is not None:
                if local[first.tag].endswith(_HOLDERS):
                    budget.renew()
                yield parser.clean(first)
                _drop(root, first)
            if first is not None and _is_many(first):
                budget.renew()
                yield from map(parser.clean, _thin_out(first))
            elif first is not None and budget.half_spent and not parser.n_instructions and fold(first):
                budget.renew()
        _check_root(source, parser.close())
    except etree.XMLSyntaxError as error:
        if root is None or not _only_prefixes(parser.errors, undeclared):
            raise _syntax_error(source, error) from error
    if root is not None and (first := _first(root)) is not None:
        yield parser.clean(first)


def _first(root: Element) -> Element | None:
    """Return the first element below the root."""
    return next(root.iterchildren(etree.Element), None)


class _Budget:
    """How many elements may come before an object is complete."""

    def __init__(self, source: Source) -> None:
        self.source, self.limit = source, source.limits.max_elements
        self.renew()

    def renew(self) -> None:
        """Start again, an object being complete."""
        self.bytes = self.tags = 0

    @property
    def half_spent(self) -> bool:
        """Whether it is time to save."""
        return 2 * self.tags > self.limit

    def spend(self, piece: bytes) -> None:
        """Count what was fed to the parser; raise if it is too much."""
        self.bytes += len(piece)
        if self.bytes > self.limit:  # an element has four bytes or more, so below that there is nothing to count
            self.tags += piece.count(b"<")
            if self.tags > self.limit:
                raise self.source.error(f"more than the limit of {self.limit:,} elements in one object")


class _Parser:
    """Feeds a parser piece by piece, and gets hold of the root while that is unfinished.

    A parser that reports elements, if only the root, spends a third of its time on looking at each. So a processing
    instruction of our own takes the place of the XML declaration, where that says nothing: the root stands behind it.

    Attributes
    ----------
    n_instructions
        How many processing instructions the file itself has.
    """

    def __init__(self, source: Source) -> None:
        self.source, self.n_instructions = source, 0
        self._chunks = _with_gaps_closed(source.chunks())
        self._head = next(self._chunks, b"")
        declaration = _DECLARATION.match(self._head)
        if declaration:
            length = declaration.end()
            self._head = b"<?twin" + b" " * (length - 8) + b"?>" + self._head[length:]
        self._mark: Element | None = None
        self._parser = etree.XMLPullParser(
            events=("pi",) if declaration else ("start",),
            tag=None if declaration else [f"{{*}}{name}" for name in _ROOTS],
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=not declaration,
            remove_blank_text=True,
        )

    @property
    def errors(self) -> list[etree._LogEntry]:
        """What the parser found wrong."""
        return list(self._parser.feed_error_log)

    def fed(self, budget: _Budget) -> Iterator[Element]:
        """Feed the parser, and yield the root each time."""
        root = None
        most = max(_LEAST, budget.limit // 2)  # four bytes an element: an eighth of those allowed
        for chunk in chain([self._head], self._chunks):
            size = most if b"<" in chunk else _LEAST  # a text without end is refused the sooner
            for start in range(0, len(chunk), size):
                piece = chunk[start : start + size]
                self._parser.feed(piece)
                budget.spend(piece)
                self._look()
                if root is None and (root := self._root()) is not None:
                    _check_root(self.source, root)
                if root is not None:
                    yield root

    def _look(self) -> None:
        for _, element in self._parser.read_events():
            if self._mark is None:
                self._mark = element
            elif isinstance(element, etree._ProcessingInstruction):
                self.n_instructions += 1

    def _root(self) -> Element | None:
        """Return the root, None if it has not begun: it is what was reported, or stands behind."""
        node = self._mark
        while node is not None and isinstance(node, etree._ProcessingInstruction):
            node = node.getnext()
        return node

    def clean(self, element: Element) -> Element:
        """Return a complete element without processing instructions."""
        if self.n_instructions:
            etree.strip_tags(element, etree.PI)
        return element

    def close(self) -> Element:
        """Return the root of the complete file."""
        return self._parser.close()


def _is_many(holder: Element) -> bool:
    """Tell whether an unfinished element has content that can be taken from it."""
    name = local[holder.tag]
    return (name in _CROWDS and len(holder) > 1) or (name in _WASTE and len(holder) > 0 and len(holder[0]) > 1)


def _thin_out(holder: Element) -> Iterator[Element]:
    """Yield all but the last object of an unfinished element that holds many, or drop all but the last of a waste."""
    if local[holder.tag] in _WASTE:
        del holder[0][:-1]
        return
    some = etree.Element(holder.tag)
    some.extend(holder[:-1])
    yield some


def _drop(root: Element, first: Element) -> None:
    """Free the first child of the root; what nothing else refers to is freed at once."""
    first.clear(keep_tail=True)
    root.remove(first)


def _with_gaps_closed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Make one ``pos`` of many before the parser sees them: half the elements, the same numbers on the same lines."""
    gaps: dict[bytes, bytes] = {}
    for chunk in chunks:
        for gap, blank in gaps.items():
            chunk = chunk.replace(gap, blank)
        while len(gaps) < _MAX_GAPS and (match := _GAP.search(chunk, 0, _LOOKED_AT)):
            gap, blank = match[0], b"\n" * match[2].count(b"\n") or b" "
            gaps[gap] = blank
            chunk = chunk.replace(gap, blank)
        yield chunk


def _check_root(source: Source, element: Element) -> None:
    root = element.getroottree()
    if root.docinfo.doctype:
        raise source.error(_DTD, "1", "plain CityGML")
    name = local[root.getroot().tag]
    if name not in _ROOTS:
        raise source.error(f"this XML file is no city model: it starts with <{name}>", "1", "a CityModel element")


def _only_prefixes(errors: list[etree._LogEntry], undeclared: list[Undeclared] | None) -> bool:
    """Tell whether all that is wrong is prefixes without a namespace, and note them."""
    if not errors or any(entry.type not in _NAMESPACES for entry in errors):
        return False
    if undeclared is not None:
        undeclared += [Undeclared(entry.line, entry.message) for entry in errors]
    return True


def _syntax_error(source: Source, error: etree.XMLSyntaxError) -> TwinError:
    row, column = error.position
    text = str(error.msg).partition(", line ")[0]
    if "entity" in text.lower():
        text += " (entities are refused)"
    return source.error(f"line {row}, column {column}: {text}", f"{row}:{column}", "well-formed XML")
