"""The list of wings, and what a wing is: a declaration of all it brings, resolved only on use.

A wing is a folder of this package, or any package that offers the entry point ``twin.wings``. Its ``wing.py`` holds
one `Wing` and imports no kernel: whatever is code stands in it as a ``"module:name"`` string.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal

from twin.table import Column

if TYPE_CHECKING:
    from twin.city.model import City
    from twin.engine.signals import Signal
    from twin.engine.time import CivilTime

__all__ = [
    "Appraisal",
    "Difference",
    "Factor",
    "Fill",
    "Indicator",
    "Input",
    "Layer",
    "Measure",
    "Rider",
    "Section",
    "Setup",
    "SimulatorEntry",
    "Suite",
    "Term",
    "Wing",
    "resolve",
    "wings",
]

WINGS = {
    "city": "twin.city.wing:WING",
    "weather": "twin.weather.wing:WING",
    "sun": "twin.sun.wing:WING",
    "buildings": "twin.buildings.wing:WING",
    "heating": "twin.devices.heating.wing:WING",
    "cooling": "twin.devices.cooling.wing:WING",
    "pv": "twin.devices.pv.wing:WING",
    "solar_thermal": "twin.devices.solar_thermal.wing:WING",
    "ev": "twin.devices.ev.wing:WING",
    "battery": "twin.devices.battery.wing:WING",
    "meter": "twin.devices.meter.wing:WING",
    "grid": "twin.grid.wing:WING",
    "economy": "twin.economy.wing:WING",
}


@dataclass(frozen=True, slots=True)
class Input:
    """A key of the scenario's ``[model]`` and who reads it.

    ``read(value, ledger)`` returns what simulators find under ``setup.inputs[key]``; ``value`` is an absolute path
    for ``kind="file"`` and the text of the scenario for ``kind="catalogue"``. One that is not ``required`` may be left
    out. ``files(path)`` returns the files that a catalogue named by its path reads; its CSV files if None.
    """

    key: str
    read: str
    kind: Literal["file", "catalogue"]
    meaning: str
    default: str | None = None
    required: bool = True
    files: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the scenario file with a wing's settings, such as ``[sun]``.

    ``params`` is a pydantic model with defaults for everything; simulators find it under ``setup.inputs[name]``, which
    is the key if no other name is given. ``files`` names those of its fields that name files, which become absolute.
    """

    key: str
    params: str
    meaning: str
    name: str = ""
    files: tuple[str, ...] = ()

    @property
    def found_as(self) -> str:
        """Key under which simulators find the settings."""
        return self.name or self.key


