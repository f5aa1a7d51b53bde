"""The meter of every building: what it takes from the grid, what it feeds in, and what that costs and emits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.signals import Signal
from twin.engine.time import TimeAxis
from twin.registry import Setup

__all__ = ["MeterSimulator", "build"]


class MeterSimulator(Stateless):
    """Nets load and generation of a building step by step.

    Within a step all power made is taken to serve the load first, so the longer the step, the more of the power is
    counted as own use. What is fed in is solar power first, so power from batteries and vehicles counts as fed in only
    beyond it, first that of vehicles. What batteries take in is stored, not consumed. What inverters hold back to keep
    the voltage of the grid down is not made.

    Parameters
    ----------
    price, feed_in, vehicle_feed_in
        What is paid for electricity taken, fed in, and fed in by vehicles, EUR/J.
    emissions
        CO2 equivalents of electricity taken, kg/J.
    """

    name = "meter"
    version = "3"
    reads: Sequence[Read] = tuple(
        Read(q, "building", "sum")
        for q in (
            "electric_load",
            "electric_generation",
            "solar_generation",
            "curtailed_generation",
            "battery_charging",
            "vehicle_discharging",
        )
    )
    writes: Sequence[Write] = tuple(
        Write(q, "building")
        for q in (
            "electricity_consumption",
            "grid_import",
            "grid_export",
            "self_consumed_generation",
            "electricity_cost",
            "electricity_emissions",
        )
    )

    def __init__(self, step_s: int, price: Signal, feed_in: Signal, vehicle_feed_in: Signal, emissions: Signal) -> None:
        self.step_s = step_s
        self._signals = (price, feed_in, vehicle_feed_in, emissions)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return power (W), cost (EUR/s) and emissions (kg/s) of a window, each of shape ``(window.n, buildings)``."""
        curtailed = inputs["curtailed_generation"]
        net = inputs["electric_load"] - (inputs["electric_generation"] - curtailed)
        taken, fed_in = np.maximum(net, 0.0), np.maximum(-net, 0.0)
        solar = inputs["solar_generation"] - curtailed
        from_vehicles = np.minimum(np.maximum(fed_in - solar, 0.0), inputs["vehicle_discharging"])
        price, paid, paid_vehicles, factor = (signal.values(window)[:, None] for signal in self._signals)
        return {
            "electricity_consumption": inputs["electric_load"] - inputs["battery_charging"],
            "grid_import": taken,
            "grid_export": fed_in,
            "self_consumed_generation": np.maximum(solar - fed_in, 0.0),
            "electricity_cost": taken * price - (fed_in - from_vehicles) * paid - from_vehicles * paid_vehicles,
            "electricity_emissions": taken * factor,
        }


def build(setup: Setup) -> MeterSimulator:
    """Return the meters of all buildings."""
    keys = ("prices.electricity", "prices.feed_in", "prices.vehicle_feed_in", "emissions.electricity")
    return MeterSimulator(setup.step_s, *(setup.signals[key] for key in keys))
