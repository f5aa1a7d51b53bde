"""Devices that use a single phase: which one, and how they are linked to the nodes of the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.engine.dealing import deal
from twin.quantities import Link
from twin.random import entity_keys, uniform
from twin.table import MISSING, Column, Table

__all__ = ["PHASE", "PhaseChoice", "phase_links", "with_phases"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

PhaseChoice = Literal["balanced", "drawn"]

PHASE = Column(
    "phase",
    "-",
    "int",
    "phase that it alone uses, 0 to 2 for L1 to L3; those of its building if missing",
    low=0,
    high=2,
)

# phases do not depend on the run's seed: options and runs are compared device by device
_PLACING_SEED = 0


@dataclass(frozen=True)
class _Entries:
    """The phases of the connection behind every device, one after the other.

    Attributes
    ----------
    device
        Row of the device, ascending, shape ``(k,)``.
    node, phase, weight
        Row of the phase node, its phase, and the connection's share there, shape ``(k,)``.
    connection
        Row of every device's connection, shape ``(n,)``.
    """

    device: Ints
    node: Ints
    phase: Ints
    weight: Floats
    connection: Ints

    @property
    def allowed(self) -> Mask:
        """Which phases every device can use, shape ``(n, 3)``."""
        found = np.zeros((len(self.connection), 3), dtype=bool)
        found[self.device, self.phase] = True
        return found


def _entries(city: City, table: Table) -> _Entries | None:
    """Return where devices of buildings are connected; None without a grid whose phases have nodes of their own."""
    link = next((k for k in city.links if (k.fine, k.coarse) == ("connection", "phase_node")), None)
    if link is None or not (city.table("phase_node")["phase"] > 0).any():
        return None
    connections = city.table("connection")
    order = np.argsort(link.cols, kind="stable")
    count = np.bincount(link.cols, minlength=len(connections))
    connection = np.argsort(connections["building"])[table["building"]]  # every building has one connection
    n = count[connection]
    within = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    entry = order[np.repeat((np.cumsum(count) - count)[connection], n) + within]
    node = link.rows[entry]
    device = np.repeat(np.arange(len(table)), n)
    return _Entries(device, node, city.table("phase_node")["phase"][node], link.weights[entry], connection)


def with_phases(city: City, table: Table, single: Mask, power_w: Floats, choice: PhaseChoice, code: int) -> Table:
    """Return a table of devices in which those of a single phase have one; those that have one keep it.

    Parameters
    ----------
    table
        Its rows belong to buildings.
    single
        Which devices use one phase only, shape ``(n,)``.
    power_w
        Of every device, shape ``(n,)``.
    choice
        ``balanced``: one after the other the phase on which such devices of the same feeder have least power so far.
        ``drawn``: each phase is as likely, by the device's identifier.
    code
        Source of the phases chosen.
    """
    entries = _entries(city, table)
    if entries is None:
        return table
    has = ~table.missing(PHASE.name)
    rows = np.flatnonzero(single & ~has & entries.allowed.any(axis=1))
    allowed = entries.allowed[rows]
    if choice == "drawn":
        drawn = uniform(_PLACING_SEED, "phase", entity_keys(table.ids[rows].tolist()))
        nth = np.floor(drawn * allowed.sum(axis=1)).astype(np.int64)
        chosen = (np.cumsum(allowed, axis=1) > nth[:, None]).argmax(axis=1)
    else:
        feeder = _feeders(city)[entries.connection]
        before = np.zeros((feeder.max(initial=-1) + 1, 3))
        if has.any():
            np.add.at(before, (feeder[has], table[PHASE.name][has]), power_w[has])
        chosen = deal(feeder[rows], power_w[rows], allowed, before)
    phase, new = np.zeros(len(table), dtype=np.int64), np.zeros(len(table), dtype=bool)
    phase[rows], new[rows] = chosen, True
    return table.put(PHASE, phase, np.where(new, code, MISSING).astype(np.uint16), where=~has)


def _feeders(city: City) -> Ints:
    """Return the feeder of every connection; all one where it is not known."""
    connections = city.table("connection")
    return connections["feeder"] if "feeder" in connections else np.zeros(len(connections), dtype=np.int64)


def phase_links(city: City, table: Table) -> tuple[Link, ...]:
    """Return the link of devices to phases of the grid, where some use one phase only.

    The others are connected as their building is.
    """
    entries = None if table.missing(PHASE.name).all() else _entries(city, table)
    if entries is None:
        return ()
    single, phase = (~table.missing(PHASE.name))[entries.device], table[PHASE.name][entries.device]
    kept = ~single | (phase == entries.phase)
    weight = np.where(single, 1.0, entries.weight)[kept]
    return (Link(table.name, "phase_node", entries.node[kept], entries.device[kept], weight),)
