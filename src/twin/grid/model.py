"""The electric grid as tables: buses, their phase nodes, lines, transformers and the sources that feed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems, TwinError
from twin.table import GIVEN, Column, Table

if TYPE_CHECKING:
    from twin.city.model import City

__all__ = [
    "COLUMNS",
    "GRID_TABLES",
    "PHASES",
    "VECTOR_GROUPS",
    "WINDINGS_3W",
    "ElectricGrid",
    "clock",
    "empty_table",
    "make_table",
    "windings",
]

# IEC 60076-1: windings of the high- and the low-voltage side (star, delta, zigzag; n: its neutral is earthed), and the
# hour to which the low-voltage side's phasor points if the other's points to 12. Like windings have even hours.
_EVEN = ("YNyn", "YNy", "Yyn", "Yy", "Dd", "Dzn", "Dz")
_ODD = ("Dyn", "Dy", "YNd", "Yd", "YNzn", "Yzn", "Yz")
VECTOR_GROUPS = tuple(f"{family}{hour}" for family in _EVEN for hour in range(0, 12, 2)) + tuple(
    f"{family}{hour}" for family in _ODD for hour in range(1, 12, 2)
)
PHASES = ("a", "b", "c", "ab", "bc", "ca", "abc")
WINDINGS_3W = tuple(f"{hv}{mv}{lv}" for hv in ("YN", "Y", "D") for mv in ("yn", "y", "d") for lv in ("yn", "y", "d"))
CONNECTIONS = ("wye", "delta")

_DECLARED: dict[str, tuple[Column, ...]] = {
    "bus": (
        Column("v_nom_v", "V", "float", "nominal voltage between two phases", low=0),
        Column("x_m", "m", "float", "easting in the city's reference system"),
        Column("y_m", "m", "float", "northing in the city's reference system"),
        Column("z_m", "m", "float", "height of the ground in the city's reference system"),
    ),
    "connection": (
        Column("building", "-", "int", "row of the building it serves"),
        Column("bus", "-", "int", "row of the bus it is connected to"),
        Column("phases", "-", "str", "phases it is connected to; all that the bus has if missing", categories=PHASES),
        Column("feeder", "-", "int", "number of the feeder: what hangs on one cable of a station", low=0),
    ),
    "phase_node": (
        Column("bus", "-", "int", "row of the bus"),
        Column("phase", "-", "int", "0, 1, 2 for L1, L2, L3; 0 alone stands for all three", low=0, high=2),
        Column("connects", "-", "bool", "whether customers, generators or chargers may be connected here"),
    ),
    "line": (
        Column("from_bus", "-", "int", "row of the bus it comes from"),
        Column("to_bus", "-", "int", "row of the bus it goes to"),
        Column("type", "-", "str", "standard type of cable or overhead line"),
        Column("length_m", "m", "float", "length of the route"),
        Column("parallel", "-", "int", "systems laid in parallel"),
        Column("r_ohm_m", "ohm/m", "float", "resistance of one system, positive sequence"),
        Column("x_ohm_m", "ohm/m", "float", "reactance of one system, positive sequence"),
        Column("r0_ohm_m", "ohm/m", "float", "resistance of one system, zero sequence (neutral included)"),
        Column("x0_ohm_m", "ohm/m", "float", "reactance of one system, zero sequence (neutral included)"),
        Column("phases", "-", "str", "phases it joins; those that both ends have if missing", categories=PHASES),
        Column("c_f_m", "F/m", "float", "capacitance of one system, positive sequence; none if missing"),
        Column("g_s_m", "S/m", "float", "conductance to earth of one system; none if missing", low=0),
        Column("c0_f_m", "F/m", "float", "capacitance of one system, zero sequence; as c_f_m if missing"),
        Column("max_current_a", "A", "float", "current that one system may carry for good"),
    ),
    # lines whose phases are unlike, or that have not all three: one row per pair of phases, each pair once
    "line_matrix": (
        Column("line", "-", "int", "row of the line", low=0),
        Column("phase_a", "-", "int", "one phase, 0 to 2", low=0, high=2),
        Column("phase_b", "-", "int", "the same or another one", low=0, high=2),
        Column("r_ohm_m", "ohm/m", "float", "resistance, own or mutual, neutral folded in (Kron)"),
        Column("x_ohm_m", "ohm/m", "float", "reactance, own or mutual"),
        Column("c_f_m", "F/m", "float", "entry of the matrix of capacitances; 0 if missing"),
    ),
    "transformer": (
        Column("hv_bus", "-", "int", "row of the bus on the high-voltage side"),
        Column("lv_bus", "-", "int", "row of the bus on the low-voltage side"),
        Column("type", "-", "str", "standard type"),
        Column("parallel", "-", "int", "transformers side by side"),
        Column("s_rated_va", "VA", "float", "rated power of one"),
        Column("hv_rated_v", "V", "float", "rated voltage between two phases, high side, at the neutral tap"),
        Column("lv_rated_v", "V", "float", "rated voltage between two phases, low side, at the neutral tap"),
        Column("vk_pct", "pct", "float", "short-circuit voltage; below zero if its reactance is"),
        Column("vkr_pct", "pct", "float", "resistive part of the short-circuit voltage"),
        Column("vk0_pct", "pct", "float", "zero-sequence short-circuit voltage; as vk_pct if missing"),
        Column("vkr0_pct", "pct", "float", "resistive part of the zero-sequence one; as vkr_pct if missing"),
        Column("iron_loss_w", "W", "float", "no-load loss; none if missing", low=0),
        Column("no_load_current_pct", "pct", "float", "no-load current; none if missing, capacitive below zero"),
        Column("vector_group", "-", "str", "connection of the windings", categories=VECTOR_GROUPS),
        Column("phases", "-", "str", "phases it joins, such as ab; all if missing", categories=PHASES),
        Column("tap_side", "-", "str", "winding with taps", categories=("hv", "lv")),
        Column("tap_pos", "-", "int", "tap in use"),
        Column("tap_neutral", "-", "int", "tap at which the rated voltage holds"),
        Column("tap_step_pct", "pct", "float", "voltage of one tap over the rated one"),
        Column("tap_step_deg", "deg", "float", "angle of that voltage; without a tap_step_pct, turn of one tap"),
        Column("shift_deg", "deg", "float", "lag of the low-voltage side, instead of the vector group's"),
    ),
    "transformer_3w": (
        Column("hv_bus", "-", "int", "row of the bus on the high-voltage side"),
        Column("mv_bus", "-", "int", "row of the bus on the medium-voltage side"),
        Column("lv_bus", "-", "int", "row of the bus on the low-voltage side"),
        Column("windings", "-", "str", "star, delta, earthed neutrals, such as YNynd", categories=WINDINGS_3W),
        Column("hv_rated_v", "V", "float", "rated voltage, high side"),
        Column("mv_rated_v", "V", "float", "rated voltage, medium side"),
        Column("lv_rated_v", "V", "float", "rated voltage, low side"),
        Column("hv_rated_va", "VA", "float", "rated power, high side"),
        Column("mv_rated_va", "VA", "float", "rated power, medium side"),
        Column("lv_rated_va", "VA", "float", "rated power, low side"),
        Column("vk_hv_mv_pct", "pct", "float", "short-circuit voltage high to medium, on the smaller rating"),
        Column("vk_mv_lv_pct", "pct", "float", "short-circuit voltage medium to low"),
        Column("vk_hv_lv_pct", "pct", "float", "short-circuit voltage high to low"),
        Column("vkr_hv_mv_pct", "pct", "float", "its resistive part"),
        Column("vkr_mv_lv_pct", "pct", "float", "its resistive part"),
        Column("vkr_hv_lv_pct", "pct", "float", "its resistive part"),
        Column("iron_loss_w", "W", "float", "no-load loss", low=0),
        Column("no_load_current_pct", "pct", "float", "no-load current; capacitive below zero"),
        Column("shift_mv_deg", "deg", "float", "lag of the medium side"),
        Column("shift_lv_deg", "deg", "float", "lag of the low side"),
        Column("tap_side", "-", "str", "winding with taps", categories=("hv", "mv", "lv")),
        Column("tap_pos", "-", "int", "tap in use"),
        Column("tap_neutral", "-", "int", "tap at which the rated voltage holds"),
        Column("tap_step_pct", "pct", "float", "voltage of one tap over the rated one"),
        Column("tap_step_deg", "deg", "float", "angle of that voltage; without a tap_step_pct, turn of one tap"),
    ),
    "regulator": (
        Column("from_bus", "-", "int", "row of the bus it comes from"),
        Column("to_bus", "-", "int", "row of the bus it regulates"),
        Column("phases", "-", "str", "phases it joins", categories=PHASES),
        Column("ratio_a", "1", "float", "voltage behind it over that before it, phase a"),
        Column("ratio_b", "1", "float", "the same of phase b"),
        Column("ratio_c", "1", "float", "the same of phase c"),
        Column("r_ohm", "ohm", "float", "series resistance, behind the ratio"),
        Column("x_ohm", "ohm", "float", "series reactance, behind the ratio"),
    ),
    "switch": (
        Column("bus", "-", "int", "row of the bus it is at"),
        Column("element_type", "-", "str", "what it joins to", categories=("bus", "line", "transformer")),
        Column("element", "-", "int", "row of that bus, line or transformer"),
        Column("closed", "-", "bool", "whether it is closed"),
    ),
    "load": (
        Column("bus", "-", "int", "row of the bus"),
        Column("connection", "-", "str", "phases to neutral or to each other", categories=CONNECTIONS),
        Column("phases", "-", "str", "phases it is connected to; the power is shared alike", categories=PHASES),
        Column("p_w", "W", "float", "active power drawn at nominal voltage, of all phases together"),
        Column("q_var", "var", "float", "reactive power drawn"),
        Column("const_i", "1", "float", "share of constant current", low=0, high=1),
        Column("const_z", "1", "float", "share of constant impedance", low=0, high=1),
        Column("v_min_pu", "pu", "float", "voltage below which it becomes an impedance; never if missing", low=0),
        Column("v_max_pu", "pu", "float", "voltage above which it becomes an impedance; never if missing", low=0),
        Column("v_rated_pu", "pu", "float", "its rated voltage, at half of which it is a mere impedance; 1 if missing"),
        Column("beyond_as_power", "-", "bool", "whether beyond these it is as if all of it were constant power within"),
    ),
    "static_generator": (
        Column("bus", "-", "int", "row of the bus"),
        Column("connection", "-", "str", "phases to neutral or to each other", categories=CONNECTIONS),
        Column("phases", "-", "str", "phases it is connected to", categories=PHASES),
        Column("p_w", "W", "float", "active power fed in"),
        Column("q_var", "var", "float", "reactive power fed in"),
    ),
    "generator": (
        Column("bus", "-", "int", "row of the bus whose voltage it keeps"),
        Column("p_w", "W", "float", "active power fed in"),
        Column("voltage_pu", "pu", "float", "voltage kept", low=0),
        Column("q_min_var", "var", "float", "least reactive power; no limit if missing"),
        Column("q_max_var", "var", "float", "most reactive power; no limit if missing"),
    ),
    "storage": (
        Column("bus", "-", "int", "row of the bus"),
        Column("connection", "-", "str", "phases to neutral or to each other", categories=CONNECTIONS),
        Column("phases", "-", "str", "phases it is connected to", categories=PHASES),
        Column("p_w", "W", "float", "active power taken in"),
        Column("q_var", "var", "float", "reactive power taken in"),
    ),
    "shunt": (
        Column("bus", "-", "int", "row of the bus"),
        Column("connection", "-", "str", "phases to neutral or to each other", categories=CONNECTIONS),
        Column("phases", "-", "str", "phases it is connected to", categories=PHASES),
        Column("p_w", "W", "float", "active power drawn at nominal voltage, of all phases together"),
        Column("q_var", "var", "float", "reactive power drawn; that of a capacitor is negative"),
    ),
    "tap_changer": (
        Column("transformer", "-", "int", "row of the transformer whose taps move under load"),
        Column("tap_min", "-", "int", "lowest tap"),
        Column("tap_max", "-", "int", "highest tap"),
        Column("voltage_low_pu", "pu", "float", "voltage of the low-voltage side below which it raises it", low=0),
        Column("voltage_high_pu", "pu", "float", "voltage above which it lowers it", low=0),
    ),
    "outage": (
        Column("element_type", "-", "str", "what is out of service", categories=("line", "transformer")),
        Column("element", "-", "int", "row of that line or transformer"),
        Column("from_s", "s", "int", "when it goes out of service, seconds since 1970 (UTC)"),
        Column("to_s", "s", "int", "when it is back in service, seconds since 1970 (UTC)"),
    ),
    # characteristics of inverters, one row per corner; arrays of modules name the curve they follow
    "inverter_curve": (
        Column("curve", "-", "int", "number of the curve the corner belongs to", low=0),
        Column("kind", "-", "str", "reactive or most active power by voltage", categories=("volt_var", "volt_watt")),
        Column("voltage_pu", "pu", "float", "voltage of the corner; rising within a curve", low=0),
        Column("value_pu", "1", "float", "fed in over rated apparent (volt-var) or active power; not rising"),
    ),
    "pv_array": (
        Column("volt_var_curve", "-", "int", "curve by which its inverter feeds in reactive power", low=0),
        Column("volt_watt_curve", "-", "int", "curve by which its inverter limits active power", low=0),
        Column("inverter_va", "VA", "float", "rated apparent power of its inverter", low=0),
    ),
    "grid_source": (
        Column("bus", "-", "int", "row of the bus it feeds"),
        Column("voltage_pu", "pu", "float", "voltage behind its impedance"),
        Column("angle_deg", "deg", "float", "angle of that voltage"),
        Column("short_circuit_va", "VA", "float", "initial short-circuit power; infinite for a stiff voltage"),
        Column("rx_ratio", "1", "float", "resistance over reactance", low=0),
        Column("z0_z1_ratio", "1", "float", "zero- over positive-sequence impedance, magnitudes"),
        Column("rx0_ratio", "1", "float", "zero-sequence resistance over reactance; as rx_ratio if missing", low=0),
    ),
}

COLUMNS: dict[str, dict[str, Column]] = {table: {c.name: c for c in cs} for table, cs in _DECLARED.items()}


def make_table(
    name: str,
    ids: Sequence[str] | NDArray[np.str_],
    values: Mapping[str, Any],
    source: int | NDArray[Any] = GIVEN,
    problems: Problems | None = None,
) -> Table:
    """Return one of the grid's tables from its columns; with ``problems``, those go there instead of being raised."""
    table = Table(name, ids)
    for column, cells in values.items():
        try:
            declared = COLUMNS[name][column]
            table = table.put(declared, cells if len(table) else declared.blank(0), source if len(table) else GIVEN)
        except TwinError as error:
            if problems is None:
                raise
            problems.found += error.problems
    return table


