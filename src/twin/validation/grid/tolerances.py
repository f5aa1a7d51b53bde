"""How far a figure may be from its reference: what the suite allows, and what a case's own ``tolerance.json`` says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from twin.errors import Problem, Problems, TwinError, nearest
from twin.validation.grid.references import read_json

__all__ = ["DEFAULTS", "FILE", "read_tolerances"]

FILE = "tolerance.json"

DEFAULTS: Mapping[str, float] = {
    "voltage_pu": 1e-6,
    "element_voltage_pu": 1e-5,
    "published_voltage_v": 3e-3,
    "flow_rel": 1e-4,
    "losses_rel": 1e-6,
    "statistics_pu": 1e-8,
    "energy_rel": 1e-6,
}
"""What is allowed where a case says nothing.

``voltage_pu`` holds for magnitudes (pu) and angles (rad) of solved references; ``element_voltage_pu`` takes its place
for feeders given element by element, with regulators; ``published_voltage_v`` for voltages as published, in volts;
``flow_rel`` for powers, currents, loadings and losses of each branch; ``losses_rel`` for the losses of the whole grid;
``statistics_pu`` and ``energy_rel`` for a year.
"""


def read_tolerances(folder: Path) -> tuple[dict[str, float], tuple[Problem, ...]]:
    """Return the tolerances of a case: those of `DEFAULTS`, overruled by its ``tolerance.json`` where there is one.

    A file that states ``voltage_pu`` means it for feeders given element by element, too. What is wrong with the file
    comes second: names that are not known and values that are no positive numbers count for nothing.
    """
    path = folder / FILE
    try:
        stated = read_json(path)
    except TwinError as error:
        return dict(DEFAULTS), error.problems
    problems, found = Problems(path), dict[str, float]()
    for name, value in stated.items():
        if name not in DEFAULTS:
            problems.add(f"unknown tolerance {name!r}", f"/{name}", ", ".join(DEFAULTS), nearest(name, DEFAULTS))
        elif isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            problems.add(f"{name} is {value!r}", f"/{name}", "a positive number")
        else:
            found[name] = float(value)
    if "voltage_pu" in found:
        found.setdefault("element_voltage_pu", found["voltage_pu"])
    return {**DEFAULTS, **found}, tuple(problems.found)
