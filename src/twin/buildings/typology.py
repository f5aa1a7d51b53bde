"""Which archetype a building is like, and the envelope that follows from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.fills import CEA, Inputs, Proposal, archetypes_of, is_residential, present
from twin.buildings.model import ENVELOPE
from twin.city.model import City
from twin.ledger import Ledger
from twin.table import DERIVED

__all__ = ["archetype", "building_type", "envelope"]

HIGH_RISE_STOREYS = 9
APARTMENT_BLOCK_DWELLINGS = 13
ATTACHED_FROM_M2 = 10.0  # a shared wall smaller than this is a touching corner or a shed

# IWU's typology of non-residential buildings
_NON_RESIDENTIAL = {
    "OFFICE": "NWG_1",
    "UNIVERSITY": "NWG_2",
    "LAB": "NWG_2",
    "HOSPITAL": "NWG_3",
    "SCHOOL": "NWG_4",
    "MUSEUM": "NWG_5",
    "LIBRARY": "NWG_5",
    "GYM": "NWG_6",
    "SWIMMING": "NWG_6",
    "HOTEL": "NWG_7",
    "RESTAURANT": "NWG_7",
    "RETAIL": "NWG_9",
    "FOODSTORE": "NWG_9",
    "SERVERROOM": "NWG_10",
    "PARKING": "NWG_11",
}
_PRODUCTION = "NWG_8"
# What stands in where TABULA has no class of that type and age
_STAND_IN = {"HR": "AB", "AB": "MFH", "TH": "SFH"}


def building_type(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive TABULA's size class from dwellings, party walls and storeys."""
    ledger.state(
        "Size classes: one or two dwellings SFH, or TH where a wall is shared with a neighbour; up to "
        f"{APARTMENT_BLOCK_DWELLINGS - 1} dwellings MFH; above that AB, or HR from {HIGH_RISE_STOREYS} storeys.",
        "IWU German building typology (TABULA)",
    )
    table = city.buildings
    count = table["dwellings"]
    attached = present(city, "party_wall_m2") >= ATTACHED_FROM_M2
    tall = table["storeys_above_ground"] >= HIGH_RISE_STOREYS
    small = np.where(attached, "TH", "SFH")
    large = np.where(count < APARTMENT_BLOCK_DWELLINGS, "MFH", np.where(tall, "HR", "AB"))
    kind = np.where(is_residential(city), np.where(count <= 2, small, large), "NWG")
    return {"building_type": (kind, np.full(len(table), DERIVED, dtype=np.uint16))}


def archetype(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the archetype of type, year and refurbishment; what stands in for a missing class is recorded."""
    catalogue = archetypes_of(inputs)
    table = city.buildings
    keys = np.rec.fromarrays(
        [table["building_type"], table["use_type"], table["year_of_construction"], table["refurbishment"]]
    )
    kinds, inverse = np.unique(keys, return_inverse=True)
    found = [_choose(catalogue, ledger, str(k[0]), str(k[1]), int(k[2]), str(k[3])) for k in kinds]
    codes = np.array([code for code, _ in found], dtype=np.str_)
    sources = np.array([source for _, source in found], dtype=np.uint16)
    return {"archetype": (codes[inverse], sources[inverse])}


def _choose(
    catalogue: Archetypes, ledger: Ledger, kind: str, use: str, year: int, refurbishment: str
) -> tuple[str, int]:
    """Return the code of the archetype and its source."""
    typology = kind if kind != "NWG" else _NON_RESIDENTIAL.get(use, _PRODUCTION)
    wanted, state = typology, refurbishment
    while (code := _find(catalogue, typology, state, year)) is None:
        if kind == "NWG" and state != "existing":
            return _as_new(catalogue, ledger, typology, state)
        if typology not in _STAND_IN:
            code = _nearest_age(catalogue, typology, state, year)
            break
        typology = _STAND_IN[typology]
    if _find(catalogue, wanted, state, year) == code:
        return code, DERIVED
    text = f"The catalogue has no {wanted} of {year}, {state}: {code} stands in."
    return code, ledger.assume(text, catalogue.reference)


def _matches(catalogue: Archetypes, typology: str, state: str) -> NDArray[np.int64]:
    e = catalogue.envelopes
    return np.flatnonzero((e["typology"] == typology) & (e["refurbishment"] == state))


def _find(catalogue: Archetypes, typology: str, state: str, year: int) -> str | None:
    e = catalogue.envelopes
    for row in _matches(catalogue, typology, state):
        if e["year_from"][row] <= year <= e["year_to"][row]:
            return str(e["code"][row])
    return None


def _nearest_age(catalogue: Archetypes, typology: str, state: str, year: int) -> str:
    e = catalogue.envelopes
    rows = _matches(catalogue, typology, state)
    away = np.maximum(e["year_from"][rows] - year, year - e["year_to"][rows])
    return str(e["code"][rows[np.argmin(away)]])


def _as_new(catalogue: Archetypes, ledger: Ledger, typology: str, state: str) -> tuple[str, int]:
    """Return the youngest class: the typology of non-residential buildings has no refurbished states."""
    rows = _matches(catalogue, typology, "existing")
    code = str(catalogue.envelopes["code"][rows[np.argmax(catalogue.envelopes["year_from"][rows])]])
    text = f"There is no {state} refurbishment of {typology} in the catalogue: {code}, as built new, stands in."
    return code, ledger.assume(text, catalogue.reference)


def envelope(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose U-values, glazing, windows, capacity and tightness of the archetype."""
    catalogue = archetypes_of(inputs)
    codes = city.buildings["archetype"]
    rows = catalogue.envelope_rows(codes)
    kinds, inverse = np.unique(codes, return_inverse=True)
    words = catalogue.envelopes["description"][catalogue.envelope_rows(kinds)]
    sources = np.array(
        [
            ledger.assume(f"Envelope of archetype {kind} ({text}); the building itself was not surveyed.", CEA)
            for kind, text in zip(kinds, words, strict=True)
        ],
        dtype=np.uint16,
    )
    return {name: (catalogue.envelopes[name][rows], sources[inverse]) for name in ENVELOPE}
