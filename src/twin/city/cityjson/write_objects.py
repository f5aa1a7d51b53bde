"""The objects of a city as CityJSON: classes, parents and children, attributes and whatever else came with them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.attributes import stated
from twin.city.cityjson.write_header import PREFIX
from twin.city.model import City
from twin.errors import Problem, TwinError
from twin.table import Table

__all__ = ["Tree", "entries"]

Ints = NDArray[np.int64]

# Classes of CityJSON 2.0: those that stand by themselves, and those that need a parent
_FIRST = {"Bridge", "Building", "CityFurniture", "CityObjectGroup", "GenericCityObject", "LandUse", "OtherConstruction"}
_FIRST |= {"PlantCover", "Railway", "Road", "SolitaryVegetationObject", "TINRelief", "TransportSquare", "Tunnel"}
_FIRST |= {"WaterBody", "Waterway"}
_SECOND = {"BuildingPart", "BuildingStorey", "BuildingUnit"}
_SECOND |= {f"Building{x}" for x in ("ConstructiveElement", "Furniture", "Installation", "Room")}
_SECOND |= {f"Bridge{x}" for x in ("ConstructiveElement", "Furniture", "Installation", "Part", "Room")}
_SECOND |= {f"Tunnel{x}" for x in ("ConstructiveElement", "Furniture", "HollowSpace", "Installation", "Part")}

_RENAMED = {"+GenericCityObject": "GenericCityObject"}  # an extension in 1.1, a class of the core in 2.0
_ADDRESSED = {"Building", "BuildingPart", "BuildingUnit", "Bridge", "BridgePart"}
_OURS = {"type", "address", "attributes", "children", "children_roles", "parents", "geometry"}
_GROUP = "CityObjectGroup"  # which calls its children members in 1.0


@dataclass(frozen=True, slots=True)
class Tree:
    """All objects of a city, numbered: buildings by row, then parts, then all else.

    Attributes
    ----------
    types
        Class, as the CityJSON 2.0 schema calls it.
    parents
        Number of the parent, -1 for none.
    roots
        Number of the object at the top.
    n_bounded
        How many buildings and parts there are.
    groups
        By number of a CityObjectGroup, the numbers of its members and the roles they have, "" for none.
    """

    ids: list[str]
    types: list[str]
    parents: Ints
    roots: Ints
    n_bounded: int
    groups: Mapping[int, list[tuple[int, str]]]

    @classmethod
    def of(cls, city: City) -> Tree:
        """Number the objects of a city.

        Raises
        ------
        TwinError
            If two objects have one identifier.
        """
        n = len(city.buildings)
        ids, types, parents = city.buildings.ids.tolist(), ["Building"] * n, np.full(n, -1, dtype=np.int64)
        if "building_part" in city.tables:
            parts = city.table("building_part")
            ids, types = ids + parts.ids.tolist(), types + ["BuildingPart"] * len(parts)
            parents = np.concatenate([parents, parts["building"]])
        n_bounded, number = len(ids), {}
        if "city_object" in city.tables:
            others = city.table("city_object")
            ids, types = ids + others.ids.tolist(), types + [_class_name(name) for name in others["type"].tolist()]
            number = {identifier: row for row, identifier in enumerate(ids)}
            of_others = [number.get(name, -1) if name else -1 for name in others["parent"].tolist()]
            parents = np.concatenate([parents, np.array(of_others, dtype=np.int64)])
        _must_differ(ids)
        groups = {k: _members(city, ids[k], k, number, parents) for k, kind in enumerate(types) if kind == _GROUP}
        return cls(ids, types, parents, _roots(parents), n_bounded, groups)

    def tables(self, city: City) -> list[Table]:
        """Return the tables whose rows are the objects, in order."""
        return [city.tables[name] for name in ("building", "building_part", "city_object") if name in city.tables]

    def order(self) -> Ints:
        """Return the objects in the order of a file: every building followed by its parts, then all else."""
        numbers = np.arange(len(self.ids))
        return np.lexsort([numbers, np.where(numbers < self.n_bounded, self.roots, len(numbers))])

    def features(self) -> tuple[Ints, list[list[int]]]:
        """Return the feature of every object, and the objects of every feature, one without a parent first.

        A feature is an object with all its descendants; a group and its members are one feature.
        """
        feature = _numbered(self._joined_by_groups() if self.groups else self.roots)
        gathered: list[list[int]] = [[] for _ in range(int(feature.max(initial=-1)) + 1)]
        for number, of in enumerate(feature.tolist()):
            gathered[of].append(number)
        in_group = {member for members in self.groups.values() for member, _ in members}
        heads = [next((k for k in some if self.parents[k] < 0 and k not in in_group), some[0]) for some in gathered]
        return feature, [[head, *(k for k in some if k != head)] for head, some in zip(heads, gathered, strict=True)]

    def _joined_by_groups(self) -> Ints:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        ties = [(group, member) for group, members in self.groups.items() for member, _ in members]
        ties += list(enumerate(self.roots.tolist()))
        one, other = np.array(ties, dtype=np.int64).T
        n = len(self.ids)
        _, labels = connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(n, n)))
        return np.asarray(labels, dtype=np.int64)


def _numbered(labels: Ints) -> Ints:
    """Return labels as numbers from 0 in order of first use."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    numbers: Ints = rank[inverse]
    return numbers


