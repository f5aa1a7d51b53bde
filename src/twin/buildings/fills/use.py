"""What a building is used for, by how many people and how, where nobody says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.fills.envelope import INFILTRATION_PER_N50
from twin.buildings.fills.proposals import PLANNING, Inputs, Proposal, archetypes_of, everywhere, present
from twin.buildings.fills.size import HEATED_SHARE, dwellings_of_area, secondary_share
from twin.buildings.model import UNHEATED
from twin.city.model import City
from twin.city.usage import other_use
from twin.ledger import Ledger
from twin.table import DERIVED, MISSING

__all__ = ["occupants", "secondary_use", "use_conditions", "use_type", "ventilation"]

SHED_BELOW_M2 = 30.0


def use_type(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the use that the codes of the file tell; where they do not, by size a shed or residential.

    Residential buildings of one or two dwellings are SINGLE_RES, others MULTI_RES.
    """
    use = _text(city, "usage_class")
    area = HEATED_SHARE * present(city, "footprint_m2") * present(city, "storeys_above_ground")
    home = np.where(dwellings_of_area(area) <= 2, "SINGLE_RES", "MULTI_RES")
    assumed = ledger.assume("Residential use where function and usage are missing or unknown to us.", PLANNING)
    small = ledger.assume(
        "A shed or garage, not heated, where function and usage are missing or unknown to us and the footprint is "
        f"below {SHED_BELOW_M2:g} m2.",
        PLANNING,
    )
    unknown = use == ""
    shed = unknown & (present(city, "footprint_m2") > 0) & (present(city, "footprint_m2") < SHED_BELOW_M2)
    values = np.where(shed, UNHEATED, np.where(unknown | (use == "RESIDENTIAL"), home, use))
    return {"use_type": (values, np.select([shed, unknown], [small, assumed], DERIVED).astype(np.uint16))}


def _text(city: City, name: str) -> NDArray[np.str_]:
    """Return a column of words, "" where missing."""
    table = city.buildings
    return np.asarray(table[name] if name in table else np.full(len(table), ""), dtype=np.str_)


def secondary_use(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose another use of the ground floor where the codes of the file tell of one."""
    table = city.buildings
    other = np.full(len(table), "", dtype="U16")
    for field in ("usage", "function"):
        if field in table:
            codes, inverse = np.unique(table[field], return_inverse=True)
            found = np.array([other_use(str(code), field) or "" for code in codes], dtype="U16")[inverse]
            other = np.where(other == "", found, other)
    there = (other != "") & (other != table["use_type"]) & (table["use_type"] != UNHEATED)
    share = 1.0 / np.maximum(table["storeys_above_ground"], 2)
    code = (
        ledger.assume(
            "A second use that the codes of a building tell of has the ground floor, half of a building of one storey.",
            PLANNING,
        )
        if there.any()
        else MISSING
    )
    sources = np.where(there, code, MISSING).astype(np.uint16)
    return {
        "secondary_use_type": (other, sources),
        "secondary_use_share": (np.where(there, share, 0.0), np.where(there, code, DERIVED).astype(np.uint16)),
    }


def occupants(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose occupants from the floor area per person of the use, or of both uses."""
    archetypes = archetypes_of(inputs)
    area, second = present(city, "heated_floor_area_m2"), secondary_share(city)
    people = area * (1.0 - second) * _density(_of_use(city, archetypes, "area_per_person"))
    if second.any():
        per_person = _of_use(city, archetypes, "area_per_person", "secondary_use_type")
        people = people + area * second * _density(per_person)
    example = _example(archetypes, "one person per {:g} m2 of heated floor area", "area_per_person")
    code = ledger.assume(f"People by the floor area per person of the use{example}.", archetypes.uses_reference)
    return {"occupants": everywhere(city, people, code)}


def ventilation(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the air change: what people of the use need, and what leaks in."""
    archetypes = archetypes_of(inputs)
    leaks = INFILTRATION_PER_N50 * np.nan_to_num(city.buildings["n50_1_h"])
    example = _example(archetypes, "{:g} 1/h", "air_change")
    code = ledger.assume(
        f"Air change is what the use needs{example}, plus {INFILTRATION_PER_N50:g} of that at 50 Pa.",
        f"{archetypes.uses_reference}; DIN V 18599-2 (e_wind = {INFILTRATION_PER_N50:g})",
    )
    return {"air_change_1_h": everywhere(city, _of_use(city, archetypes, "air_change") + leaks, code)}


def use_conditions(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose set points by use, and no cooling."""
    archetypes = archetypes_of(inputs)
    words = "heated to {:g} degC while people are active, {:g} degC otherwise"
    example = _example(archetypes, words, "heating_set_point", "heating_setback")
    code = ledger.assume(f"Set points of the use{example}.", archetypes.uses_reference)
    none = ledger.assume("No active cooling.", f"{PLANNING}, usual in German dwellings; measures say who has it")
    used = np.where(city.buildings["use_type"] == UNHEATED, MISSING, code).astype(np.uint16)
    return {
        "heating_set_point_degc": (_of_use(city, archetypes, "heating_set_point"), used),
        "heating_setback_degc": (_of_use(city, archetypes, "heating_setback"), used),
        "cooling_set_point_degc": (_of_use(city, archetypes, "cooling_set_point"), used),
        "cooled": everywhere(city, False, none),
    }


def _example(archetypes: Archetypes, words: str, *names: str) -> str:
    """Return what the catalogue says of multi-family houses, as an example in brackets; nothing if it has none."""
    row = int(archetypes.use_rows(np.array(["MULTI_RES"]))[0])
    if row < 0:
        return ""
    return f" (multi-family houses: {words.format(*(archetypes.uses[name][row] for name in names))})"


def _density(area_per_person: NDArray[np.float64]) -> NDArray[np.float64]:
    none = np.zeros(len(area_per_person))
    return np.divide(1.0, area_per_person, out=none, where=area_per_person > 0)


def _of_use(city: City, archetypes: Archetypes, name: str, of: str = "use_type") -> NDArray[np.float64]:
    """Return a value of each building's use, 0 for unheated buildings."""
    rows = archetypes.use_rows(city.buildings[of])
    return np.where(rows >= 0, archetypes.uses[name][rows], 0.0)
