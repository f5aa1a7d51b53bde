"""Reading a feeder from an OpenDSS script: what a snapshot needs, and a finding for everything that is not understood.

Regulators stand at the taps that the script gives, switched elements as it leaves them; controls, meters and commands
that only solve or show are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError, nearest
from twin.grid.check import check
from twin.grid.formats.case import GridCase, case_of
from twin.grid.formats.opendss_commands import Script
from twin.grid.formats.opendss_connected import capacitor, load
from twin.grid.formats.opendss_elements import Circuit
from twin.grid.formats.opendss_item import Item
from twin.grid.formats.opendss_lines import line, line_code
from twin.grid.formats.opendss_script import read_script
from twin.grid.formats.opendss_shapes import shape
from twin.grid.formats.opendss_sources import source
from twin.grid.formats.opendss_tables import to_grid
from twin.grid.formats.opendss_transformers import transformer
from twin.grid.model import ElectricGrid

__all__ = ["read_opendss"]


def read_opendss(path: str | Path, notes: list[Problem] | None = None) -> GridCase:
    """Read the feeder that a script builds, with the files it calls.

    Parameters
    ----------
    path
        The main script.
    notes
        Where what was left out is added, with file and line: options and commands without a say in a snapshot,
        controls, meters, elements that are not enabled.

    Returns
    -------
        With ``power_over_time`` of loads that have a shape (``daily``, else ``yearly``, else ``duty``).

    Raises
    ------
    TwinError
        For every command, class or property that is not understood or that the tables cannot hold, and for everything
        that is wrong with the grid.
    """
    file = Path(path)
    with Problems(file) as problems:
        script = Script(problems)
        for command in read_script(file, problems):
            script.run(command)
        problems.raise_if_any()
        circuit = _circuit(script, file, problems)
        problems.raise_if_any()
        grid, shape_of = to_grid(circuit, problems)
        problems.raise_if_any()
        check(grid, file)
    if notes is not None:
        notes += script.notes
    series = _over_time(circuit, grid, shape_of)
    return case_of(grid, {"load": series} if series is not None else None)


def _over_time(circuit: Circuit, grid: ElectricGrid, shape_of: Sequence[str]) -> NDArray[np.complex128] | None:
    """Return the power of every row of loads over time, VA; those without a shape keep theirs, short ones repeat."""
    used = {name: circuit.shapes[name] for name in shape_of if name in circuit.shapes}
    if not used:
        return None
    step = np.arange(max(len(one.p) for one in used.values()))
    factors = {name: (one.p[step % len(one.p)], one.q[step % len(one.p)]) for name, one in used.items()}
    steady = np.ones(len(step)), np.ones(len(step))
    p, q = (np.stack([factors.get(name, steady)[k] for name in shape_of], axis=1) for k in (0, 1))
    return np.asarray(p * grid.load["p_w"] + 1j * (q * grid.load["q_var"]))


def _circuit(script: Script, file: Path, problems: Problems) -> Circuit:
    """Return the feeder that a script has built; elements that cannot be are among the problems."""
    if script.begun is None:
        raise TwinError(Problem("the script makes no circuit", file, expected="new circuit.name"))
    frequency = script.frequency_hz
    codes = {item.name: line_code(item, frequency) for item in _enabled(script, "linecode")}
    wound = {item.name: item for item in _enabled(script, "xfmrcode")}
    regulated = _regulated(script)
    lines = [line(item, codes, frequency) for item in _enabled(script, "line")]
    transformers = [transformer(item, wound, item.name in regulated) for item in _enabled(script, "transformer")]
    capacitors = [capacitor(item) for item in _enabled(script, "capacitor")]
    loads = [load(item, script.load_mult) for item in _enabled(script, "load")]
    shapes = [shape(item) for item in _enabled(script, "loadshape")]
    circuit = Circuit(
        name=script.name,
        place=script.begun,
        frequency_hz=frequency,
        sources=[source(item) for item in _enabled(script, "vsource")],
        lines=[replace(one, open_ends=script.opened.get(one.name, (False, False))) for one in lines if one],
        transformers=[one for one in transformers if one],
        capacitors=[one for one in capacitors if one],
        loads=[one for one in loads if one],
        shapes={one.name: one for one in shapes if one},
        base_v=script.base_v,
        position=script.position,
        voltage_bases=script.voltage_bases,
    )
    for one in circuit.loads:
        if one.shape not in ("", "default", *circuit.shapes):
            what = f"load {one.name}: there is no load shape {one.shape!r}"
            problems.add(what, one.place.where, None, nearest(one.shape, circuit.shapes), one.place.file)
    return circuit


def _enabled(script: Script, kind: str) -> list[Item]:
    found = [item for (of, _), item in script.items.items() if of == kind]
    for item in found:
        if not item.enabled:
            script.note(item.place, f"{kind} {item.name} is not enabled and left out")
    return [item for item in found if item.enabled]


def _regulated(script: Script) -> set[str]:
    """Return the transformers that a control belongs to."""
    names = set()
    for item in _enabled(script, "regcontrol"):
        names |= {one.value.word for one in item.assignments if one.name == "transformer"}
        script.note(item.place, f"regcontrol {item.name} controls nothing: the taps are as given")
    return names
