"""What the meters of buildings bring."""

from __future__ import annotations

from twin.registry import Factor, Indicator, SimulatorEntry, Term, Wing

__all__ = ["WING"]

_CONSUMPTION = Term("electricity_consumption")
_IMPORT = Term("grid_import")
_SOLAR = (Term("solar_generation"), Term("curtailed_generation", times=-1.0))
_CARRIERS = ("gas", "oil", "biomass", "district_heat")


def _by_carrier(section: str) -> tuple[Term, ...]:
    """Return the carriers other than electricity that buildings take, each with its price or factor."""
    return tuple(Term(f"{carrier}_consumption", f"{section}.{carrier}") for carrier in _CARRIERS)


WING = Wing(
    name="meter",
    factors=(
        Factor("prices.electricity", "EUR/kWh", "what households pay for electricity from the grid", by_time=True),
        Factor("prices.feed_in", "EUR/kWh", "what they are paid for electricity fed in", required=False, by_time=True),
        Factor(
            "prices.vehicle_feed_in",
            "EUR/kWh",
            "what they are paid for electricity that vehicles feed in",
            required=False,
            by_time=True,
            instead="prices.feed_in",
        ),
        Factor("emissions.electricity", "kg/kWh", "CO2 equivalents of electricity from the grid", by_time=True),
    ),
    simulators=(SimulatorEntry("meter", "twin.devices.meter.simulator:build"),),
    indicators=(
        Indicator("electricity_demand", "Electricity demand", "kWh", "lower", (_CONSUMPTION,), headline=True),
        Indicator("peak_load", "Highest electric load", "kW", "lower", (_CONSUMPTION,), reduction="max"),
        Indicator("grid_import", "Electricity from the grid", "kWh", "lower", (_IMPORT,)),
        Indicator(
            "peak_import",
            "Highest power taken from the grid",
            "kW",
            "lower",
            (_IMPORT,),
            reduction="max",
            headline=True,
        ),
        Indicator(
            "co2",
            "Greenhouse gas emissions",
            "kg",
            "lower",
            (Term("electricity_emissions"), *_by_carrier("emissions")),
            headline=True,
        ),
        Indicator(
            "energy_cost",
            "Energy cost",
            "EUR",
            "lower",
            (Term("electricity_cost"), *_by_carrier("prices")),
            headline=True,
        ),
        Indicator("pv_yield", "Solar power made", "kWh", "higher", _SOLAR, headline=True),
        Indicator(
            "self_consumption",
            "Solar power used in the building",
            "pct",
            "higher",
            (Term("self_consumed_generation"),),
            over=_SOLAR,
            headline=True,
        ),
        Indicator("grid_export", "Electricity fed into the grid", "kWh", "neutral", (Term("grid_export"),)),
    ),
)
