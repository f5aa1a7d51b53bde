"""Lines and line codes of an OpenDSS script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.errors import nearest
from twin.grid.formats.opendss_elements import Line, Terminal
from twin.grid.formats.opendss_item import YES, Assignment, Item

__all__ = ["LineCode", "line", "line_code"]

Floats = NDArray[np.float64]
_METRES = {"mi": 1609.344, "kft": 304.8, "km": 1e3, "m": 1.0, "ft": 0.3048, "in": 0.0254, "cm": 0.01, "mm": 1e-3}
_UNITS: dict[str, float | None] = {**_METRES, "none": None, "mile": 1609.344}


@dataclass(frozen=True)
class LineCode:
    """Impedances per unit of length: by sequence, or as matrices over the conductors.

    Attributes
    ----------
    sequence
        ``r1, x1, r0, x0`` in ohm, ``c1, c0`` in nF.
    matrices
        Of resistance, reactance (ohm) and capacitance (nF); None where the sequences hold.
    metre
        Length of the unit in metres, None if it is not known.
    """

    sequence: Mapping[str, float]
    matrices: tuple[Floats, Floats, Floats] | None = None
    phases: int = 3
    metre: float | None = None
    max_current_a: float = 400.0

    def of_phases(self) -> tuple[Floats, Floats, Floats]:
        """Return the matrices; from the sequences (own, mutual) = ((2 z1 + z0) / 3, (z0 - z1) / 3) (Fortescue)."""
        if self.matrices is not None:
            return self.matrices
        n = self.phases
        made = []
        for one, zero in (("r1", "r0"), ("x1", "x0"), ("c1", "c0")):
            first, other = self.sequence[one], self.sequence[zero] if n > 1 else self.sequence[one]
            made.append(np.full((n, n), (other - first) / 3) + first * np.eye(n))
        return made[0], made[1], made[2]

    def assign(self, item: Item, one: Assignment, frequency_hz: float) -> LineCode:
        """Return it with one of the properties that line and line code share."""
        if one.name in self.sequence:
            return replace(self, sequence={**self.sequence, one.name: item.number(one)}, matrices=None)
        if one.name in ("b1", "b0"):  # microsiemens
            farad = item.number(one) * 1e-6 / (2 * np.pi * frequency_hz)
            return replace(self, sequence={**self.sequence, f"c{one.name[1]}": farad * 1e9}, matrices=None)
        if one.name in ("rmatrix", "xmatrix", "cmatrix"):
            n = self.phases
            made = list(self.of_phases())
            expected = f"a symmetric matrix of {n} phases, or its lower triangle"
            made["rxc".index(one.name[0])] = item.get(one, lambda: one.value.matrix(n), np.eye(n), expected)
            return replace(self, matrices=(made[0], made[1], made[2]))
        if one.name in ("phases", "nphases"):
            n = item.count(one)
            return self if n == self.phases else replace(self, phases=n, matrices=None)
        if one.name == "units":
            return replace(self, metre=item.choice(one, _UNITS, None))
        if one.name == "normamps":
            return replace(self, max_current_a=item.number(one, positive=True))
        return self


# What OpenDSS takes where nothing is stated: per 1000 ft of its standard line, but counted per unit of any length
_STANDARD = LineCode({"r1": 0.058, "x1": 0.1206, "r0": 0.1784, "x0": 0.4047, "c1": 3.4, "c0": 1.6})
_SWITCH = LineCode({"r1": 1.0, "x1": 1.0, "r0": 1.0, "x0": 1.0, "c1": 1.1, "c0": 1.0})


def line_code(item: Item, frequency_hz: float) -> LineCode:
    """Return a line code."""
    code = _STANDARD
    for one in item.assignments:
        code = code.assign(item, one, frequency_hz)
    return code


def line(item: Item, codes: Mapping[str, LineCode], frequency_hz: float) -> Line | None:
    """Return a line; impedances of its code are in the code's unit of length, its own ones in the line's."""
    own, of_code, length, name = _STANDARD, False, 1.0, ""
    code_metre: float | None = None
    ends: dict[str, Terminal] = {}
    for one in item.assignments:
        if one.name in ("bus1", "bus2"):
            ends[one.name] = item.terminal(one)
        elif one.name == "linecode":
            name = one.value.word
            if name not in codes:
                item.refuse(f"there is no line code {name!r}", one.value.place, near=nearest(name, codes))
                return None
            own, code_metre, of_code = replace(codes[name], metre=own.metre), codes[name].metre, True
        elif one.name == "length":
            length = item.number(one, positive=True)
        elif one.name == "switch":
            if item.choice(one, YES, False):
                own, length, of_code = replace(_SWITCH, phases=own.phases, max_current_a=own.max_current_a), 1e-3, False
        else:
            own = own.assign(item, one, frequency_hz)
            of_code = of_code and one.name in ("units", "normamps", "phases", "like")
    if len(ends) < 2:
        item.refuse("has not two ends", expected="bus1 and bus2")
        return None
    known = of_code and own.metre is not None and code_metre is not None
    total = length * (own.metre / code_metre if known and own.metre and code_metre else 1.0)
    r, x, c = (matrix * total for matrix in own.of_phases())
    metre = own.metre or (code_metre if of_code else None) or 1.0
    return Line(
        item.name, item.place, (ends["bus1"], ends["bus2"]), length * metre, r, x, c * 1e-9, name, own.max_current_a
    )
