"""A low-voltage grid made up where none is known: plausible, radial, and marked as assumed in every cell.

Stations by coincident load and length of feeders, cables as a tree over the customers, sized by current and voltage
drop. It is planned as distribution grids of German towns are, but it is not the grid of the place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.grid.catalogue import SOURCE, cables, column, transformers
from twin.grid.demand import Customers, find_customers, ground_positions
from twin.grid.feeders import DETOUR, HIGHEST_DROP, LV_NOMINAL_V, SERVICE_M, Feeders, lay_feeders
from twin.grid.model import ElectricGrid, make_table
from twin.grid.stations import LONGEST_FEEDER_M, PLANNED_UTILIZATION, Station, place_stations
from twin.ledger import Ledger
from twin.table import DERIVED, Table

__all__ = ["GridMetrics", "SyntheticGrid", "synthesize"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MV_NOMINAL_V = 10_000.0
SHORT_CIRCUIT_VA = 100e6
RX_RATIO = 1.0
CIGRE = "as at the CIGRE benchmark of low-voltage grids (TF C6.04.02, 2014): 100 MVA, R/X 1"
PLANNING = "twin: planning assumption"


@dataclass(frozen=True)
class GridMetrics:
    """What a planner looks at first."""

    transformers: int
    rated_va: float
    planned_load_va: float
    customers: int
    largest_area: int
    feeders: int
    main_cable_m: float
    longest_feeder_m: float
    largest_drop: float

    @property
    def cable_m_per_customer(self) -> float:
        """Main and service cable per customer, m."""
        return self.main_cable_m / self.customers + SERVICE_M


@dataclass(frozen=True)
class SyntheticGrid:
    """A made-up grid.

    Attributes
    ----------
    bus_of_building
        Row of the bus each building is connected to, shape ``(n_buildings,)``.
    """

    grid: ElectricGrid
    bus_of_building: Ints
    metrics: GridMetrics


def synthesize(city: City, ledger: Ledger) -> SyntheticGrid:
    """Make up a low-voltage grid for all buildings of a city, the same for the same city.

    Raises
    ------
    TwinError
        If there is no building to connect.
    """
    customers = find_customers(city, ledger)
    stations = place_stations(city, customers)
    laid = [lay_feeders(station.xy, customers.take(station.customers)) for station in stations]
    numbers = _Numbers(stations, len(customers))
    codes = _codes(ledger)
    bus = _buses(city, customers, stations, laid, numbers, codes["bus"])
    grid = ElectricGrid(
        bus=bus,
        phase_node=_phase_nodes(bus, numbers),
        line=_lines(city, customers, stations, laid, numbers, codes["line"]),
        transformer=_transformers(stations, numbers, codes["transformer"]),
        grid_source=_sources(stations, numbers, codes["grid_source"]),
    )
    metrics = _metrics(customers, stations, laid)
    ledger.state(_described(metrics), PLANNING)
    return SyntheticGrid(grid, _bus_of_building(city, customers, numbers), metrics)


class _Numbers:
    """Rows of the bus table: per station its two busbars, then a joint and a service bus for each customer."""

    def __init__(self, stations: Sequence[Station], n_customers: int) -> None:
        self.hv, self.lv = (np.empty(len(stations), dtype=np.int64) for _ in range(2))
        self.joint, self.service = (np.empty(n_customers, dtype=np.int64) for _ in range(2))
        row = 0
        for k, station in enumerate(stations):
            self.hv[k], self.lv[k] = row, row + 1
            pairs = row + 2 + 2 * np.arange(len(station.customers))
            self.joint[station.customers], self.service[station.customers] = pairs, pairs + 1
            row += 2 + 2 * len(station.customers)
        self.n = row


def _codes(ledger: Ledger) -> dict[str, int]:
    return {
        "bus": ledger.assume(
            "Bus of a grid made up: stations at the load-weighted median of their customers, beside buildings; joints "
            "in front of the houses.",
            PLANNING,
        ),
        "line": ledger.assume(
            f"Cable of a grid made up: neighbours joined by {DETOUR:g} times their distance, {SERVICE_M:g} m from the "
            f"joint into the house; NAYY 4x150 or 4x240 so that the planned current fits and the voltage drops by no "
            f"more than {HIGHEST_DROP:.0%}, NAYY 4x50 into houses. Capacitance is left out.",
            SOURCE,
        ),
        "transformer": ledger.assume(
            f"Transformer of a grid made up: the smallest standard size that the planned load uses to no more than "
            f"{PLANNED_UTILIZATION:.0%}; no feeder longer than {LONGEST_FEEDER_M:g} m.",
            SOURCE,
        ),
        "grid_source": ledger.assume(
            f"Every station has {MV_NOMINAL_V / 1e3:g} kV behind a short-circuit power of {SHORT_CIRCUIT_VA / 1e6:g} "
            "MVA; the medium-voltage grid itself is not modelled.",
            CIGRE,
        ),
    }


def _buses(
    city: City,
    customers: Customers,
    stations: Sequence[Station],
    laid: Sequence[Feeders],
    numbers: _Numbers,
    code: int,
) -> Table:
    place = np.empty((numbers.n, 3))
    place[numbers.service] = np.column_stack([customers.xy, customers.z])
    ids = np.empty(numbers.n, dtype=object)
    names = city.buildings.ids[customers.building]
    ids[numbers.service] = [f"{name}/service" for name in names]
    ids[numbers.joint] = [f"{name}/joint" for name in names]
    for k, (station, feeders) in enumerate(zip(stations, laid, strict=True)):
        own = customers.take(station.customers)
        height = own.z[np.argmin(np.hypot(*(own.xy - station.xy).T))]
        place[numbers.hv[k]] = place[numbers.lv[k]] = [*station.xy, height]
        ids[numbers.hv[k]], ids[numbers.lv[k]] = f"station {k + 1}/10 kV", f"station {k + 1}/0.4 kV"
        place[numbers.joint[station.customers], :2] = _joints(own.xy, station.xy, feeders.parent)
        place[numbers.joint[station.customers], 2] = own.z
    v_nom = np.full(numbers.n, LV_NOMINAL_V)
    v_nom[numbers.hv] = MV_NOMINAL_V
    columns = {"v_nom_v": v_nom, "x_m": place[:, 0], "y_m": place[:, 1], "z_m": place[:, 2]}
    return make_table("bus", ids.astype(np.str_), columns, code)


def _joints(xy: Floats, station: Floats, parent: Ints) -> Floats:
    """Return where service cables leave the main one: before the house, on the way to where the main one comes from."""
    way = np.where(parent[:, None] >= 0, xy[parent], station) - xy
    length = np.hypot(*way.T)
    joints: Floats = xy + way * np.minimum(SERVICE_M / np.maximum(length, 1e-9), 0.5)[:, None]
    return joints


def _phase_nodes(bus: Table, numbers: _Numbers) -> Table:
    """Return the three nodes of every bus."""
    rows = np.repeat(np.arange(len(bus)), 3)
    phases = np.tile(np.arange(3), len(bus))
    ids = [f"{bus.ids[b]}/L{p + 1}" for b, p in zip(rows, phases, strict=True)]
    columns = {"bus": rows, "phase": phases, "connects": np.isin(rows, numbers.service)}
    return make_table("phase_node", ids, columns, DERIVED)


def _lines(
    city: City,
    customers: Customers,
    stations: Sequence[Station],
    laid: Sequence[Feeders],
    numbers: _Numbers,
    code: int,
) -> Table:
    """Return main cables, then service cables, of all stations."""
    names = city.buildings.ids[customers.building]
    ids: list[str] = []
    parts: list[Mapping[str, Any]] = []
    for k, (station, feeders) in enumerate(zip(stations, laid, strict=True)):
        rows = station.customers
        joint = numbers.joint[rows]
        origin = np.where(feeders.parent >= 0, joint[feeders.parent], numbers.lv[k])
        ids += [f"{name}/main" for name in names[rows]] + [f"{name}/service" for name in names[rows]]
        parts.append(_cable_columns(origin, joint, feeders.cable, feeders.parallel, feeders.length_m))
        length = np.full(len(rows), SERVICE_M)
        service = feeders.service_cable, feeders.service_parallel, length
        parts.append(_cable_columns(joint, numbers.service[rows], *service))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return make_table("line", ids, columns, code)


def _cable_columns(origin: Ints, end: Ints, cable: NDArray[np.str_], parallel: Ints, length: Floats) -> dict[str, Any]:
    electric = ("r_ohm_m", "x_ohm_m", "r0_ohm_m", "x0_ohm_m", "max_current_a")
    columns = {"from_bus": origin, "to_bus": end, "type": cable, "parallel": parallel, "length_m": length}
    return columns | {name: column(cables(), cable, name) for name in electric}


def _transformers(stations: Sequence[Station], numbers: _Numbers, code: int) -> Table:
    chosen = np.array([station.type for station in stations])
    names = [name for name in next(iter(transformers().values())) if name != "type"]
    columns = {
        "hv_bus": numbers.hv,
        "lv_bus": numbers.lv,
        "type": chosen,
        "parallel": np.array([station.parallel for station in stations]),
        **{name: column(transformers(), chosen, name) for name in names},
    }
    return make_table("transformer", [f"station {k + 1}" for k in range(len(stations))], columns, code)


def _sources(stations: Sequence[Station], numbers: _Numbers, code: int) -> Table:
    columns = {
        "bus": numbers.hv,
        "voltage_pu": 1.0,
        "angle_deg": 0.0,
        "short_circuit_va": SHORT_CIRCUIT_VA,
        "rx_ratio": RX_RATIO,
        "z0_z1_ratio": 1.0,
    }
    return make_table("grid_source", [f"station {k + 1}" for k in range(len(stations))], columns, code)


def _bus_of_building(city: City, customers: Customers, numbers: _Numbers) -> Ints:
    """Return each building's bus; one without a connection of its own is served by the nearest that has one."""
    xy = ground_positions(city)[:, :2]
    nearest = np.array([np.argmin(np.hypot(*(customers.xy - place).T)) for place in xy], dtype=np.int64)
    nearest[customers.building] = np.arange(len(customers))
    return np.asarray(numbers.service[nearest])


