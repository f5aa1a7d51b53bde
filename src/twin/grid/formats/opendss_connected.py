"""Loads and capacitors of an OpenDSS script."""

from __future__ import annotations

import numpy as np

from twin.grid.formats.opendss_elements import BEYOND_AS_POWER, Capacitor, Load, in_parts
from twin.grid.formats.opendss_item import DELTA, Item

__all__ = ["capacitor", "load"]


class _Power:
    """Active and reactive power from two of kW, kvar, kVA and power factor: at the end of each edit, the last named."""

    def __init__(self) -> None:
        self.kw, self.kvar, self.kva, self.pf = 10.0, 5.397428221, 11.36363636, 0.88
        self.by, self.edit = "kw", -1

    def assign(self, name: str, value: float, edit: int) -> None:
        if edit != self.edit:
            self.settle()
        self.edit = edit
        setattr(self, name, value)
        if name != "pf":
            self.by = name

    def settle(self) -> complex:
        """Return the power in kVA after an edit; two named ones give the power factor by which a later one counts."""
        if self.by == "kvar":
            size = np.hypot(self.kw, self.kvar)
            if size:
                self.pf = abs(self.kw) / size * (1.0 if self.kw * self.kvar >= 0 else -1.0)
            self.by = "kvar"
        else:
            if self.by == "kva":
                self.kw = self.kva * abs(self.pf)
            tangent = np.sqrt(max(1 / self.pf**2 - 1, 0.0)) if self.pf else 0.0
            self.kvar = self.kw * tangent * (1.0 if self.pf >= 0 else -1.0)
        return complex(self.kw, self.kvar)


_LOAD_NUMBERS = ("cvrwatts", "cvrvars", "vminpu", "vmaxpu", "model", "phases", "kv")
_SHAPES = ("daily", "yearly", "duty")


def load(item: Item, times: float) -> Load | None:
    """Return a load; ``times`` is the factor on all loads that are not fixed."""
    power, at, zipv, delta, fixed = _Power(), None, np.zeros(0), False, False
    given = {"cvrwatts": 1.0, "cvrvars": 2.0, "vminpu": 0.95, "vmaxpu": 1.05, "model": 1.0, "phases": 3.0, "kv": 12.47}
    shapes = dict.fromkeys(_SHAPES, "")
    for one in item.assignments:
        if one.name in ("kw", "kvar", "kva", "pf"):
            power.assign(one.name, item.number(one), one.edit)
        elif one.name in _LOAD_NUMBERS:
            given[one.name] = item.number(one)
        elif one.name == "bus1":
            at = item.terminal(one)
        elif one.name == "conn":
            delta = item.choice(one, DELTA, False)
        elif one.name == "zipv":
            zipv = item.get(one, one.value.numbers, zipv, "seven numbers")
        elif one.name in _SHAPES:
            shapes[one.name] = one.value.word
        elif one.name == "status":
            fixed = not one.value.word.startswith("v")
    total = power.settle() * 1e3 * (1.0 if fixed else times)
    parts = in_parts(int(given["model"]), total, (given["cvrwatts"], given["cvrvars"]), zipv.tolist())
    if at is None or parts is None or given["kv"] <= 0 or given["phases"] not in (1, 2, 3):
        what = "has no bus1" if at is None else f"is of model {given['model']:g} with {given['phases']:g} phases"
        item.refuse(what, expected="models 1 to 7 with exponents 0, 1 or 2, or 8 with zipv; 1 to 3 phases, a kv")
        return None
    if len(zipv) == 7 and zipv[6] > 0 and given["model"] == 8:
        parts = in_parts(8, total, zipv=zipv[:6].tolist()) or parts
    return Load(
        name=item.name,
        place=item.place,
        at=at,
        phases=int(given["phases"]),
        voltage_v=given["kv"] * 1e3,
        delta=delta,
        constant_power_va=parts[0],
        constant_current_va=parts[1],
        constant_impedance_va=parts[2],
        v_min_pu=given["vminpu"],
        v_max_pu=given["vmaxpu"],
        beyond_as_power=int(given["model"]) in BEYOND_AS_POWER,
        shape=next((name for name in shapes.values() if name), ""),
    )


def capacitor(item: Item) -> Capacitor | None:
    """Return a bank of capacitors to ground or between phases."""
    at, phases, kv, kvar, delta = None, 3, 12.47, 1200.0, False
    for one in item.assignments:
        if one.name == "bus1":
            at = item.terminal(one)
        elif one.name == "phases":
            phases = item.count(one)
        elif one.name == "kv":
            kv = item.number(one, positive=True)
        elif one.name == "kvar":
            kvar = item.number(one)
        elif one.name == "conn":
            delta = item.choice(one, DELTA, False)
    if at is None or phases > 3:
        item.refuse("has no bus1" if at is None else f"has {phases} phases", expected="a bus1 and 1 to 3 phases")
        return None
    return Capacitor(item.name, item.place, at, phases, kv * 1e3, kvar * 1e3, delta)
