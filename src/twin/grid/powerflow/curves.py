"""Characteristics of inverters: power as a piecewise linear function of the voltage, for many of them at once.

Source: Q(V) and P(V) characteristics as in VDE-AR-N 4105 and IEEE 1547.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.errors import Problem, TwinError
from twin.grid.powerflow.network import Floats, Ints

__all__ = ["Curve", "Falling", "check_curves"]


@dataclass(frozen=True)
class Curve:
    """A characteristic of some elements: power as a piecewise linear function of voltage that nowhere rises with it.

    Attributes
    ----------
    element
        Rows of the connected elements, shape ``(m,)``.
    voltage, value
        Corners: voltage over nominal, rising, and power over ``rating``, not rising, shape ``(p,)``. Beyond the first
        and the last, their value holds.
    rating
        Of each element, per unit of ``base_va``, shape ``(m,)``.
    active
        Volt-watt: active power is at most what the curve says; volt-var: reactive power is what it says.
    apparent
        Volt-var: rated apparent power of each, per unit of ``base_va``, shape ``(m,)``; reactive power gives way to
        active power, ``|q| <= sqrt(apparent^2 - p^2)``. None if there is no such limit.
    while_feeding
        The curve acts only in steps in which an element has active power to feed in.
    """

    element: Ints
    voltage: Floats
    value: Floats
    rating: Floats
    active: bool = False
    apparent: Floats | None = None
    while_feeding: bool = False


class Falling:
    """Piecewise linear functions of the voltage that nowhere rise, one for each row of an array.

    Attributes
    ----------
    element
        Of each row, shape ``(m,)``.
    first
        Corner from which each falls, shape ``(m,)``.
    steepest
        How steeply each falls at most, shape ``(m,)``.
    """

    def __init__(self, curves: Sequence[Curve]) -> None:
        self.element: Ints = np.concatenate([np.empty(0, np.int64), *(c.element for c in curves)]).astype(np.int64)
        shape = max((len(c.voltage) for c in curves), default=1) - 1, len(self.element), 1
        at, fall, width, first = np.zeros(shape), np.zeros(shape), np.zeros(shape), 0
        self._highest, self.first = np.zeros(shape[1:]), np.ones(len(self.element))
        for c in curves:
            rows = slice(first, first + len(c.element))
            rating = np.broadcast_to(np.asarray(c.rating, dtype=np.float64), len(c.element))[:, None]
            self._highest[rows] = c.value[0] * rating
            falling = np.flatnonzero(np.diff(c.value) < 0)
            self.first[rows] = c.voltage[falling[0] if len(falling) else 0]
            for piece, corner in enumerate(falling):
                at[piece, rows] = c.voltage[corner]
                width[piece, rows] = c.voltage[corner + 1] - c.voltage[corner]
                fall[piece, rows] = (c.value[corner] - c.value[corner + 1]) / width[piece, rows] * rating
            first = rows.stop
        used = fall.any(axis=(1, 2))
        self._pieces = list(zip(at[used], width[used], fall[used], strict=True))
        self.steepest: Floats = fall.max(axis=0, initial=0.0)[:, 0]

    def __len__(self) -> int:
        return len(self.element)

    def write(self, size: Floats, out: Floats) -> None:
        """Write the values at voltages, shapes ``(m, step)``."""
        out[:] = self._highest
        for at, width, fall in self._pieces:
            beyond = size - at
            np.maximum(beyond, 0.0, out=beyond)
            np.minimum(beyond, width, out=beyond)
            beyond *= fall
            out -= beyond


def check_curves(curves: Sequence[Curve]) -> None:
    """Refuse curves that are none.

    Raises
    ------
    TwinError
        If voltages do not rise, values rise, ratings are negative, or an element has two curves of one kind.
    """
    problems = []
    for number, c in enumerate(curves):
        place = f"curve {number}"
        if len(c.voltage) != len(c.value) or not len(c.voltage):
            problems.append(Problem("a curve needs a value at each voltage", place=place))
            continue
        if not (np.isfinite(c.voltage).all() and np.isfinite(c.value).all() and (np.diff(c.voltage) > 0).all()):
            problems.append(Problem("the voltages of a curve's corners have to rise", place=place))
        if (np.diff(c.value) > 0).any():
            problems.append(Problem("a curve may not rise with the voltage", place=place))
        if not (np.asarray(c.rating) >= 0).all():
            problems.append(Problem("a curve's ratings have to be numbers from 0", place=place))
    for active, name in ((False, "volt-var"), (True, "volt-watt")):
        own, count = np.unique([e for c in curves if c.active == active for e in c.element], return_counts=True)
        if (count > 1).any():
            problems.append(Problem(f"elements with two {name} curves: {own[count > 1][:5].astype(int).tolist()}"))
    if problems:
        raise TwinError(*problems)
