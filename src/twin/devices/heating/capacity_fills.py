"""How large heaters are, and how warm their water, where nobody says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.devices.heating.boiler_kernel import SUBSTATION_KW, SUBSTATION_W, substation_loss
from twin.devices.heating.emission_kernel import DESIGN_FLOW_DEGC, EXPONENT
from twin.devices.heating.model import cells
from twin.ledger import Ledger
from twin.table import DERIVED, MISSING

__all__ = ["capacity", "emitters", "heaters", "substation", "supply_temperature"]

Inputs = Mapping[str, Any]
Proposal = dict[str, tuple[NDArray[Any], NDArray[np.uint16]]]

HOT_WATER_W_PERSON = 200.0
SMALLEST_HEATER_W = 20e3


def capacity(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the heat pump's capacity from sizing and design heat load."""
    table = city.buildings
    watts = np.nan_to_num(table["heat_pump_sizing"]) * table["design_heat_load_w"]
    pump = table["heating_system"] == "heat_pump"
    return {"heat_pump_capacity_w": (watts, np.where(pump, DERIVED, MISSING).astype(np.uint16))}


def heaters(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Size boilers, substations, electric heaters and the back-up of heat pumps so that they carry a building alone."""
    table = city.buildings
    code = ledger.assume(
        "Boilers, substations, electric heaters and the back-up of heat pumps can give what the rooms' heating can "
        f"take and {HOT_WATER_W_PERSON:g} W per person for hot water, at least {SMALLEST_HEATER_W / 1e3:g} kW.",
        "twin: planning assumption; heaters that make hot water as it is drawn begin at about 20 kW",
    )
    people = np.nan_to_num(table["occupants"])
    watts = np.maximum(np.nan_to_num(table["heating_capacity_w"]) + HOT_WATER_W_PERSON * people, SMALLEST_HEATER_W)
    system = table["heating_system"]
    pump, other = system == "heat_pump", ~np.isin(system, ("heat_pump", "none"))
    return {
        "heater_capacity_w": (watts, np.where(other, code, MISSING).astype(np.uint16)),
        "backup_capacity_w": (watts, np.where(pump, code, MISSING).astype(np.uint16)),
    }


def substation(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the standing loss of substations from their capacity."""
    table = city.buildings
    code = ledger.assume(
        f"District-heat substations lose {SUBSTATION_W:g} W at {SUBSTATION_KW:g} kW all year, growing with the cube "
        "root of their capacity.",
        "twin: planning assumption in the form of EN 15316-4-5",
    )
    there = table["heating_system"] == "district_heat"
    loss = substation_loss(np.where(there, table["heater_capacity_w"], 0.0))
    return {"substation_loss_w": (loss, np.where(there, code, MISSING).astype(np.uint16))}


def emitters(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose that radiators were sized for the building as it stood when it was first looked at.

    A load once found stays: better walls leave the radiators as they are, and larger than they need be.
    """
    name, table = "emitter_heat_load_w", city.buildings
    heated = table["heating_system"] != "none"
    code = ledger.assume(
        "Radiators and floors were sized for the design heat load of the building before any measure.",
        "twin: planning assumption",
    )
    known = cells(table, name)
    load = np.where(np.isnan(known), table["design_heat_load_w"], known)
    return {name: (load, np.where(heated, code, MISSING).astype(np.uint16))}


def supply_temperature(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose how warm the water of heat pumps must be on the coldest day."""
    table = city.buildings
    code = ledger.assume(
        "Heat pumps give the design heat load that radiators were sized for at a flow of "
        f"{DESIGN_FLOW_DEGC['radiator']:g} degC, floors at {DESIGN_FLOW_DEGC['floor']:g} degC; where the load is lower "
        f"today the flow is, too (EN 442, exponent {EXPONENT['radiator']:g}).",
        "twin: planning assumption; radiators of 70 degC and more are taken to be exchanged where a room needs it",
    )
    flow = np.select([table["heat_emission"] == kind for kind in DESIGN_FLOW_DEGC], list(DESIGN_FLOW_DEGC.values()))
    pump = table["heating_system"] == "heat_pump"
    return {"supply_temperature_degc": (flow, np.where(pump, code, MISSING).astype(np.uint16))}
