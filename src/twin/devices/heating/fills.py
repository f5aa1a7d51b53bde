"""How buildings are heated where nobody says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.devices.heating.model import BOILERS, CONTROLLABLE, cells, heater_capacity
from twin.devices.water import label_loss
from twin.ledger import Ledger
from twin.table import DERIVED, MISSING

__all__ = [
    "boiler",
    "buffer_loss",
    "buffer_volume",
    "control",
    "emission",
    "ground",
    "heat_pump",
    "heating_system",
]

Inputs = Mapping[str, Any]
Proposal = dict[str, tuple[NDArray[Any], NDArray[np.uint16]]]

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


def boiler(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose low-temperature boilers, the middle of the stock, and what is usual for wood."""
    system = city.buildings["heating_system"]
    code = ledger.assume(
        "Boilers for gas and oil are low-temperature boilers with the efficiency that Directive 92/42/EEC asks for, "
        "about 90 % of the lower heating value; condensing ones reach 98 %, old ones less. Those for wood are of "
        "class 5 of EN 303-5. Kept warm they lose 0.7 to 2 % of their power, in hours without demand nothing. Losses "
        "of pipes and storage are not counted.",
        "IWU and Hessische Energiespar-Aktion, Energiesparinformation 12; twin: planning assumption for the mean",
    )
    types = np.where(system == "biomass_boiler", "wood", "low_temperature")
    return {"boiler_type": (types, np.where(np.isin(system, tuple(BOILERS)), code, MISSING).astype(np.uint16))}


def heat_pump(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose air as source, the usual sizing, and the average of a fleet."""
    air = ledger.assume("Heat pumps take their heat from outdoor air.", "twin: planning assumption")
    size = ledger.assume(
        f"Heat pumps are sized to {SIZING:g} of the design heat load, those on air at -7 degC; an electric heater does "
        "the rest: at a design temperature of -10 degC they work alone above about -5 degC.",
        "twin: planning assumption; bivalence points of -4 to -8 degC are usual",
    )
    fleet = ledger.assume(
        "Heat pumps lose by switching and frost what a fleet does on average: the factor of 0.85 on manufacturers' "
        "values.",
        "Ruhnau et al. 2019, doi 10.1038/s41597-019-0199-y",
    )
    return {
        "heat_pump_source": _where(city, "heat_pump", "air", air),
        "heat_pump_sizing": _where(city, "heat_pump", SIZING, size),
        "heat_pump_operation": _where(city, "heat_pump", "fleet", fleet),
    }


def ground(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the temperature of ground and groundwater where heat pumps draw on them."""
    code = ledger.assume(
        f"Ground and groundwater have {GROUND_TEMPERATURE_DEGC:g} degC throughout the year, about the mean of the air.",
        "twin: planning assumption",
    )
    drawn_on = np.isin(city.buildings["heat_pump_source"], ("ground", "water"))
    values = np.full(len(drawn_on), GROUND_TEMPERATURE_DEGC)
    return {"ground_source_temperature_degc": (values, np.where(drawn_on, code, MISSING).astype(np.uint16))}


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
