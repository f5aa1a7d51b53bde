"""Inverters of solar modules that react to their voltage: where they are, how large, and by which curve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.control import Curve
from twin.table import Table

__all__ = ["Characteristic", "Inverters", "characteristics"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NONE = -1


@dataclass(frozen=True)
class Characteristic:
    """Corners of a curve: voltage over nominal, rising, and power over rated power, not rising, shape ``(p,)``."""

    voltage: Floats
    value: Floats
    active: bool


def characteristics(table: Table) -> dict[int, Characteristic]:
    """Return the curves of the table ``inverter_curve`` by their number."""
    found = {}
    for number in np.unique(table["curve"]).tolist():
        rows = np.flatnonzero(table["curve"] == number)
        rows = rows[np.argsort(table["voltage_pu"][rows], kind="stable")]
        kind = str(table["kind"][rows[0]])
        found[number] = Characteristic(table["voltage_pu"][rows], table["value_pu"][rows], kind == "volt_watt")
    return found


@dataclass(frozen=True)
class Inverters:
    """What reacts at single phases of buses, shape ``(m,)`` each.

    Attributes
    ----------
    node
        Phase node.
    group
        Number of the thing that each is one phase of.
    active_w, apparent_va
        Rated power at that phase.
    volt_var, volt_watt
        Number of the curve that it follows, -1 for none.
    curves
        By number.
    """

    node: Ints
    group: Ints
    active_w: Floats
    apparent_va: Floats
    volt_var: Ints
    volt_watt: Ints
    curves: dict[int, Characteristic]

    def __len__(self) -> int:
        return len(self.node)

    @classmethod
    def none(cls) -> Inverters:
        """Return no inverters."""
        ints, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
        return cls(ints, ints, floats, floats, ints, ints, {})

    def reactions(self, chosen: Ints, element: Ints, base_va: float) -> Iterator[Curve]:
        """Yield the curves of some inverters as those of connected elements.

        Parameters
        ----------
        chosen
            Rows of inverters.
        element
            Connected element that each of them is, same shape.
        base_va
            Power at one per unit.
        """
        for number, curve in self.curves.items():
            follows = (self.volt_watt if curve.active else self.volt_var)[chosen] == number
            rows = chosen[follows]
            if len(rows):
                apparent = self.apparent_va[rows] / base_va
                rating = self.active_w[rows] / base_va if curve.active else apparent
                limit = None if curve.active else apparent
                yield Curve(
                    element[follows], curve.voltage, curve.value, rating, curve.active, limit, while_feeding=True
                )
