"""The electric grid as tables: buses, their phase nodes, lines, transformers and the sources that feed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems, TwinError
from twin.table import GIVEN, Column, Table

if TYPE_CHECKING:
    from twin.city.model import City

__all__ = ["COLUMNS", "VECTOR_GROUPS", "ElectricGrid", "clock", "make_table"]

# Delta on the high-voltage side, earthed star on the low-voltage side; the number is the clock of the phase shift
VECTOR_GROUPS = ("Dyn1", "Dyn5", "Dyn7", "Dyn11")
PHASES = ("a", "b", "c", "ab", "bc", "ca", "abc")
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
        Column("c_f_m", "F/m", "float", "capacitance of one system, positive sequence; none if missing", low=0),
        Column("c0_f_m", "F/m", "float", "capacitance of one system, zero sequence; as c_f_m if missing", low=0),
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
        Column("hv_rated_v", "V", "float", "rated voltage, high side, at the tap in use"),
        Column("lv_rated_v", "V", "float", "rated voltage, low side"),
        Column("vk_pct", "pct", "float", "short-circuit voltage"),
        Column("vkr_pct", "pct", "float", "resistive part of the short-circuit voltage"),
        Column("vk0_pct", "pct", "float", "zero-sequence short-circuit voltage; as vk_pct if missing"),
        Column("vkr0_pct", "pct", "float", "resistive part of the zero-sequence one; as vkr_pct if missing"),
        Column("iron_loss_w", "W", "float", "no-load loss; none if missing", low=0),
        Column("no_load_current_pct", "pct", "float", "no-load current; none if missing", low=0),
        Column("vector_group", "-", "str", "connection of the windings", categories=VECTOR_GROUPS),
        Column("phases", "-", "str", "phases it joins, such as ab; all if missing", categories=PHASES),
        Column("tap_side", "-", "str", "winding with taps", categories=("hv", "lv")),
        Column("tap_pos", "-", "int", "tap in use"),
        Column("tap_neutral", "-", "int", "tap at which the rated voltage holds"),
        Column("tap_step_pct", "pct", "float", "voltage of one tap over the rated one"),
        Column("tap_step_deg", "deg", "float", "angle of one tap"),
        Column("shift_deg", "deg", "float", "lag of the low-voltage side, instead of the vector group's"),
    ),
    "transformer_3w": (
        Column("hv_bus", "-", "int", "row of the bus on the high-voltage side"),
        Column("mv_bus", "-", "int", "row of the bus on the medium-voltage side"),
        Column("lv_bus", "-", "int", "row of the bus on the low-voltage side"),
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
        Column("no_load_current_pct", "pct", "float", "no-load current", low=0),
        Column("shift_mv_deg", "deg", "float", "lag of the medium side"),
        Column("shift_lv_deg", "deg", "float", "lag of the low side"),
        Column("tap_side", "-", "str", "winding with taps", categories=("hv", "mv", "lv")),
        Column("tap_pos", "-", "int", "tap in use"),
        Column("tap_neutral", "-", "int", "tap at which the rated voltage holds"),
        Column("tap_step_pct", "pct", "float", "voltage of one tap over the rated one"),
    ),
    "regulator": (
        Column("from_bus", "-", "int", "row of the bus it comes from"),
        Column("to_bus", "-", "int", "row of the bus it regulates"),
        Column("phases", "-", "str", "phases it joins", categories=PHASES),
        Column("ratio_a", "1", "float", "voltage behind it over that before it, phase a"),
        Column("ratio_b", "1", "float", "the same of phase b"),
        Column("ratio_c", "1", "float", "the same of phase c"),
        Column("r_ohm", "ohm", "float", "series resistance"),
        Column("x_ohm", "ohm", "float", "series reactance"),
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
    "grid_source": (
        Column("bus", "-", "int", "row of the bus it feeds"),
        Column("voltage_pu", "pu", "float", "voltage behind its impedance"),
        Column("angle_deg", "deg", "float", "angle of that voltage"),
        Column("short_circuit_va", "VA", "float", "initial short-circuit power; infinite for a stiff voltage"),
        Column("rx_ratio", "1", "float", "resistance over reactance", low=0),
        Column("z0_z1_ratio", "1", "float", "zero- over positive-sequence impedance"),
    ),
}

COLUMNS: dict[str, dict[str, Column]] = {table: {c.name: c for c in cs} for table, cs in _DECLARED.items()}


def make_table(
    name: str,
    ids: Sequence[str] | NDArray[np.str_],
    values: Mapping[str, Any],
    source: int = GIVEN,
    problems: Problems | None = None,
) -> Table:
    """Return one of the grid's tables from its columns; with ``problems``, those go there instead of being raised."""
    table = Table(name, ids)
    for column, cells in values.items():
        try:
            table = table.put(COLUMNS[name][column], cells, source)
        except TwinError as error:
            if problems is None:
                raise
            problems.found += error.problems
    return table


def clock(vector_group: str) -> int:
    """Return the hour to which the low-voltage side's phasor points if the other's points to 12."""
    return int(vector_group.lstrip("Dyn"))


@dataclass(frozen=True)
class ElectricGrid:
    """A grid; either every bus has its three phase nodes, or every bus has one that stands for all three.

    Lines are four-wire ones with the neutral folded in (Kron reduction) and transposed, so that positive- and
    zero-sequence values say all; a grid of single nodes needs the positive sequence only.
    """

    bus: Table
    phase_node: Table
    line: Table
    transformer: Table
    grid_source: Table

    @property
    def tables(self) -> tuple[Table, ...]:
        """All of its tables."""
        return tuple(getattr(self, f.name) for f in fields(self))

    @classmethod
    def of(cls, city: City) -> ElectricGrid:
        """Return the grid whose tables a city holds.

        Raises
        ------
        TwinError
            If it holds none.
        """
        return cls(**{f.name: city.table(f.name) for f in fields(cls)})

    @property
    def phases(self) -> int:
        """3 where every phase has its node, 1 where one node stands for all three."""
        return 3 if (self.phase_node["phase"] > 0).any() else 1

    @cached_property
    def nodes(self) -> NDArray[np.int64]:
        """Row of the phase node of every phase and bus, shape ``(phases, n_bus)``."""
        rows = np.full((self.phases, len(self.bus)), -1, dtype=np.int64)
        rows[self.phase_node["phase"], self.phase_node["bus"]] = np.arange(len(self.phase_node))
        return rows
