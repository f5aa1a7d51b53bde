"""Voltage sources of an OpenDSS script."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from twin.grid.formats.opendss_elements import Terminal, VoltageSource
from twin.grid.formats.opendss_item import Item

__all__ = ["short_circuit", "source"]

_SQRT3 = np.sqrt(3.0)


def source(item: Item) -> VoltageSource:
    """Return a voltage source; its impedance from short-circuit power or current, or as it is stated."""
    at = Terminal("sourcebus" if item.name == "source" else item.name)
    given = {"basekv": 115.0, "pu": 1.0, "angle": 0.0, "phases": 3.0, "x1r1": 4.0, "x0r0": 3.0}
    short = {"mvasc3": 2000.0, "mvasc1": 2100.0}
    stated: dict[str, float] = {}
    for one in item.assignments:
        if one.name == "bus1":
            at = item.terminal(one)
        elif one.name in given:
            given[one.name] = item.number(one, positive=one.name in ("basekv", "x1r1", "x0r0"))
        elif one.name in ("mvasc3", "mvasc1", "isc3", "isc1"):
            if next(iter(short))[:1] != one.name[:1]:
                short = {}
            short[one.name] = item.number(one, positive=True)
            stated = {}
        elif one.name in ("r1", "x1", "r0", "x0"):
            stated[one.name] = item.number(one)
        elif one.name in ("z1", "z0"):
            pair = item.get(one, one.value.numbers, np.ones(2), "resistance and reactance")
            if len(pair) == 2:
                stated |= {f"r{one.name[1]}": float(pair[0]), f"x{one.name[1]}": float(pair[1])}
            else:
                item.refuse(f"{one.name} is {one.value.text!r}", one.value.place, "resistance and reactance")
    if given["phases"] != 3:
        item.refuse(f"has {given['phases']:g} phases", expected="3 phases")
    z1, z0 = short_circuit(given["basekv"], short, given["x1r1"], given["x0r0"])
    z1 = complex(stated.get("r1", z1.real), stated.get("x1", z1.imag))
    z0 = complex(stated.get("r0", z0.real), stated.get("x0", z0.imag))
    if z1.imag == 0 or z0.imag == 0:
        item.refuse("has an impedance without reactance", expected="x1 and x0 other than 0")
        z1, z0 = z1 + 1j, z0 + 1j
    return VoltageSource(item.name, item.place, at, given["basekv"] * 1e3, given["pu"], given["angle"], z1, z0)


def short_circuit(kv: float, short: Mapping[str, float], x1r1: float, x0r0: float) -> tuple[complex, complex]:
    """Return positive- and zero-sequence impedance from three- and single-phase short circuit.

    |z1| = V^2 / S3 and |2 z1 + z0| = 3 V^2 / S1, both with a given ratio of reactance over resistance.
    """
    of_current = _SQRT3 * kv / 1e3
    three = short.get("mvasc3", short.get("isc3", 0.0) * of_current) or 2000.0
    one = short.get("mvasc1", short.get("isc1", 0.0) * of_current) or three * 1.05
    x1 = kv**2 / three / np.sqrt(1 + 1 / x1r1**2)
    z1 = complex(x1 / x1r1, x1)
    a, b = 1 + 1 / x0r0**2, 4 * (z1.real / x0r0 + z1.imag)
    c = 4 * abs(z1) ** 2 - (3 * kv**2 / one) ** 2
    x0 = (-b + np.sqrt(max(b * b - 4 * a * c, 0.0))) / (2 * a)
    return z1, complex(x0 / x0r0, x0)
