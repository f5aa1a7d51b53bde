"""The heat pumps of some buildings: what they can give and draw, following source, sink and load from step to step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.devices.heating.emission_kernel import EXPONENT, SPREAD_K, flow_temperature
from twin.devices.heating.kernel import (
    COEFFICIENTS,
    CORRECTION,
    CYCLING_BELOW,
    HOT_WATER_SINK_DEGC,
    INVERTER_GAIN_K,
    Supply,
    air_capacity_factor,
    coefficient_of_performance,
    defrost_loss,
    heat_pump_supply,
    water_source_temperature,
)
from twin.devices.heating.model import cells
from twin.devices.part_load import part_load_factor
from twin.engine.ports import Arrays, Read
from twin.table import Table

__all__ = ["Conditions", "HeatPumps"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Conditions:
    """Outdoors as heat pumps see it, every attribute ``(step, building)``.

    Attributes
    ----------
    source
        Temperature of air, brine or groundwater, degC.
    flow
        Temperature that the rooms' heating needs, degC.
    kept
        Share of heat that defrosting leaves.
    capacity
        Most heat they can give, W.
    """

    source: Floats
    flow: Floats
    kept: Floats
    capacity: Floats


class HeatPumps:
    """Heat pumps as the table of their buildings describes them."""

    def __init__(self, table: Table) -> None:
        source = table["heat_pump_source"]
        self._air = source == "air"
        self._coefficients = np.array([COEFFICIENTS[s] for s in source.tolist()]).T
        self._cold_side = water_source_temperature(table["ground_source_temperature_degc"])
        self._nominal = table["heat_pump_capacity_w"]
        self._backup = table["backup_capacity_w"]
        operation = cells(table, "heat_pump_operation").tolist()
        self._correction = np.array([CORRECTION[o] for o in operation])
        self._cycling_below = np.array([CYCLING_BELOW[o] for o in operation])
        self._gain = np.where(np.array(operation) == "inverter", INVERTER_GAIN_K, 0.0)
        self._frost = np.where(self._air, np.nan_to_num(cells(table, "heat_pump_defrost_loss")), 0.0)
        emission = table["heat_emission"].tolist()
        sized = table["emitter_heat_load_w"]
        ratio = np.divide(table["design_heat_load_w"], sized, out=np.ones(len(sized)), where=sized > 0.0)
        self._curve = {
            "design_flow": table["supply_temperature_degc"],
            "design_outdoor": table["design_outdoor_temperature_degc"],
            "load_ratio": np.minimum(ratio, 1.0),
            "exponent": np.array([EXPONENT[e] for e in emission]),
            "spread": np.array([SPREAD_K[e] for e in emission]),
        }

    @property
    def reads(self) -> tuple[Read, ...]:
        """What they must know of the weather."""
        outdoor = Read("outdoor_temperature", "building")
        return (outdoor, Read("relative_humidity", "building")) if self._frost.any() else (outdoor,)

    def conditions(self, weather: Arrays) -> Conditions:
        """Return what the weather means to them."""
        outdoor = weather["outdoor_temperature"]
        kept = np.ones_like(outdoor)
        if self._frost.any():
            kept -= defrost_loss(outdoor, weather["relative_humidity"], self._frost)
        source = np.where(self._air, outdoor, self._cold_side)
        factor = np.where(self._air, air_capacity_factor(outdoor), 1.0)
        return Conditions(source, flow_temperature(outdoor, **self._curve), kept, self._nominal * factor * kept)

    def cop(self, lift: Floats, kept: Floats) -> Floats:
        """Return the coefficient of performance at full load for a lift from source to sink, K."""
        return coefficient_of_performance(lift, self._coefficients, self._correction) * kept

    def cops(self, now: Conditions, demand: Floats) -> tuple[Floats, Floats]:
        """Return the coefficients of performance for space heat, by heating curve, and for hot water.

        Parameters
        ----------
        demand
            Heat asked for in all, W, as the load decides over switching.
        """
        heat = np.minimum(demand, now.capacity)
        load = np.divide(heat, now.capacity, out=np.zeros_like(heat), where=now.capacity > 0.0)
        left = part_load_factor(load, self._cycling_below) * now.kept
        warmer = now.source + self._gain * (1.0 - load)
        return self.cop(now.flow - warmer, left), self.cop(HOT_WATER_SINK_DEGC - warmer, left)

    def supply(self, now: Conditions, space: Floats, water: Floats) -> Supply:
        """Meet demands for space heat and hot water, W."""
        return heat_pump_supply(space, water, *self.cops(now, space + water), now.capacity, self._backup)
