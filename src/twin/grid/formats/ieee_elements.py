"""Reading a feeder from ``network.json``: the element facts of an IEEE test feeder, as exported from OpenDSS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems, TwinError, nearest
from twin.grid.check import check
from twin.grid.formats.case import GridCase, case_of
from twin.grid.formats.frame import load_json
from twin.grid.formats.opendss_elements import (
    BEYOND_AS_POWER,
    Capacitor,
    Circuit,
    Line,
    Load,
    Place,
    Terminal,
    Transformer,
    VoltageSource,
    Winding,
    in_parts,
)
from twin.grid.formats.opendss_tables import to_grid

__all__ = ["is_ieee_elements", "read_ieee_elements"]

_FILE = "network.json"
_LISTS = ("buses", "sources", "lines", "transformers", "regcontrols", "capacitors", "loads")
_NEEDED = ("buses", "sources", "lines")
_MODELS = {"const_power": 1, "const_impedance": 2, "const_current": 5}
_LARGEST, _LEAST = 1e15, 1e-12  # of any number here in its unit; the least of those that are positive
_NUMBER, _TEXT = "a number", "text"


def is_ieee_elements(path: str | Path) -> bool:
    """Whether a folder, or a file, holds element facts in this layout."""
    file = _file(path)
    if not file.is_file():
        return False
    try:
        facts = load_json(file)
    except TwinError:
        return False
    return isinstance(facts, dict) and "frequency_hz" in facts and all(name in facts for name in _NEEDED)


def read_ieee_elements(path: str | Path) -> GridCase:
    """Read a feeder's element facts from a folder with a ``network.json``, or from that file.

    Regulators stand at the taps the file states. Lines have no length in metres there: theirs are one metre long and
    have the whole line's impedance.

    Raises
    ------
    TwinError
        For everything in the file that is missing, of the wrong kind, or that a grid's tables cannot hold.
    """
    file = _file(path)
    facts = load_json(file)
    with Problems(file) as problems:
        circuit = _circuit(_Facts(facts, "", file, problems))
        problems.raise_if_any()
        grid, _ = to_grid(circuit, problems)
        problems.raise_if_any()
        check(grid, file)
    return case_of(grid)


def _file(path: str | Path) -> Path:
    return Path(path) / _FILE if Path(path).is_dir() else Path(path)


class _Facts:
    """An object of the file; what is missing or of the wrong kind is noted with its pointer."""

    def __init__(self, found: Any, pointer: str, file: Path, problems: Problems) -> None:
        self.found: dict[str, Any] = found if isinstance(found, dict) else {}
        self.pointer, self.file, self.problems = pointer, file, problems
        if not isinstance(found, dict):
            self._note("", f"is {_shown(found)}", "an object")

    def _note(self, key: str, message: str, expected: str | None = None, suggestion: str | None = None) -> None:
        self.problems.add(message, f"{self.pointer}/{key}" if key else self.pointer or "/", expected, suggestion)

    @property
    def place(self) -> Place:
        return Place(self.file, self.pointer or "/")

    def _get(self, key: str, kind: str) -> Any:
        if key not in self.found:
            self._note("", f"{key} is missing", kind, nearest(key, self.found))
            return None
        return self.found[key]

    def number(self, key: str, otherwise: float | None = None, positive: bool = False) -> float:
        if otherwise is not None and key not in self.found:
            return otherwise
        value = self._get(key, _NUMBER)
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST
        if key in self.found and not (good and (value > _LEAST or not positive)):
            self._note(key, f"is {_shown(value)}", "a positive number" if positive else _NUMBER)
            good = False
        return float(value) if good else 1.0

    def phases(self) -> int:
        value = self.number("phases", positive=True)
        if value not in (1, 2, 3):
            self._note("phases", f"is {value:g}", "1, 2 or 3")
        return int(value) if value in (1, 2, 3) else 1

    def text(self, key: str, otherwise: str | None = None, among: tuple[str, ...] = ()) -> str:
        if otherwise is not None and key not in self.found:
            return otherwise
        value = self._get(key, _TEXT)
        good = isinstance(value, str) and (not among or value in among)
        if key in self.found and not good:
            self._note(key, f"is {_shown(value)}", " or ".join(among) or _TEXT)
        return value if good else ""

    def flag(self, key: str, otherwise: bool) -> bool:
        value = self.found.get(key, otherwise)
        if not isinstance(value, bool):
            self._note(key, f"is {_shown(value)}", "true or false")
        return bool(value)

    def terminal(self, key: str) -> Terminal:
        text = self.text(key)
        try:
            return Terminal.parse(text)
        except ValueError:
            self._note(key, f"is {text!r}", "a bus and its nodes, such as 671.1.2.3")
            return Terminal(text)

    def matrix(self, key: str, n: int) -> NDArray[np.float64]:
        try:
            values = np.array(self._get(key, "a matrix"), dtype=np.float64)
        except (TypeError, ValueError):
            values = np.zeros(0)
        if values.shape != (n, n) or not np.isfinite(values).all() or not np.allclose(values, values.T):
            if key in self.found:
                self._note(key, "is no such matrix", f"{n} rows of {n} numbers, symmetric")
            return np.eye(n)
        return values

    def all(self, key: str) -> list[_Facts]:
        value = self.found.get(key, [])
        if not isinstance(value, list):
            self._note(key, f"is {_shown(value)}", "a list")
            return []
        return [_Facts(one, f"{self.pointer}/{key}/{k}", self.file, self.problems) for k, one in enumerate(value)]


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + "..."


def _circuit(facts: _Facts) -> Circuit:
    for key in _NEEDED:
        if not facts.all(key):
            facts._note(key, "has no entries", "one at least")
    for key, value in facts.found.items():
        if isinstance(value, list) and value and key not in _LISTS:
            facts._note(key, f"{len(value)} {key}, which this layout does not have", ", ".join(_LISTS))
    circuit = Circuit(facts.text("name", ""), facts.place, facts.number("frequency_hz", positive=True))
    for bus in facts.all("buses"):
        name = bus.text("name").lower()
        circuit.base_v[name] = bus.number("kv_base_ln", positive=True) * 1e3
        if "x" in bus.found and "y" in bus.found:
            circuit.position[name] = bus.number("x"), bus.number("y")
    controlled = {control.text("transformer") for control in facts.all("regcontrols")}
    there = {key: [one for one in facts.all(key) if one.flag("enabled", True)] for key in _LISTS}
    circuit.sources = [_source(one) for one in there["sources"]]
    circuit.lines = [_line(one) for one in there["lines"]]
    circuit.transformers = [_transformer(one, controlled) for one in there["transformers"]]
    circuit.capacitors = [_capacitor(one) for one in there["capacitors"]]
    circuit.loads = [load for one in there["loads"] if (load := _load(one)) is not None]
    _check_buses(circuit, facts)
    return circuit


def _check_buses(circuit: Circuit, facts: _Facts) -> None:
    """Note elements at buses that the file does not list."""
    at: list[tuple[str, Place, Terminal]] = [
        *((line.name, line.place, end) for line in circuit.lines for end in line.ends),
        *((one.name, one.place, winding.at) for one in circuit.transformers for winding in one.windings),
        *((one.name, one.place, one.at) for one in circuit.sources),
        *((one.name, one.place, one.at) for one in circuit.capacitors),
        *((one.name, one.place, one.at) for one in circuit.loads),
    ]
    for name, place, terminal in at:
        if terminal.bus not in circuit.base_v:
            near = nearest(terminal.bus, circuit.base_v)
            what = f"{name or 'it'} is at bus {terminal.bus!r}, which is not among the buses"
            facts.problems.add(what, place.where, suggestion=near)


def _source(one: _Facts) -> VoltageSource:
    if one.number("phases", 3.0) != 3:
        one._note("phases", f"is {_shown(one.found['phases'])}", "3")
    return VoltageSource(
        name=one.text("name", "source"),
        place=one.place,
        at=one.terminal("bus"),
        voltage_v=one.number("kv_ll", positive=True) * 1e3,
        voltage_pu=one.number("pu", positive=True),
        angle_deg=one.number("angle_deg"),
        z1_ohm=complex(one.number("r1_ohm"), one.number("x1_ohm", positive=True)),
        z0_ohm=complex(one.number("r0_ohm"), one.number("x0_ohm", positive=True)),
    )


def _line(one: _Facts) -> Line:
    n = one.phases()
    return Line(
        name=one.text("name"),
        place=one.place,
        ends=(one.terminal("bus1"), one.terminal("bus2")),
        length_m=1.0,
        r_ohm=one.matrix("r_ohm", n),
        x_ohm=one.matrix("x_ohm", n),
        c_f=one.matrix("c_nf", n) * 1e-9,
        open_ends=(one.flag("open_1", False), one.flag("open_2", False)),
    )


def _transformer(one: _Facts, controlled: set[str]) -> Transformer:
    name = one.text("name")
    windings = tuple(
        Winding(
            at=winding.terminal("bus"),
            voltage_v=winding.number("kv", positive=True) * 1e3,
            rated_va=winding.number("kva", positive=True) * 1e3,
            delta=winding.text("conn", "wye", ("wye", "delta")) == "delta",
            r_pct=winding.number("r_percent"),
            tap=winding.number("tap", 1.0, positive=True),
        )
        for winding in one.all("windings")
    )
    return Transformer(
        name=name,
        place=one.place,
        phases=one.phases(),
        windings=windings,
        x_pct=one.number("xhl_percent"),
        regulates=name in controlled,
    )


def _capacitor(one: _Facts) -> Capacitor:
    return Capacitor(
        name=one.text("name"),
        place=one.place,
        at=one.terminal("bus"),
        phases=one.phases(),
        voltage_v=one.number("kv", positive=True) * 1e3,
        var=one.number("kvar") * 1e3,
        delta=one.text("conn", "wye", ("wye", "delta")) == "delta",
    )


def _load(one: _Facts) -> Load | None:
    model = one.found.get("model", 1)
    number = _MODELS.get(model, int(model) if model.isdecimal() else -1) if isinstance(model, str) else model
    power = complex(one.number("kw"), one.number("kvar")) * 1e3
    parts = in_parts(number, power) if isinstance(number, int) else None
    if parts is None:
        one._note("model", f"is {_shown(model)}", "one of " + ", ".join(_MODELS) + ", or a number from 1 to 7")
        return None
    return Load(
        name=one.text("name"),
        place=one.place,
        at=one.terminal("bus"),
        phases=one.phases(),
        voltage_v=one.number("kv", positive=True) * 1e3,
        delta=one.text("conn", "wye", ("wye", "delta")) == "delta",
        constant_power_va=parts[0],
        constant_current_va=parts[1],
        constant_impedance_va=parts[2],
        v_min_pu=one.number("vminpu", 0.95),
        v_max_pu=one.number("vmaxpu", 1.05),
        beyond_as_power=number in BEYOND_AS_POWER,
    )
