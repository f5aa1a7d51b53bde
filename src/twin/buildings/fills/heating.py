"""How cold it gets, and what the heating of a building can give."""

from __future__ import annotations

import numpy as np

from twin.buildings.fills.proposals import Inputs, Proposal, everywhere
from twin.buildings.zones.thermal_zones import design_heat_load
from twin.city.model import City
from twin.ledger import Ledger
from twin.table import DERIVED

__all__ = ["heat_load", "heating_capacity", "site_conditions"]

DESIGN_OUTDOOR_TEMPERATURE_DEGC = -10.0
REHEAT_W_M2 = 11.0


def site_conditions(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose how cold the coldest days are."""
    cold = ledger.assume(
        f"Design outdoor temperature of {DESIGN_OUTDOOR_TEMPERATURE_DEGC:g} degC, that of the Ruhr; other regions of "
        "Germany have -16 to -7 degC, other countries what their annexes say.",
        "DIN EN 12831, national annex",
    )
    return {"design_outdoor_temperature_degc": everywhere(city, DESIGN_OUTDOOR_TEMPERATURE_DEGC, cold)}


def heat_load(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the design heat load from envelope and ventilation."""
    ledger.state("The design heat load has no gains and no reheat allowance.", "DIN EN 12831-1, simplified")
    return {"design_heat_load_w": everywhere(city, design_heat_load(city), DERIVED)}


def heating_capacity(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the heating's capacity from the design heat load and what reheating takes."""
    ledger.state(
        f"Heating can give the design heat load and {REHEAT_W_M2:g} W/m2 for reheating after the set-back.",
        "DIN EN 12831:2003, annex D (2 K in 2 h)",
    )
    table = city.buildings
    watts = table["design_heat_load_w"] + REHEAT_W_M2 * np.nan_to_num(table["heated_floor_area_m2"])
    return {"heating_capacity_w": everywhere(city, watts, DERIVED)}
