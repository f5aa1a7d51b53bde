"""Energy objects as a reader found them: properties, parts and links of any class, before they become tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["EnergyFound", "Item", "Value"]


@dataclass(frozen=True, slots=True)
class Value:
    """A plain property: its text and the unit beside it, "" for none."""

    text: str
    unit: str = ""
    line: int | None = None


@dataclass(slots=True)
class Item:
    """One object of the Energy ADE, a time series, or whatever either holds; names are the file's own, local ones.

    Attributes
    ----------
    kind
        Class, such as ``ThermalZone``.
    id
        Identifier in the file, "" for none.
    values, parts, links
        Property name with what it holds: a value, an object, or the identifier of one elsewhere. In file order.
    geometries
        How many geometries it has, which are not read.
    """

    kind: str
    id: str = ""
    line: int | None = None
    values: list[tuple[str, Value]] = field(default_factory=list)
    parts: list[tuple[str, Item]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    geometries: int = 0

    def value(self, *names: str) -> Value | None:
        """Return the first value of a property that goes by any of the names."""
        return next((value for name, value in self.values if name in names), None)

    def text(self, *names: str) -> str:
        """Return the text of a property, "" if it has none."""
        value = self.value(*names)
        return value.text if value else ""

    def part(self, *kinds: str) -> Item | None:
        """Return the first object right below of any of the classes."""
        return next((part for _, part in self.parts if part.kind in kinds), None)

    def linked(self, *names: str) -> list[str]:
        """Return the identifiers that a property links to."""
        return [target for name, target in self.links if name in names]

    def below(self) -> Iterator[Item]:
        """Yield all objects below, the nearest first of each branch."""
        for _, part in self.parts:
            yield part
            yield from part.below()


@dataclass(slots=True)
class EnergyFound:
    """All energy objects of a file.

    Attributes
    ----------
    hosts
        What a city object or one of its thematic surfaces has of them, by row of the object in `Found` and number of
        the thematic surface, -1 for the object itself. The host's own properties are values, parts, links of the item.
    members
        Objects by themselves: libraries, stations, devices.
    """

    hosts: dict[tuple[int, int], Item] = field(default_factory=dict)
    members: list[Item] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.hosts or self.members)
