"""A feeder as OpenDSS states it: elements by their terminals, in SI units, each with the place it was read from.

Conventions are those of the OpenDSS engine, found by running it beside this reader: matrices are totals of the line,
the impedance of a transformer is on the base of its first winding at the taps in use, its no-load losses lie across
its last winding, and a load states its power at its own rated voltage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BEYOND_AS_POWER = (3, 4)  # load models

__all__ = [
    "BEYOND_AS_POWER",
    "Capacitor",
    "Circuit",
    "Line",
    "Load",
    "LoadShape",
    "Place",
    "Terminal",
    "Transformer",
    "VoltageSource",
    "Winding",
    "in_parts",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element stands: a file, and a line or JSON pointer in it."""

    file: Path
    where: str


@dataclass(frozen=True, slots=True)
class Terminal:
    """A bus and the nodes at which conductors meet it: 1, 2, 3 are phases, 0 is ground, beyond are neutrals."""

    bus: str
    given: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Terminal:
        """Return the terminal that ``671.1.2.3`` stands for.

        Raises
        ------
        ValueError
            If a node is no number.
        """
        bus, *nodes = text.strip().lower().split(".")
        return cls(bus, tuple(int(node) for node in nodes))

    def nodes(self, phases: int, conductors: int) -> tuple[int, ...]:
        """Return the node of every conductor; those not given are 1, 2, ... for the phases and ground for others."""
        default = [k + 1 if k < phases else 0 for k in range(conductors)]
        return (*self.given[:conductors], *default[len(self.given) :])


@dataclass(frozen=True, slots=True)
class VoltageSource:
    """Three balanced voltages behind an impedance: ``voltage_pu`` times ``voltage_v`` between phases."""

    name: str
    place: Place
    at: Terminal
    voltage_v: float
    voltage_pu: float
    angle_deg: float
    z1_ohm: complex
    z0_ohm: complex


@dataclass(frozen=True, slots=True)
class Line:
    """A line by its total matrices over the conductors, shape ``(n, n)`` each: ohm and F."""

    name: str
    place: Place
    ends: tuple[Terminal, Terminal]
    length_m: float
    r_ohm: Floats
    x_ohm: Floats
    c_f: Floats
    code: str = ""
    max_current_a: float | None = None
    open_ends: tuple[bool, bool] = (False, False)


@dataclass(frozen=True, slots=True)
class Winding:
    """One winding; the voltage between phases, or the winding's own where there is one phase, V, before the tap.

    ``floats`` is whether the neutral of a star is tied to nothing, see `twin.grid.formats.opendss_windings.lone_stars`.
    """

    at: Terminal
    voltage_v: float
    rated_va: float
    delta: bool
    r_pct: float
    tap: float
    floats: bool = False


@dataclass(frozen=True, slots=True)
class Transformer:
    """A transformer; ``x_pct`` is that between its windings, on the rating of the first one.

    OpenDSS hangs a reactance to ground at both ends of every winding, so that none floats: together they draw
    ``anti_float_ppm`` of the rated power, one millionth unless the file says otherwise.
    """

    name: str
    place: Place
    phases: int
    windings: tuple[Winding, ...]
    x_pct: float
    no_load_loss_pct: float = 0.0
    magnetizing_pct: float = 0.0
    low_side_leads: bool = False
    anti_float_ppm: float = 1.0
    regulates: bool = False


@dataclass(frozen=True, slots=True)
class Capacitor:
    """A bank of capacitors from phases to ground or to each other; ``var`` of all phases together."""

    name: str
    place: Place
    at: Terminal
    phases: int
    voltage_v: float
    var: float
    delta: bool


@dataclass(frozen=True, slots=True)
class Load:
    """A load: its power at rated voltage, VA, in parts that go with voltage to the power of 0, 1 and 2.

    Outside of ``v_min_pu`` .. ``v_max_pu`` of the rated voltage it becomes an impedance: that of its parts, or with
    ``beyond_as_power`` (models 3 and 4) that of as much constant power.
    """

    name: str
    place: Place
    at: Terminal
    phases: int
    voltage_v: float
    delta: bool
    constant_power_va: complex
    constant_current_va: complex
    constant_impedance_va: complex
    v_min_pu: float
    v_max_pu: float
    beyond_as_power: bool = False
    shape: str = ""


def in_parts(
    model: int, power: complex, exponents: tuple[float, float] = (1.0, 2.0), zipv: Sequence[float] = ()
) -> tuple[complex, complex, complex] | None:
    """Return the parts of constant power, current and impedance of a load by the number of OpenDSS' load model.

    Parameters
    ----------
    exponents
        Of the voltage in active and reactive power, of model 4 (``CVRwatts``, ``CVRvars``); its defaults.
    zipv
        Of model 8: shares of impedance, current and power in active power, those in reactive power, a cut-off voltage.

    Returns
    -------
        None for a model or exponents that have no such parts.
    """
    p, q = complex(power.real), 1j * power.imag
    if model == 8 and len(zipv) in (6, 7):
        z, i, c = (p * zipv[k] + q * zipv[k + 3] for k in range(3))
        return c, i, z
    if model in (1, 6):  # 6 fixes the reactive power, which here is that of the same step
        by_exponent = (0.0, 0.0)
    elif model in (2, 3, 5, 7):
        by_exponent = {2: (2.0, 2.0), 3: (0.0, 2.0), 5: (1.0, 1.0), 7: (0.0, 2.0)}[model]
    elif model == 4:
        by_exponent = exponents
    else:
        return None
    if not {*by_exponent} <= {0.0, 1.0, 2.0}:
        return None
    parts = [0j, 0j, 0j]
    parts[int(by_exponent[0])] += p
    parts[int(by_exponent[1])] += q
    return parts[0], parts[1], parts[2]


@dataclass(frozen=True, slots=True)
class LoadShape:
    """Factors on loads over time; ``q`` is that of reactive power, the same as ``p`` unless given."""

    name: str
    step_s: float
    p: Floats
    q: Floats


@dataclass
class Circuit:
    """All of a feeder.

    Attributes
    ----------
    base_v
        Nominal voltage to ground by bus, V; buses that are not in it get that of their surroundings.
    voltage_bases
        Nominal voltages between phases that may occur, V, from which those of the surroundings are picked.
    """

    name: str
    place: Place
    frequency_hz: float
    sources: list[VoltageSource] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    transformers: list[Transformer] = field(default_factory=list)
    capacitors: list[Capacitor] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    shapes: dict[str, LoadShape] = field(default_factory=dict)
    base_v: dict[str, float] = field(default_factory=dict)
    position: dict[str, tuple[float, float]] = field(default_factory=dict)
    voltage_bases: tuple[float, ...] = ()