@dataclass(frozen=True, slots=True)
class Fill:
    """A rule that proposes values for cells nobody gave.

    ``apply(city, inputs, ledger)`` returns ``{column name: (values, source codes)}`` for every row, and depends on
    nothing but the columns in ``keys``: it is asked again after the measures, and only cells that are missing,
    derived or assumed take the new proposal.
    """

    table: str
    writes: tuple[Column, ...]
    keys: tuple[str, ...]
    apply: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A kind of change that an option can make.

    ``params`` is a pydantic model; ``apply(city, rows, params, code)`` returns the changed city, writing ``code`` as
    the source of every cell it sets in the rows selected. ``writes`` names columns of its table, or ``table.column``
    of a table it adds rows to. ``assumes`` holds what it takes for granted, sentence and reference, for the ledger.
    ``reshapes``: it changes what stands, so it is made before the wings attach their tables. One that does not
    ``selects`` concerns no rows there are; it takes neither ``where`` nor ``share``, and its parameter ``id`` names it.
    ``timed``: it happens at some time, so ``apply`` is also given the `twin.engine.time.Horizon`.
    """

    kind: str
    table: str
    params: str
    apply: str
    writes: tuple[str, ...]
    meaning: str
    assumes: tuple[tuple[str, str], ...] = ()
    reshapes: bool = False
    selects: bool = True
    timed: bool = False


@dataclass(frozen=True, slots=True)
class Rider:
    """A list of entries that every measure may carry beside its own parameters, such as what it costs.

    Attributes
    ----------
    entry
        Pydantic model of one entry.
    check
        ``check(entry, spec, columns_of)`` yields a field and a `Problem` for all that is wrong in an entry of a measure
        that the schema cannot see; ``columns_of(table)`` are the columns that a table can have.
    begin
        ``begin(city, inputs, ledger)`` returns the city before the first measure, if any in the scenario carries it.
    apply
        ``apply(before, after, rows, spec, entries, inputs, ledger, code)`` returns the city after a measure and the
        fills that followed it; ``rows`` are those chosen of the table before.
    """

    key: str
    entry: str
    check: str
    begin: str
    apply: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What a simulator is built from.

    Attributes
    ----------
    inputs
        By key of the scenario's ``[model]``, what the wings' readers returned.
    civil
        The clock and the public holidays by which people live.
    step_s
        The step the scenario asks this simulator to take.
    signals
        Prices and emission factors over time in SI (EUR/J, kg/J), by key such as ``prices.electricity``.
    """

    city: City
    inputs: Mapping[str, Any]
    civil: CivilTime
    step_s: int
    signals: Mapping[str, Signal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SimulatorEntry:
    """A simulator the wing offers: ``build(setup)`` returns it, or None where there is nothing to simulate.

    ``columns`` names the cells it reads (``table.column``), for the share of assumed values. ``clock`` is the name
    under which the scenario's ``[steps]`` sets its step, its own if None.
    """

    name: str
    build: str
    columns: tuple[str, ...] = ()
    clock: str | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """A price or emission factor of the scenario (``prices.electricity``) and what the wing uses it for.

    ``unit`` is the one people use; values in SI reach simulators as ``setup.signals[key]``. One that is not
    ``required`` is 0 where the scenario does not state it, or that of the key ``instead``. ``by_time``: it may change
    with time. ``needed_by`` names quantities: as soon as a simulator of any option writes one of them, the factor must
    be stated even if it is not ``required``.
    """

    key: str
    unit: str
    meaning: str
    required: bool = True
    by_time: bool = False
    instead: str | None = None
    needed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """A quantity that an indicator sums, times a price or factor of the scenario (``prices.electricity``).

    ``times`` is a number it is also multiplied by where the reduction is a sum: -1 takes it off.
    """

    quantity: str
    factor: str | None = None
    times: float = 1.0


@dataclass(frozen=True, slots=True)
class Indicator:
    """A number by which options are compared.

    Attributes
    ----------
    unit
        As shown; the stream is in SI and converted once.
    direction
        What is better.
    column
        Instead of terms: a column of the level's table that holds the number, in the unit shown. The quarter has the
        mean weighted by the column ``per``.
    adds_up
        The quarter has the sum of the column instead.
    reduction
        Over time: ``sum`` (W to J), ``max``, ``min``, ``mean``, ``hours_above`` / ``hours_below`` the threshold, or
        ``at_max``: what each entity has at the one step that is worst for all.
    across
        How the quarter's series is formed from the entities: ``natural`` adds up or averages, ``max`` and ``min``
        take whichever entity stands out at each step.
    per
        Column of the level's table to divide by, or None.
    over
        Quantities to divide by, for a share: the sum of ``terms`` over the sum of these.
    level
        Entity set at which it is kept; the quarter's value is formed from the summed stream.
    """

    id: str
    title: str
    unit: str
    direction: Literal["lower", "higher", "neutral"]
    terms: tuple[Term, ...] = ()
    reduction: Literal["sum", "max", "min", "mean", "hours_above", "hours_below", "at_max"] = "sum"
    across: Literal["natural", "max", "min"] = "natural"
    level: str = "building"
    per: str | None = None
    over: tuple[Term, ...] = ()
    threshold: float | None = None
    headline: bool = False
    standard: str = ""
    column: str | None = None
    adds_up: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """An indicator of an option less that of the option it is compared with, times a number.

    ``of = "base"`` takes what the option compared with has instead of the difference.
    """

    indicator: str
    times: float = 1.0
    of: Literal["change", "base"] = "change"


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A number that says what an option is worth against another, wherever both have the indicators it is made of.

    It is the sum of ``above``, over the sum of ``below`` if there is any; where the latter is not positive, there is
    none. What an indicator sums over time counts for a year.
    """

    id: str
    title: str
    unit: str
    direction: Literal["lower", "higher", "neutral"]
    above: tuple[Difference, ...]
    below: tuple[Difference, ...] = ()
    headline: bool = False
    standard: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """Something to draw: ``build(city)`` returns coordinates ``(n, 3)``, offsets and the ids of the entities."""

    name: str
    kind: Literal["triangles", "lines", "points"]
    entity: str
    build: str


@dataclass(frozen=True, slots=True)
class Suite:
    """Published references that a wing's kernels are held against by ``twin validate NAME``.

    ``run`` takes keywords and returns rows with ``case, quantity, unit, pass`` (None if skipped) and the figures that
    belong to them.
    """

    name: str
    run: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Wing:
    """Everything a wing brings to the house.

    ``harmonize(city, inputs, ledger)`` returns the city with what its file states for the wing's columns, before any
    gap is filled; ``attach(city, inputs, ledger)`` returns it with the wing's own tables and links added.
    """

    name: str
    inputs: tuple[Input, ...] = ()
    sections: tuple[Section, ...] = ()
    factors: tuple[Factor, ...] = ()
    harmonize: str | None = None
    attach: str | None = None
    columns: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    fills: tuple[Fill, ...] = ()
    measures: tuple[Measure, ...] = ()
    riders: tuple[Rider, ...] = ()
    simulators: tuple[SimulatorEntry, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    appraisals: tuple[Appraisal, ...] = ()
    layers: tuple[Layer, ...] = ()
    suites: tuple[Suite, ...] = ()


def resolve(reference: str) -> Any:
    """Return the object behind ``"module:name"``."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


@cache
def wings() -> tuple[Wing, ...]:
    """Return every wing: the house's own in the order listed, then those of installed packages by name."""
    return tuple(_load())


def _load() -> Iterator[Wing]:
    for reference in WINGS.values():
        yield resolve(reference)
    for entry in sorted(entry_points(group="twin.wings"), key=lambda e: e.name):
        yield entry.load()
