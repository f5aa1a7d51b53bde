"""A day of an unbalanced feeder against its references: all nodes at some minutes, load voltages at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError
from twin.validation.grid.references import Reference
from twin.validation.grid.rows import Row, compared
from twin.validation.grid.snapshot import Compare, Tolerances, voltage_rows
from twin.validation.grid.study import Study

__all__ = ["MINUTES"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MINUTE = re.compile(r"ref_voltages_minute_(\d+)\.csv")
_LOADS = re.compile(r"(ref|published)_load_voltages_\d+\.csv")
_PHASES = "abc"


def _minute_rows(case: str, path: Path, study: Study, allowed: Tolerances) -> Iterator[Row]:
    """Compare all nodes of the buses listed, in three phases; and magnitudes with those of other programs beside them.

    Angles count from the low-voltage side: that of the transformer's shift, a multiple of 30 degrees, is left out.
    """
    minute, reference, tolerance = int(path.stem.rpartition("_")[2]), Reference(path), allowed["voltage_pu"]
    if not 1 <= minute <= study.steps:
        raise TwinError(Problem(f"the case has no minute {minute}", file=path, expected=f"1 .. {study.steps}"))
    nodes = np.concatenate([study.nodes_of(reference.text("bus"), phase) for phase in range(3)])
    size, angle = (reference.numbers(*(f"v{p}_{what}" for p in _PHASES)).T.ravel() for what in ("mag_pu", "ang_deg"))
    voltage = study.voltage(minute - 1)
    quantity, angle = f"node voltage, minute {minute}", angle + _shift_deg(voltage[nodes], angle)
    yield from voltage_rows(case, quantity, reference, voltage, nodes, size, angle, tolerance)
    for program in [name.removesuffix("_va_pu") for name in reference.columns if name.endswith("_va_pu")]:
        other = reference.numbers(*(f"{program}_v{p}_pu" for p in _PHASES)).T.ravel()
        yield compared(case, f"{quantity}, {program}", np.abs(voltage[nodes]) - other, tolerance, "pu")


def _shift_deg(voltage: Complex, angle_deg: Floats) -> float:
    """Return the multiple of 30 degrees by which voltages lead reference angles."""
    turn = np.sum(voltage * np.exp(-1j * np.radians(angle_deg)))
    return float(np.round(np.degrees(np.angle(turn)) / 30) * 30)


def _load_rows(case: str, path: Path, study: Study, allowed: Tolerances) -> Iterator[Row]:
    """Compare the voltage at loads at all minutes of a file with columns ``<load>_V`` or ``<load>_<program>_V``.

    Solved references are compared per unit, published ones in volts.
    """
    reference = Reference(path)
    steps = reference.integers("minute", 1, study.steps) - 1
    published = path.name.startswith("published")
    node_of_load, magnitude = _nodes_of_loads(path.parent, study), study.magnitude
    by_program: dict[str, list[Floats]] = {}
    for column in reference.columns[1:]:
        load, _, program = column.removesuffix("_V").partition("_")
        if load.casefold() not in node_of_load:
            raise TwinError(Problem(f"there is no load for the column {column}", path, "1"))
        node = node_of_load[load.casefold()]
        nominal = study.nominal_v(node)
        off = magnitude[steps, node] * nominal - reference.numbers(column)[:, 0]
        by_program.setdefault(program, []).append(off if published else off / nominal)
    tolerance = allowed["published_voltage_v" if published else "voltage_pu"]
    for program, distances in by_program.items():
        quantity = f"load voltage, {program} as published" if published else "load voltage, all minutes"
        yield compared(case, quantity, np.concatenate(distances), tolerance, "V" if published else "pu")


def _nodes_of_loads(folder: Path, study: Study) -> dict[str, Ints]:
    """Return the phase node of every load, by its name in small letters."""
    loads = Reference(folder / "loads.csv")
    phases = ["ABC".find(phase[:1]) for phase in loads.text("phase")]
    nodes = np.choose(phases, [study.nodes_of(loads.text("bus"), phase) for phase in range(3)])
    return {name.casefold(): node for name, node in zip(loads.text("load"), nodes, strict=True)}


MINUTES: Mapping[re.Pattern[str], Compare] = {_MINUTE: _minute_rows, _LOADS: _load_rows}
"""How each file with references by the minute is compared, by its name; minute 1 is the first step."""