def empty_table(name: str) -> Table:
    """Return one of the grid's tables without rows, but with all of its columns."""
    return make_table(name, (), {column: declared.blank(0) for column, declared in COLUMNS[name].items()})


def windings(vector_group: str) -> tuple[str, str]:
    """Return the windings of the two sides: ``Dyn11`` has ``("D", "yn")``."""
    letters = vector_group.rstrip("0123456789")
    high = "".join(letter for letter in letters if letter.isupper())
    return high, letters[len(high) :]


def clock(vector_group: str) -> int:
    """Return the hour to which the low-voltage side's phasor points if the other's points to 12."""
    return int(vector_group.lstrip("YNDynzd"))


@dataclass(frozen=True)
class ElectricGrid:
    """A grid; either one node stands for all three phases of every bus, or every phase of a bus has its own.

    Buses of the latter may have one, two or three phases. Lines are four-wire ones with the neutral folded in (Kron
    reduction): transposed ones by positive- and zero-sequence values, others by rows of ``line_matrix``. A grid of
    single nodes needs the positive sequence only.

    Attributes
    ----------
    frequency_hz
        Nominal frequency, at which capacitances count.
    """

    bus: Table
    phase_node: Table
    line: Table
    transformer: Table
    grid_source: Table
    line_matrix: Table = field(default_factory=partial(empty_table, "line_matrix"))
    transformer_3w: Table = field(default_factory=partial(empty_table, "transformer_3w"))
    regulator: Table = field(default_factory=partial(empty_table, "regulator"))
    switch: Table = field(default_factory=partial(empty_table, "switch"))
    load: Table = field(default_factory=partial(empty_table, "load"))
    static_generator: Table = field(default_factory=partial(empty_table, "static_generator"))
    generator: Table = field(default_factory=partial(empty_table, "generator"))
    storage: Table = field(default_factory=partial(empty_table, "storage"))
    shunt: Table = field(default_factory=partial(empty_table, "shunt"))
    tap_changer: Table = field(default_factory=partial(empty_table, "tap_changer"))
    outage: Table = field(default_factory=partial(empty_table, "outage"))
    frequency_hz: float = 50.0

    @property
    def tables(self) -> tuple[Table, ...]:
        """The five tables that every grid has, and the others that have rows."""
        return tuple(table for name, table in self._by_name.items() if name in _ALWAYS or len(table))

    @property
    def _by_name(self) -> dict[str, Table]:
        return {name: getattr(self, name) for name in GRID_TABLES}

    @classmethod
    def of(cls, city: City) -> ElectricGrid:
        """Return the grid whose tables a city holds.

        Raises
        ------
        TwinError
            If it holds none.
        """
        names = [name for name in GRID_TABLES if name in _ALWAYS or name in city.tables]
        tables: dict[str, Any] = {name: city.table(name) for name in names}
        return cls(**tables, frequency_hz=city.metadata.get("grid_frequency_hz", cls.frequency_hz))

    @cached_property
    def phases(self) -> int:
        """3 where every phase has its own node, 1 where one node stands for all three."""
        return 3 if (self.phase_node["phase"] > 0).any() else 1

    @cached_property
    def nodes(self) -> NDArray[np.int64]:
        """Row of the phase node of every phase and bus, -1 where there is none, shape ``(phases, n_bus)``."""
        rows = np.full((self.phases, len(self.bus)), -1, dtype=np.int64)
        rows[self.phase_node["phase"], self.phase_node["bus"]] = np.arange(len(self.phase_node))
        return rows


GRID_TABLES = tuple(f.name for f in fields(ElectricGrid) if f.name != "frequency_hz")
_ALWAYS = ("bus", "phase_node", "line", "transformer", "grid_source")
