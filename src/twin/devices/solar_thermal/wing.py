"""What solar thermal collectors bring."""

from __future__ import annotations

from twin.devices.solar_thermal.model import COLLECTOR_COLUMNS
from twin.registry import Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]

_SOLAR_THERMAL = Measure(
    kind="solar_thermal",
    table="building",
    params="twin.devices.solar_thermal.measures:SolarThermal",
    apply="twin.devices.solar_thermal.measures:install_collectors",
    writes=tuple(f"solar_collector.{name}" for name in COLLECTOR_COLUMNS),
    meaning="Heat domestic hot water by solar collectors on the best free roof face of each building.",
    assumes=(
        (
            "Solar collectors give heat as in steady state, their fluid 5 K warmer in the mean than their tank; what "
            "they and the pipes hold, and wind, are left out. Covers reflect at flat angles as flat glass does, those "
            "of evacuated tubes too.",
            "EN ISO 9806; twin: planning assumption",
        ),
        (
            "Solar tanks hold water of one temperature, up to 95 degC, in a room of 20 degC; their losses warm nobody. "
            "They preheat cold water of 10 degC to at most 60 degC; heaters give the rest, no less efficiently for it, "
            "and never heat the tank.",
            "twin: planning assumption",
        ),
    ),
)

_HEAT = (Term("solar_heat"),)

WING = Wing(
    name="solar_thermal",
    columns={"solar_collector": tuple(COLLECTOR_COLUMNS.values())},
    measures=(_SOLAR_THERMAL,),
    simulators=(
        SimulatorEntry(
            "solar_thermal",
            "twin.devices.solar_thermal.simulator:build",
            tuple(
                f"solar_collector.{name}"
                for name in COLLECTOR_COLUMNS
                if name not in ("building", "surface", "collector", "tilt_deg", "azimuth_deg", "roof_area_m2")
            ),
        ),
    ),
    indicators=(
        Indicator("solar_heat", "Hot water heated by the sun", "kWh", "higher", _HEAT),
        Indicator(
            "solar_fraction_hot_water",
            "Share of hot water heated by the sun",
            "pct",
            "higher",
            _HEAT,
            over=(Term("hot_water_demand"),),
        ),
        Indicator(
            "collector_heat",
            "Heat that solar collectors give to their tanks",
            "kWh",
            "neutral",
            (Term("collector_heat"),),
        ),
        Indicator(
            "solar_tank_losses",
            "Heat lost by the tanks of solar collectors",
            "kWh",
            "lower",
            (Term("solar_tank_losses"),),
        ),
    ),
)
