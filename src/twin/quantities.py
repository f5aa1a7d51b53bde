"""What simulators exchange: every quantity and entity set declared once, and the links between the sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError

__all__ = ["ENTITY_SETS", "QUANTITIES", "Link", "Quantity", "declare"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A physical quantity that ports carry.

    Attributes
    ----------
    unit
        SI unit; two ports meet only if the strings are the same.
    extensive
        True for what adds up over entities (W, var, kg/s): summed along links.
        False for what does not (degC, V, W/m2): gathered against them.
    """

    name: str
    unit: str
    extensive: bool
    meaning: str


_DECLARED = (
    # weather, per site
    Quantity("outdoor_temperature", "degC", False, "dry-bulb air temperature"),
    Quantity("global_horizontal_irradiance", "W/m2", False, "sun and sky on a horizontal plane"),
    Quantity("direct_normal_irradiance", "W/m2", False, "beam on a plane facing the sun"),
    Quantity("diffuse_horizontal_irradiance", "W/m2", False, "sky without the beam on a horizontal plane"),
    Quantity("sky_infrared_irradiance", "W/m2", False, "downward long-wave radiation on a horizontal plane"),
    Quantity("wind_speed", "m/s", False, "wind speed 10 m above ground"),
    Quantity("relative_humidity", "1", False, "relative humidity of the outdoor air, 0 to 1"),
    Quantity("air_pressure", "Pa", False, "station pressure"),
    Quantity("solar_zenith", "deg", False, "apparent angle of the sun from the vertical, mid-step"),
    Quantity("solar_azimuth", "deg", False, "angle of the sun clockwise from north, mid-step"),
    # sun, per surface
    Quantity("irradiance", "W/m2", False, "short-wave radiation on the plane of a surface"),
    # sun, per set of modules or collectors
    Quantity("plane_of_array_irradiance", "W/m2", False, "short-wave radiation on the plane of solar modules"),
    Quantity("cell_irradiance", "W/m2", False, "the same less what the glass of the modules reflects at flat angles"),
    Quantity("collector_irradiance", "W/m2", False, "on the plane of collectors, less what glass reflects likewise"),
    # demand, per building
    Quantity("space_heating_demand", "W", True, "useful heat that keeps the heating set point"),
    Quantity("space_cooling_demand", "W", True, "useful cold that keeps the cooling set point"),
    Quantity("hot_water_demand", "W", True, "useful heat in domestic hot water drawn off"),
    Quantity("indoor_temperature", "degC", False, "air temperature of the conditioned space"),
    Quantity("internal_gain", "W", True, "heat given off indoors by people, appliances and lighting"),
    Quantity("operative_temperature", "degC", False, "mean of air and surfaces that people feel"),
    Quantity("occupancy", "1", False, "share of a zone's people who are there, 0 to 1"),
    Quantity("comfort_category", "1", False, "category of EN 16798-1 a zone is in, 1 to 4; 0 while nobody is there"),
    Quantity("floor_area_in_category_1", "m2", True, "floor area in use and in category I of EN 16798-1"),
    Quantity("floor_area_in_category_2", "m2", True, "floor area in use and in category II of EN 16798-1"),
    Quantity("floor_area_in_category_3", "m2", True, "floor area in use and in category III of EN 16798-1"),
    Quantity("floor_area_in_category_4", "m2", True, "floor area in use and in category IV of EN 16798-1, or worse"),
    Quantity("overheated_floor_area", "m2", True, "floor area in use that is above 26 degC"),
    Quantity("overheating_of_floor_area", "m2 K", True, "floor area in use times by how much it is above 26 degC"),
    Quantity("underheated_floor_area", "m2", True, "floor area in use that is short of its heating set point"),
    Quantity("undercooled_floor_area", "m2", True, "floor area in use that is beyond its cooling set point"),
    Quantity("temperature_shortfall", "K", False, "how far it is below the heating set point indoors"),
    Quantity("temperature_excess", "K", False, "how far it is above the cooling set point of a cooled zone"),
    Quantity("heating_set_point_shift", "K", False, "by how much a control lifts (lowers) the heating set point"),
    # final energy, per building
    Quantity("electric_load", "W", True, "electric power drawn"),
    Quantity("gas_consumption", "W", True, "natural gas burned, lower heating value"),
    Quantity("oil_consumption", "W", True, "heating oil burned, lower heating value"),
    Quantity("biomass_consumption", "W", True, "wood burned, lower heating value"),
    Quantity("district_heat_consumption", "W", True, "heat taken from a district heating network"),
    Quantity("heat_pump_heat", "W", True, "heat that heat pumps give, that of their electric back-up among it"),
    Quantity("heat_pump_electricity", "W", True, "electric power that heat pumps draw with their back-up"),
    Quantity("cooling_electricity", "W", True, "electric power that makes cold"),
    Quantity("fan_electricity", "W", True, "electric power of the fans that ventilate buildings"),
    # electricity, wherever it is fed in or drawn, and the grid that carries it
    Quantity("electric_generation", "W", True, "electric power fed in"),
    Quantity("electricity_consumption", "W", True, "electric load without what batteries take in"),
    Quantity("grid_import", "W", True, "electric load that generation behind the same meter does not cover"),
    Quantity("grid_export", "W", True, "electric generation that load behind the same meter does not take"),
    Quantity("solar_generation", "W", True, "electric power that solar modules make"),
    Quantity("self_consumed_generation", "W", True, "solar power that load behind the same meter takes"),
    Quantity("electricity_cost", "EUR/s", True, "what the electricity taken costs less what is paid for that fed in"),
    Quantity("electricity_emissions", "kg/s", True, "CO2 equivalents behind the electricity taken from the grid"),
    Quantity("battery_charging", "W", True, "electric power that batteries take in at their terminals"),
    Quantity("battery_discharging", "W", True, "electric power that batteries give at their terminals"),
    Quantity("battery_losses", "W", True, "power lost in batteries and their inverters"),
    Quantity("stored_energy", "J", True, "energy that batteries hold"),
    Quantity("battery_cycling", "1/s", True, "full equivalent cycles per time"),
    Quantity("battery_health", "1", False, "capacity that is left over the one when new"),
    Quantity("street_battery_charging", "W", True, "electric power that street batteries take in at their terminals"),
    Quantity("street_battery_discharging", "W", True, "electric power that street batteries give at their terminals"),
    Quantity("street_battery_losses", "W", True, "power lost in street batteries and their inverters"),
    Quantity("street_stored_energy", "J", True, "energy that street batteries hold"),
    Quantity("street_battery_cycling", "1/s", True, "full equivalent cycles of street batteries per time"),
    Quantity(
        "street_battery_cost", "EUR/s", True, "what street batteries take less what they give, at the hour's price"
    ),
    Quantity("street_battery_emissions", "kg/s", True, "CO2 equivalents behind what street batteries take less give"),
    Quantity("street_battery_health", "1", False, "capacity of street batteries that is left over the one when new"),
    Quantity("heat_stored", "J", True, "heat that buffer storages hold above the lower edge of their bands"),
    Quantity("buffer_losses", "W", True, "heat that buffer storages lose to their surroundings"),
    Quantity("solar_heat", "W", True, "heat from solar collectors in the hot water drawn off"),
    Quantity("collector_heat", "W", True, "heat that solar collectors give to their tanks"),
    Quantity("solar_tank_losses", "W", True, "heat that the tanks of solar collectors lose to their surroundings"),
    Quantity("solar_tank_stored", "J", True, "heat that the tanks of solar collectors hold above cold water"),
    Quantity("unserved_heat", "W", True, "heat wanted that heating systems do not give"),
    Quantity("heating_starts", "1/s", True, "heaters under a control that start, per time"),
    Quantity("requested_charging", "W", True, "energy that vehicles want: booked as charged, or as they leave without"),
    Quantity("unserved_charging", "W", True, "energy that vehicles wanted and leave without"),
    Quantity("vehicle_discharging", "W", True, "electric power that vehicles give back"),
    Quantity("charging_sessions", "1/s", True, "vehicles that come to charge, per time"),
    Quantity("turned_away_sessions", "1/s", True, "vehicles that leave because every point is taken, per time"),
    Quantity("waiting_vehicles", "1", True, "vehicles that wait for a free point"),
    Quantity("occupied_points", "1", True, "charging points with a vehicle at them"),
    Quantity("reactive_load", "var", True, "reactive power drawn, inductive positive"),
    Quantity("voltage", "pu", False, "voltage to neutral over its nominal value"),
    Quantity("voltage_real", "pu", False, "part of the voltage to neutral that is in phase with the reference"),
    Quantity("voltage_imaginary", "pu", False, "part of the voltage to neutral a quarter period ahead of it"),
    Quantity("line_loading", "1", False, "largest phase current over what may flow for good"),
    Quantity("transformer_loading", "1", False, "largest phase current over the rated one"),
    Quantity("line_losses", "W", True, "power that heats lines"),
    Quantity("transformer_losses", "W", True, "power that heats windings and cores of transformers"),
    Quantity("voltage_unbalance", "1", False, "negative- over positive-sequence voltage of a bus"),
    Quantity("lowest_phase_voltage", "pu", False, "voltage of the bus phase that has the lowest, 1 if cut off"),
    Quantity("judged_weeks", "1/s", True, "weeks whose voltage can be judged, at the step they end with, per time"),
    Quantity("weeks_within_limits", "1/s", True, "those in which the voltage keeps to its limits, per time"),
    Quantity("tap_position", "1", False, "tap in use"),
    Quantity("tap_changes", "1/s", True, "moves of a tap changer, per time"),
    Quantity("unsupplied_load", "W", True, "electric load that is cut off from the grid, or finds no voltage there"),
    Quantity("supply_interrupted", "1", False, "1 where a phase is cut off from the grid, else 0"),
    Quantity("voltage_collapse", "1", False, "1 where no voltage carries what is asked of the grid, else 0"),
    Quantity("curtailed_generation", "W", True, "solar power held back to keep the voltage down"),
    Quantity("inverter_reactive_power", "var", True, "reactive power that inverters give to keep the voltage"),
    Quantity("limit_violation", "1", False, "1 where voltage or the loading beside it is out of bounds, else 0"),
)