def _members(city: City, name: str, group: int, number: Mapping[str, int], parents: Ints) -> list[tuple[int, str]]:
    """Return the members of a group: those it lists, as far as they exist, and those that name it as their parent."""
    kept = city.members.get(name, {})
    listed, roles = kept.get("children") or kept.get("members") or [], kept.get("children_roles") or []
    found = {number[child]: role for child, role in zip_longest(listed, roles, fillvalue="") if child in number}
    for member in np.flatnonzero(parents == group).tolist():
        found.setdefault(member, "")
    return list(found.items())


def _class_name(name: str) -> str:
    """Return the class under which CityJSON 2.0 knows an object; what it does not know gets a plus."""
    name = _RENAMED.get(name, name)
    if name in _FIRST or name in _SECOND or re.fullmatch(r"\+[A-Z]\w+", name):
        return name
    plain = re.sub(r"\W", "", name)
    return f"+{plain[:1].upper()}{plain[1:]}" if re.fullmatch(r"[A-Za-z]\w+", plain) else f"+CityObject{plain}"


def _must_differ(ids: Sequence[str]) -> None:
    if len(set(ids)) < len(ids):
        twice = [name for name, uses in Counter(ids).items() if uses > 1]
        raise TwinError(*(Problem(f"two objects are called {name!r}", expected="unique ids") for name in twice[:20]))


def _roots(parents: Ints) -> Ints:
    """Return the topmost ancestor of every object (some member of the circle where parents run in one)."""
    roots = np.where(parents >= 0, parents, np.arange(len(parents)))
    for _ in range(len(parents).bit_length()):
        roots = roots[roots]
    return roots


def entries(
    city: City, tree: Tree, geometries: Sequence[dict[str, Any] | None], results: Mapping[str, Sequence[Any]]
) -> list[dict[str, Any]]:
    """Return the CityJSON objects, by number.

    Parameters
    ----------
    results
        By name of the attribute, one value per building.
    """
    made = []
    for number, attributes in enumerate(_attributes(city, results)):
        type_ = tree.types[number]
        entry: dict[str, Any] = {"type": type_}
        address = attributes.get("address")
        if type_ in _ADDRESSED and isinstance(address, list) and all(isinstance(one, dict) for one in address):
            entry["address"] = attributes.pop("address")
        if attributes:
            entry["attributes"] = attributes
        if type_ in _SECOND:
            entry["parents"] = []  # which the schema wants to be there, if only empty
        members = city.members.get(tree.ids[number], {})
        entry |= {
            name: value for name, value in members.items() if name not in _OURS and (type_, name) != (_GROUP, "members")
        }
        if (geometry := geometries[number]) is not None:
            entry["geometry"] = [geometry]
        made.append(entry)
    _relate(tree, made)
    return made


def _relate(tree: Tree, made: Sequence[dict[str, Any]]) -> None:
    """Name parents and children, and of groups the members, in both directions."""
    for number in tree.order().tolist():
        parent = int(tree.parents[number])
        if parent >= 0 and parent not in tree.groups:
            made[number]["parents"] = [tree.ids[parent]]
            made[parent].setdefault("children", []).append(tree.ids[number])
    for group, members in tree.groups.items():
        made[group]["children"] = [tree.ids[member] for member, _ in members]
        if any(role for _, role in members):
            made[group]["children_roles"] = [role for _, role in members]
        for member, _ in members:
            made[member]["parents"] = [*made[member].get("parents", []), tree.ids[group]]


def _attributes(city: City, results: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Yield the attributes of every object."""
    for row in range(len(city.buildings)):
        left = _left(city, "building", row)
        earlier = {name: left.pop(name) for name in list(left) if name.startswith(PREFIX)}
        yield left | stated(city.buildings, row, left) | earlier | {name: all_[row] for name, all_ in results.items()}
    for name in ("building_part", "city_object"):
        for row in range(len(city.tables[name]) if name in city.tables else 0):
            yield _left(city, name, row)


def _left(city: City, name: str, row: int) -> dict[str, Any]:
    """Return what the file said of a row beside its columns."""
    return dict(city.attributes[name][row]) if name in city.attributes else {}
