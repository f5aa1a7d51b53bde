"""Which archetype a building is like, and the envelope that follows from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.fills.proposals import Inputs, Proposal, archetypes_of, is_residential, present
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
# Kinds that stand for a building, nearest first; the further ones where the nearer have no class of its age and state
_LIKE = {
    "SFH": ("SFH", "TH"),
    "TH": ("TH", "SFH"),
    "MFH": ("MFH", "AB"),
    "AB": ("AB", "MFH"),
    "HR": ("HR", "AB", "MFH"),
}
# Where a catalogue has none of these: kinds that tell less apart, then whatever is nearest in size
_ELSE = ("RES", "ALL", "SFH", "TH", "MFH", "AB", "HR")
_ELSE_NON_RESIDENTIAL = ("NWG", "ALL", "AB", "MFH", "HR", "TH", "SFH", "RES")


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
    like = _LIKE[kind] if kind != "NWG" else (_NON_RESIDENTIAL.get(use, _PRODUCTION),)
    kinds = _known(catalogue, like, _ELSE if kind != "NWG" else _ELSE_NON_RESIDENTIAL)
    code = _find(catalogue, kinds, refurbishment, year)
    if code is None:
        code, why = _stand_in(catalogue, kinds, refurbishment, year)
    elif code == _find(catalogue, like[:1], refurbishment, year):
        return code, DERIVED
    else:
        why = ""
    text = f"The catalogue has no {like[0]} of {year}, {refurbishment}: {code} stands in{why}."
    return code, ledger.assume(text, catalogue.reference)


def _known(catalogue: Archetypes, like: tuple[str, ...], otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """Return those kinds that the catalogue has, or one other than these, or its first."""
    typology = catalogue.envelopes["typology"].tolist()
    found = tuple(k for k in like if k in typology)
    return found or tuple(k for k in (*otherwise, *typology) if k in typology)[:1]


def _matches(catalogue: Archetypes, kinds: tuple[str, ...], state: str) -> NDArray[np.int64]:
    """Return the rows of these kinds in a state, those of the nearest kind first."""
    e = catalogue.envelopes
    here = e["refurbishment"] == state
    return np.concatenate([np.flatnonzero(here & (e["typology"] == k)) for k in kinds])


def _find(catalogue: Archetypes, kinds: tuple[str, ...], state: str, year: int) -> str | None:
    e = catalogue.envelopes
    rows = _matches(catalogue, kinds, state)
    right = rows[(e["year_from"][rows] <= year) & (year <= e["year_to"][rows])]
    return str(e["code"][right[0]]) if len(right) else None


def _stand_in(catalogue: Archetypes, kinds: tuple[str, ...], state: str, year: int) -> tuple[str, str]:
    """Return a code for what no class fits, and why it was taken.

    Where the catalogue refurbishes these kinds at other ages, this age needs none and stays as built; where it never
    does, the youngest class as built new is what a refurbished building is like.
    """
    e = catalogue.envelopes
    built = _matches(catalogue, kinds, "existing")
    if not len(built):
        built = np.flatnonzero(np.isin(e["typology"], kinds))
    elif state != "existing" and not len(_matches(catalogue, kinds, state)):
        return str(e["code"][built[np.argmax(e["year_from"][built])]]), ", as built new"
    away = np.maximum(np.maximum(e["year_from"][built] - year, year - e["year_to"][built]), 0.0)
    return str(e["code"][built[np.argmin(away)]]), ", as built" if state != "existing" else ", nearest in age"


def envelope(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose U-values, glazing, windows, capacity and tightness of the archetype."""
    catalogue = archetypes_of(inputs)
    codes = city.buildings["archetype"]
    rows = catalogue.envelope_rows(codes)
    kinds, inverse = np.unique(codes, return_inverse=True)
    words = catalogue.envelopes["description"][catalogue.envelope_rows(kinds)]
    sources = np.array(
        [
            ledger.assume(
                f"Envelope of archetype {kind} ({text}); the building itself was not surveyed.", catalogue.reference
            )
            for kind, text in zip(kinds, words, strict=True)
        ],
        dtype=np.uint16,
    )
    return {name: (catalogue.envelopes[name][rows], sources[inverse]) for name in ENVELOPE}
