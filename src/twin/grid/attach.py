"""How a city comes to its grid: what the scenario asks for, and the tables and links that follow."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError, nearest
from twin.grid.links import connection_nodes, feeders, links
from twin.grid.model import COLUMNS, ElectricGrid, make_table
from twin.ledger import Ledger
from twin.table import DERIVED, Table

if TYPE_CHECKING:
    from twin.city.model import City
    from twin.grid.given import GivenGrid
    from twin.grid.houses import Listed, Placed
    from twin.grid.settings import GridSettings

__all__ = ["attach", "look", "read_choice"]

CHOICES = ("none", "synthesize")
_STATED = ("load", "static_generator", "storage")
Ints = NDArray[np.int64]

_log = logging.getLogger("twin")


def read_choice(value: str, ledger: Ledger) -> str | GivenGrid:
    """Return what the scenario asks for: ``none``, a grid to ``synthesize``, or the one of a file.

    Parameters
    ----------
    value
        A path holds a ``/``.

    Raises
    ------
    TwinError
        If it asks for anything else, or with everything that is wrong with the file.
    """
    if "/" in value:
        from twin.grid.given import read_given

        return read_given(Path(value))
    if value not in CHOICES:
        raise TwinError(
            Problem(
                f"the grid is {value!r}",
                expected="one of " + ", ".join(CHOICES) + ", or the path of a file or folder such as ./grid.json",
                suggestion=nearest(value, CHOICES) or (f"./{value}" if "." in value else None),
            )
        )
    return value


def look(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """See that the settings of the grid mean something and that every building finds its bus; return the city.

    Raises
    ------
    TwinError
        For all settings that mean nothing for the grid asked for, or all that is wrong with the connections.
    """
    choice, settings = inputs["grid"], _settings(inputs)
    _check_settings(choice, settings)
    if not isinstance(choice, str):
        from twin.grid.given import brought
        from twin.grid.houses import connect

        listed, unsaid = _listed(choice, city, settings, strict=True), Ledger()
        doubt = connect(choice, brought(choice, city, settings, unsaid), city, listed, settings, unsaid).doubt
        if doubt:
            _log.warning("%s: %s", choice.path, doubt)
    return city


def _settings(inputs: Mapping[str, Any]) -> GridSettings:
    from twin.grid.settings import GridSettings

    settings: GridSettings = inputs.get("grid_settings", GridSettings())
    return settings


def _check_settings(choice: str | GivenGrid, settings: GridSettings) -> None:
    with Problems() as problems:
        if isinstance(choice, str):
            _check_needed(choice, settings, problems)
        else:
            _check_of_file(settings, problems)


def _check_needed(choice: str, settings: GridSettings, problems: Problems) -> None:
    from twin.grid.settings import OF_FILES

    vain = settings.model_fields_set if choice == "none" else settings.model_fields_set & set(OF_FILES)
    what = "there is no grid" if choice == "none" else "the grid is made up"
    expected = "[model] grid = the path of a file" + (', or "synthesize"' if choice == "none" else "")
    for name in sorted(vain):
        problems.add(f"grid.{name} is set, but {what}", expected=expected)


def _check_of_file(settings: GridSettings, problems: Problems) -> None:
    from twin.city.crs import epsg_code

    if "unlisted" in settings.model_fields_set and settings.connections is None:
        problems.add("grid.unlisted is set, but there is no list", expected="grid.connections = a CSV file")
    if settings.crs is not None and epsg_code(settings.crs) is None:
        problems.add(f"grid.crs = {settings.crs!r} is no known reference system", expected='a code like "EPSG:25832"')


def _listed(found: GivenGrid, city: City, settings: GridSettings, strict: bool) -> Listed | None:
    """Return what the file of connections says; None if there is none.

    Only buildings of the city's own file must be listed there; measures may add others or take some away.
    """
    if settings.connections is None:
        return None
    from twin.grid.houses import read_connections

    complete = strict and settings.unlisted == "error"
    return read_connections(Path(settings.connections), found, city, strict, complete)


def attach(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Return the city with the tables of its grid and the links to them; as it is where no grid is asked for."""
    choice, settings = inputs["grid"], _settings(inputs)
    if choice == "none":
        return city
    grid, placed = _made_up(city, ledger) if choice == "synthesize" else _from_file(choice, city, settings, ledger)
    ledger.state(
        "Loads and generators take no reactive power unless a simulator says so (power factor 1); with it voltages "
        "would sink a little lower.",
        "twin: planning assumption",
    )
    connection = _connections(grid, city, placed, settings, ledger)
    nodes = np.zeros(len(grid.phase_node), dtype=bool)
    nodes[connection_nodes(grid, connection)[0]] = True
    grid = replace(grid, phase_node=grid.phase_node.put(COLUMNS["phase_node"]["connects"], nodes, DERIVED))
    for table in grid.tables:
        city = city.with_table(table)
    city = replace(city, metadata={**city.metadata, "grid_frequency_hz": grid.frequency_hz})
    return city.with_table(connection, *links(grid, connection))


