"""Objects and links of a file sorted into nodes: which become rows of which table, and what refers to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from twin.city.energy.items import EnergyFound, Item
from twin.city.energy.model import ENERGY_COLUMNS
from twin.city.energy.names import BOUNDARY, OPENINGS, table_of
from twin.city.energy.sheet import Node, Notes

__all__ = ["Relations"]


class Relations:
    """All objects of a file as nodes, by identifier and by table.

    Attributes
    ----------
    nodes
        Of every object.
    tables
        By table name, the nodes that are its rows, in order.
    """

    def __init__(self, energy: EnergyFound, known: Mapping[str, int], notes: Notes) -> None:
        self.notes = notes
        self._known = known
        self.nodes: list[Node] = []
        self.tables: dict[str, list[Node]] = {name: [] for name in ENERGY_COLUMNS}
        self._of: dict[int, Node] = {}
        self._by_id: dict[str, Node] = {}
        self._names: dict[str, set[str]] = {name: set() for name in ENERGY_COLUMNS}
        for (row, group), item in energy.hosts.items():
            self._add(Node(item, None, "", row, group), _host_table(item, group))
        for item in energy.members:
            self._add(Node(item, None, ""), table_of(item, ""))

    def _add(self, node: Node, table: str) -> None:
        self.nodes.append(node)
        item = node.item
        self._of[id(item)] = node
        if item.id:
            self._by_id.setdefault(item.id, node)
        if table:
            self.place(node, table)
        else:
            node.name = item.id or (node.owner.name if node.owner else "")
        for role, part in item.parts:
            self._add(Node(part, node, role, node.row, node.group), table_of(part, role))

    def place(self, node: Node, table: str) -> None:
        """Make a node the next row of a table."""
        rows, names = self.tables[table], self._names[table]
        node.table, node.index = table, len(rows)
        name = node.item.id
        if not name:
            above = node.owner.name if node.owner and node.owner.name else "energy"
            name = f"{above}/{node.role or node.item.kind}-{len(rows) + 1}"
        while name in names:
            name += "~"
        names.add(name)
        node.name = name
        rows.append(node)

    def of(self, item: Item) -> Node:
        """Return the node of an object."""
        return self._of[id(item)]

    def find(self, identifier: str) -> Node | None:
        """Return the node of an identifier, None if there is none."""
        return self._by_id.get(identifier)

    def above(self, node: Node, *tables: str) -> Node | None:
        """Return the nearest owner that is a row of one of the tables."""
        at = node.owner
        while at is not None and at.table not in tables:
            at = at.owner
        return at

    def targets(self, node: Node, *roles: str) -> Iterator[Node]:
        """Yield what a property holds or links to; links that lead nowhere are noted."""
        node.used.update(roles)
        for role, part in node.item.parts:
            if role in roles:
                yield self.of(part)
        for role, target in node.item.links:
            if role not in roles:
                continue
            found = self.find(target)
            if found is not None:
                yield found
            elif target not in self._known:
                text = f"refers to #{target}, which does not exist"
                self.notes.add("xlink-dangling", f"{node.item.kind}.{role}", text, node.name, node.item.line)

    def target(self, node: Node, table: str, roles: Sequence[str]) -> Node | None:
        """Return the first of what a property holds or links to that is a row of a table."""
        return next((found for found in self.targets(node, *roles) if found.table == table), None)


def _host_table(item: Item, group: int) -> str:
    """Return the table of a city object or thematic surface that has properties of energy."""
    if group < 0:
        return ""
    if item.kind in OPENINGS:
        return "thermal_opening"
    return "thermal_boundary" if item.kind.lower() in BOUNDARY else ""