def _metrics(customers: Customers, stations: Sequence[Station], laid: Sequence[Feeders]) -> GridMetrics:
    rated = [transformers()[s.type]["s_rated_va"] * s.parallel for s in stations]
    return GridMetrics(
        transformers=sum(s.parallel for s in stations),
        rated_va=float(sum(rated)),
        planned_load_va=sum(s.load_va for s in stations),
        customers=len(customers),
        largest_area=max(len(s.customers) for s in stations),
        feeders=sum(int(f.feeder.max()) + 1 for f in laid),
        main_cable_m=float(sum((f.length_m * f.parallel).sum() for f in laid)),
        longest_feeder_m=float(max(f.route_m.max() for f in laid)),
        largest_drop=float(max(f.drop.max() for f in laid)),
    )


def _described(metrics: GridMetrics) -> str:
    return (
        f"Electric grid made up: {metrics.transformers} transformers with {metrics.rated_va / 1e3:.0f} kVA for a "
        f"planned load of {metrics.planned_load_va / 1e3:.0f} kVA, {metrics.customers} customers (at most "
        f"{metrics.largest_area} at one station), {metrics.feeders} feeders of up to {metrics.longest_feeder_m:.0f} m, "
        f"{metrics.cable_m_per_customer:.0f} m of cable per customer, voltage drop up to {metrics.largest_drop:.1%}."
    )