def _made_up(city: City, ledger: Ledger) -> tuple[ElectricGrid, Placed]:
    from twin.grid.houses import Placed
    from twin.grid.synthesize import synthesize

    made = synthesize(city, ledger)
    n = len(city.buildings)
    code = ledger.assume("Every building has one connection to the grid, on all three phases.", "VDE-AR-N 4100")
    return made.grid, Placed(made.bus_of_building, np.full(n, "", dtype="<U3"), np.full(n, code, dtype=np.uint16))


def _from_file(found: GivenGrid, city: City, settings: GridSettings, ledger: Ledger) -> tuple[ElectricGrid, Placed]:
    from twin.grid.given import brought
    from twin.grid.houses import connect

    grid = brought(found, city, settings, ledger)
    placed = connect(found, grid, city, _listed(found, city, settings, strict=False), settings, ledger)
    return _without_stated(grid, placed.bus, settings.loads == "drop", found.path.name, ledger), placed


def _without_stated(grid: ElectricGrid, buses: Ints, drop: bool, file: str, ledger: Ledger) -> ElectricGrid:
    """Return the grid without what its file states at buses where buildings are connected, and say what is left."""
    kept: dict[str, Any] = {}
    dropped: list[str] = []
    left: list[str] = []
    for name in _STATED:
        table: Table = getattr(grid, name)
        gone = np.isin(table["bus"], buses) if drop else np.zeros(len(table), dtype=bool)
        kept[name] = table.take(~gone)
        for which, rows in ((dropped, gone), (left, ~gone)):
            if rows.any():
                power = table["p_w"][rows].sum() / 1e3
                which.append(f"{rows.sum()} of the table {name} ({power:,.1f} kW)")
    if dropped:
        ledger.state(f"Buildings stand for what the grid's file states at their buses: {', '.join(dropped)}.", file)
    if left:
        ledger.state(
            f"What the grid's file states elsewhere is there at every step, unseen by whoever goes by the load of a "
            f"transformer: {', '.join(left)}.",
            file,
        )
    return replace(grid, **kept)


def _connections(grid: ElectricGrid, city: City, placed: Placed, settings: GridSettings, ledger: Ledger) -> Table:
    """Return the table of house connections: one for every building."""
    from twin.grid.house_phases import house_phases

    ids = [f"{building}/connection" for building in city.buildings.ids.tolist()]
    phases, codes = house_phases(grid, city, placed.bus, placed.phases, settings, ledger)
    table = make_table("connection", ids, {"building": np.arange(len(ids)), "bus": placed.bus}, placed.code)
    declared = COLUMNS["connection"]
    table = table.put(declared["phases"], phases, codes)
    return table.put(declared["feeder"], feeders(grid)[0][placed.bus], DERIVED)