QUANTITIES: dict[str, Quantity] = {q.name: q for q in _DECLARED}


def declare(quantity: Quantity) -> None:
    """Add a quantity that a user's simulator or a wing from elsewhere brings.

    Raises
    ------
    TwinError
        If another one of that name is declared already.
    """
    known = QUANTITIES.setdefault(quantity.name, quantity)
    if known != quantity:
        kind = "extensive" if known.extensive else "intensive"
        message = f"the quantity {quantity.name} is declared already, {kind}, in {known.unit}: {known.meaning}"
        raise TwinError(Problem(message, expected="another name, or the same declaration"))


ENTITY_SETS: dict[str, str] = {
    "site": "one place with one weather",
    "building": "a top-level building of the city model",
    "zone": "a thermal zone of a building",
    "surface": "a boundary surface of a building",
    "connection": "a customer's point of connection to the grid",
    "charging_point": "a place where one vehicle charges",
    "vehicle": "a vehicle",
    "charging_station": "charging points at one place that vehicles share",
    "battery": "an electric battery with its inverter",
    "street_battery": "a battery at the low-voltage busbar of a transformer",
    "pv_array": "photovoltaic modules that face one way",
    "solar_collector": "solar thermal collectors that face one way",
    "bus": "a node of the electric grid with all its phases",
    "phase_node": "one phase of a bus",
    "line": "a cable or overhead line between two buses",
    "transformer": "a transformer between two buses",
}


@dataclass(frozen=True)
class Link:
    """Which entities of a finer set belong to which of a coarser one, as a sparse matrix in coordinate form.

    Extensive quantities are summed from fine to coarse, weighted; intensive ones are gathered from coarse to fine.

    Attributes
    ----------
    fine, coarse
        Names of the two entity sets.
    rows, cols
        Index into the coarse and the fine set, shape ``(k,)``.
    weights
        Share of the fine entity that falls to the coarse one, shape ``(k,)``.
    """

    fine: str
    coarse: str
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    weights: NDArray[np.float64]

    @classmethod
    def belongs(cls, fine: str, coarse: str, coarse_of_fine: NDArray[np.integer]) -> Link:
        """Return the link in which each fine entity belongs wholly to one coarse entity, shape ``(n_fine,)``."""
        rows = np.asarray(coarse_of_fine, dtype=np.int64)
        return cls(fine, coarse, rows, np.arange(len(rows)), np.ones(len(rows)))
