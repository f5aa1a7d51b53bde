"""How a city comes to its grid: what the scenario asks for, and the tables and links that follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import Problem, TwinError, nearest
from twin.grid.model import ElectricGrid, make_table
from twin.ledger import Ledger
from twin.quantities import Link

if TYPE_CHECKING:
    from twin.city.model import City
    from twin.grid.network import Ints
    from twin.table import Table

__all__ = ["attach", "feeder_areas", "links", "read_choice"]

CHOICES = ("none", "synthesize")


def read_choice(value: str, ledger: Ledger) -> str:
    """Return what the scenario asks for: ``none``, or a grid to ``synthesize``.

    Raises
    ------
    TwinError
        If it asks for anything else.
    """
    if value not in CHOICES:
        raise TwinError(
            Problem(
                f"the grid is {value!r}", expected="one of " + ", ".join(CHOICES), suggestion=nearest(value, CHOICES)
            )
        )
    return value


def attach(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Return the city with the tables of its grid and the links to them; as it is where no grid is asked for."""
    if inputs["grid"] == "none":
        return city
    from twin.grid.synthesize import synthesize

    made = synthesize(city, ledger)
    ledger.state(
        "Loads and generators take no reactive power unless a simulator says so (power factor 1); with it voltages "
        "would sink a little lower.",
        "twin: planning assumption",
    )
    for table in made.grid.tables:
        city = city.with_table(table)
    return city.with_table(_connections(city, made.bus_of_building, ledger), *links(made.grid, made.bus_of_building))


def _connections(city: City, bus_of_building: Ints, ledger: Ledger) -> Table:
    """Return the table of house connections: one for every building."""
    code = ledger.assume("Every building has one connection to the grid, on all three phases.", "VDE-AR-N 4100")
    ids = [f"{building}/connection" for building in city.buildings.ids.tolist()]
    values = {"building": np.arange(len(ids)), "bus": bus_of_building}
    return make_table("connection", ids, values, code)


def links(grid: ElectricGrid, bus_of_building: Ints) -> tuple[Link, ...]:
    """Return how buildings, their connections, phase nodes, lines and transformers belong together.

    A connection takes power from all phases of its bus alike. Line and transformer belong to the bus they feed, buses
    to the transformer that supplies them.
    """
    phases, n = len(grid.nodes), len(bus_of_building)
    rows = grid.nodes[:, bus_of_building].T.ravel()
    return (
        Link.belongs("building", "connection", np.arange(n)),
        Link("connection", "phase_node", rows, np.repeat(np.arange(n), phases), np.full(n * phases, 1 / phases)),
        Link.belongs("phase_node", "bus", grid.phase_node["bus"]),
        Link.belongs("line", "bus", grid.line["to_bus"]),
        Link.belongs("transformer", "bus", grid.transformer["lv_bus"]),
        feeder_areas(grid),
    )


def feeder_areas(grid: ElectricGrid) -> Link:
    """Return which buses each transformer supplies: all that lines join to its low-voltage side.

    Transformers that feed the same buses share them alike (weights 1/k). Buses that lines join to a source belong to
    no transformer, so sums per transformer leave them out.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = len(grid.bus)
    ends = grid.line["from_bus"], grid.line["to_bus"]
    n_areas, area = connected_components(csr_array((np.ones(len(grid.line)), ends), shape=(n, n)), directed=False)
    supplied = area[grid.transformer["lv_bus"]]
    feeders = np.flatnonzero(~np.isin(supplied, area[grid.grid_source["bus"]]))
    shares = 1.0 / np.bincount(supplied[feeders], minlength=n_areas)[supplied[feeders]]
    feeds = csr_array((shares, (feeders, supplied[feeders])), shape=(len(grid.transformer), n_areas))
    belongs = csr_array((np.ones(n), (area, np.arange(n))), shape=(n_areas, n))
    weights = (feeds @ belongs).tocoo()
    return Link("bus", "transformer", weights.row.astype(np.int64), weights.col.astype(np.int64), weights.data)
