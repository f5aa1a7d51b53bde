"""What the grid wing brings."""

from __future__ import annotations

from twin.grid.model import COLUMNS
from twin.registry import Indicator, Input, Layer, SimulatorEntry, Term, Wing

__all__ = ["WING"]

# Not called EN 50160, which counts ten-minute means: the band is the same, the step is the scenario's
_BAND = "within 10 % of the nominal voltage"

_CELLS = tuple(f"{table}.{column}" for table, columns in COLUMNS.items() for column in columns)

WING = Wing(
    name="grid",
    inputs=(
        Input(
            "grid",
            read="twin.grid.attach:read_choice",
            kind="catalogue",
            meaning="Electric grid: none, or synthesize to make one up.",
            default="none",
        ),
    ),
    attach="twin.grid.attach:attach",
    columns={table: tuple(columns.values()) for table, columns in COLUMNS.items()},
    simulators=(
        SimulatorEntry("grid", "twin.grid.simulator:build", _CELLS),
        SimulatorEntry("grid_flows", "twin.grid.simulator:build_flows", _CELLS, clock="grid"),
    ),
    indicators=(
        Indicator(
            "voltage_min",
            "Lowest voltage in the grid",
            "pu",
            "higher",
            (Term("voltage"),),
            reduction="min",
            across="min",
            level="phase_node",
            headline=True,
            standard=_BAND,
        ),
        Indicator(
            "voltage_max",
            "Highest voltage in the grid",
            "pu",
            "lower",
            (Term("voltage"),),
            reduction="max",
            across="max",
            level="phase_node",
            headline=True,
            standard=_BAND,
        ),
        Indicator(
            "line_loading_max",
            "Highest loading of a line",
            "pct",
            "lower",
            (Term("line_loading"),),
            reduction="max",
            across="max",
            level="line",
            headline=True,
        ),
        Indicator(
            "line_loading_worst_step",
            "Loading of the lines at the worst moment",
            "pct",
            "lower",
            (Term("line_loading"),),
            reduction="at_max",
            across="max",
            level="line",
        ),
        Indicator(
            "transformer_loading_max",
            "Highest loading of a transformer",
            "pct",
            "lower",
            (Term("transformer_loading"),),
            reduction="max",
            across="max",
            level="transformer",
            headline=True,
        ),
        Indicator(
            "hours_outside_limits",
            "Hours with a bus outside its limits",
            "h",
            "lower",
            (Term("limit_violation"),),
            reduction="hours_above",
            across="max",
            level="bus",
            threshold=0.5,
            headline=True,
            standard=f"{_BAND}; loading up to 100 %",
        ),
        Indicator(
            "grid_losses",
            "Losses in the grid",
            "kWh",
            "lower",
            (Term("line_losses"), Term("transformer_losses")),
            level="bus",
        ),
    ),
    layers=(
        Layer("grid_lines", "lines", "line", "twin.grid.layers:lines"),
        Layer("grid_buses", "points", "bus", "twin.grid.layers:buses"),
        Layer("grid_transformers", "points", "transformer", "twin.grid.layers:transformers"),
    ),
)
