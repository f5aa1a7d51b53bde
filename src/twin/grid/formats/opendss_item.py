"""An element of an OpenDSS script as written: its assignments in order, and what single values mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from twin.errors import Problems
from twin.grid.formats.opendss_elements import Place, Terminal
from twin.grid.formats.opendss_script import Value

__all__ = ["DELTA", "YES", "Assignment", "Item"]

T = TypeVar("T")
_LEAST = 1e-12  # of numbers that are positive, in their unit
DELTA = dict.fromkeys(("delta", "d", "ll"), True) | dict.fromkeys(("wye", "y", "ln"), False)
YES = {"yes": True, "y": True, "true": True, "t": True, "no": False, "n": False, "false": False, "f": False}


@dataclass(frozen=True, slots=True)
class Assignment:
    """A property and its value; ``edit`` numbers the command it stands in."""

    name: str
    value: Value
    edit: int


@dataclass
class Item:
    """An element as written: all that is assigned to it, in order."""

    kind: str
    name: str
    place: Place
    problems: Problems
    assignments: list[Assignment] = field(default_factory=list)
    enabled: bool = True

    def refuse(
        self, message: str, place: Place | None = None, expected: str | None = None, near: str | None = None
    ) -> None:
        """Note what is wrong with it."""
        where = place or self.place
        self.problems.add(f"{self.kind} {self.name}: {message}", where.where, expected, near, file=where.file)

    def get(self, one: Assignment, read: Callable[[], T], otherwise: T, expected: str) -> T:
        """Return what a value means; if it means nothing, note that and return something else."""
        try:
            return read()
        except (ValueError, KeyError, ZeroDivisionError):
            self.refuse(f"{one.name} is {one.value.text!r}", one.value.place, expected)
            return otherwise

    def number(self, one: Assignment, positive: bool = False) -> float:
        """Return a number."""
        found = self.get(one, one.value.number, 1.0, "a number")
        if positive and not found > _LEAST:
            self.refuse(f"{one.name} is {one.value.text!r}", one.value.place, "a positive number")
            return 1.0
        return found

    def count(self, one: Assignment) -> int:
        """Return a whole number from 1 upwards."""
        found = self.number(one, positive=True)
        if found != int(found):
            self.refuse(f"{one.name} is {one.value.text!r}", one.value.place, "a whole number")
        return max(1, int(found))

    def terminal(self, one: Assignment) -> Terminal:
        """Return a bus with its nodes."""
        expected = "a bus and its nodes, such as 671.1.2.3"
        return self.get(one, lambda: Terminal.parse(one.value.word), Terminal(one.value.word), expected)

    def choice(self, one: Assignment, words: Mapping[str, T], otherwise: T) -> T:
        """Return what a word stands for."""
        return self.get(one, lambda: words[one.value.word], otherwise, "one of " + ", ".join(words))
