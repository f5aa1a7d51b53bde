"""How buildings are heated where nobody says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.devices.heating.model import CONTROLLABLE, cells, heater_capacity
from twin.devices.water import label_loss
from twin.ledger import Ledger
from twin.table import DERIVED, MISSING

__all__ = [
    "buffer_loss",
    "buffer_volume",
    "capacity",
    "control",
    "efficiency",
    "emission",
    "ground",
    "heat_pump",
    "heating_system",
]

Inputs = Mapping[str, Any]
Proposal = dict[str, tuple[NDArray[Any], NDArray[np.uint16]]]

BOILER_EFFICIENCY = 0.90
SIZING = 0.8
GROUND_TEMPERATURE_DEGC = 10.0


def _where(city: City, system: str, value: Any, code: int) -> tuple[NDArray[Any], NDArray[np.uint16]]:
    """Return a value for the buildings with that heating system; the others stay without."""
    chosen = city.buildings["heating_system"] == system
    values = np.broadcast_to(np.asarray(value), chosen.shape)
    return values, np.where(chosen, code, MISSING).astype(np.uint16)


def heating_system(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose gas boilers, and nothing where nothing is heated."""
    heated = city.buildings["heated_floor_area_m2"] > 0
    code = ledger.assume(
        "Gas boiler for heat and hot water: 56 % of German dwellings, 69 % in North Rhine-Westphalia.", "Zensus 2022"
    )
    return {
        "heating_system": (
            np.where(heated, "gas_boiler", "none"),
            np.where(heated, code, DERIVED).astype(np.uint16),
        )
    }


def emission(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose radiators."""
    heated = city.buildings["heating_system"] != "none"
    code = ledger.assume("Radiators give the heat to the rooms.", "twin: planning assumption for existing buildings")
    return {"heat_emission": (np.full(len(heated), "radiator"), np.where(heated, code, MISSING).astype(np.uint16))}


def efficiency(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the efficiency over the year of the gas boilers in stock."""
    code = ledger.assume(
        f"Boilers turn {BOILER_EFFICIENCY:.0%} of the gas's lower heating value into useful heat over the year: "
        "low-temperature boilers about 90 %, condensing ones up to 100 %, old ones 60 to 70 %. "
        "Losses of pipes and storage are not counted.",
        "IWU and Hessische Energiespar-Aktion, Energiesparinformation 12; twin: planning assumption for the mean",
    )
    return {"boiler_efficiency": _where(city, "gas_boiler", BOILER_EFFICIENCY, code)}


def heat_pump(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose air as source, and the usual sizing."""
    air = ledger.assume("Heat pumps take their heat from outdoor air.", "twin: planning assumption")
    size = ledger.assume(
        f"Heat pumps are sized to {SIZING:g} of the design heat load, an electric heater does the rest: at a design "
        "temperature of -10 degC they work alone above about -4 degC.",
        "twin: planning assumption; bivalence points of -4 to -8 degC are usual",
    )
    return {
        "heat_pump_source": _where(city, "heat_pump", "air", air),
        "heat_pump_sizing": _where(city, "heat_pump", SIZING, size),
    }


def ground(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the temperature of the ground where heat pumps draw on it."""
    code = ledger.assume(
        f"The ground has {GROUND_TEMPERATURE_DEGC:g} degC throughout the year, about the mean of the air.",
        "twin: planning assumption",
    )
    drawn_on = city.buildings["heat_pump_source"] == "ground"
    values = np.full(len(drawn_on), GROUND_TEMPERATURE_DEGC)
    return {"ground_source_temperature_degc": (values, np.where(drawn_on, code, MISSING).astype(np.uint16))}


def capacity(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the heat pump's capacity from sizing and design heat load."""
    watts = np.nan_to_num(city.buildings["heat_pump_sizing"]) * city.buildings["design_heat_load_w"]
    return {"heat_pump_capacity_w": _where(city, "heat_pump", watts, DERIVED)}


def buffer_volume(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the buffer's volume from its sizing and the capacity of the heater."""
    volume = cells(city.buildings, "heat_buffer_sizing_l_kw") * heater_capacity(city.buildings) / 1e6
    return {"heat_buffer_volume_m3": (volume, np.where(np.isnan(volume), MISSING, DERIVED).astype(np.uint16))}


def buffer_loss(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the buffer's standing loss from its label."""
    table = city.buildings
    loss = label_loss(cells(table, "heat_buffer_label"), cells(table, "heat_buffer_volume_m3"))
    return {"heat_buffer_loss_w_k": (loss, np.where(np.isnan(loss), MISSING, DERIVED).astype(np.uint16))}


def control(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose a thermostat where there is a buffer, and heat as it is asked for elsewhere."""
    table = city.buildings
    possible = np.isin(table["heating_system"], CONTROLLABLE)
    buffered = cells(table, "heat_buffer_volume_m3") > 0
    code = ledger.assume(
        "Heat pumps and electric heaters make heat as it is asked for; the thermostat of a buffer decides if there is "
        "one.",
        "twin: planning assumption",
    )
    values = np.where(buffered, "thermostat", "follow")
    return {"heating_control": (values, np.where(possible, code, MISSING).astype(np.uint16))}
