"""What cooling and ventilation bring."""

from __future__ import annotations

from twin.devices.cooling.model import COLUMNS
from twin.registry import Fill, Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]

_FILLS = "twin.devices.cooling.fills:"
_SIMULATORS = "twin.devices.cooling.simulator:"

WING = Wing(
    name="cooling",
    columns={"building": tuple(COLUMNS.values())},
    fills=(
        Fill("building", (COLUMNS["cooling_system"],), ("cooled",), _FILLS + "cooling_system"),
        Fill("building", (COLUMNS["cooling_efficiency"],), ("cooling_system",), _FILLS + "cooling_efficiency"),
    ),
    measures=(
        Measure(
            kind="cooling",
            table="building",
            params="twin.devices.cooling.measures:Cooling",
            apply="twin.devices.cooling.measures:install_cooling",
            writes=("cooled", "cooling_set_point_degc", "cooling_capacity_w", *COLUMNS),
            meaning="Cool the rooms.",
        ),
    ),
    simulators=(
        SimulatorEntry(
            "cooling",
            _SIMULATORS + "build_cooling",
            ("building.cooled", "building.cooling_capacity_w", *(f"building.{name}" for name in COLUMNS)),
        ),
        SimulatorEntry(
            "fans",
            _SIMULATORS + "build_fans",
            tuple(
                f"building.{name}"
                for name in (
                    "specific_fan_power_j_m3",
                    "heated_floor_area_m2",
                    "air_change_1_h",
                    "infiltration_1_h",
                )
            ),
        ),
    ),
    indicators=(
        Indicator("cooling_electricity", "Electricity for cooling", "kWh", "lower", (Term("cooling_electricity"),)),
        Indicator(
            "cooling_performance_factor",
            "Cold per electricity of cooling",
            "1",
            "higher",
            (Term("space_cooling_demand"),),
            over=(Term("cooling_electricity"),),
        ),
        Indicator("fan_electricity", "Electricity for ventilation", "kWh", "lower", (Term("fan_electricity"),)),
    ),
)
