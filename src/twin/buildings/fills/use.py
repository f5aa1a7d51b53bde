"""What we assume of a building where nobody says: one rule per column, each with its reason and reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.model import UNHEATED
from twin.buildings.zones.thermal_zones import design_heat_load
from twin.city.model import City
from twin.city.usage import other_use
from twin.ledger import Ledger
from twin.table import DERIVED, GIVEN, MISSING, SERIES

__all__ = [
    "Proposal",
    "dwellings",
    "floor_area",
    "heat_load",
    "heating_capacity",
    "occupants",
    "present",
    "refurbishment",
    "secondary_use",
    "site_conditions",
    "storeys",
    "summer",
    "thermal_bridges",
    "use_conditions",
    "use_type",
    "ventilation",
    "year",
]

Inputs = Mapping[str, Any]
Codes = NDArray[np.uint16]
Proposal = dict[str, tuple[NDArray[Any], Codes]]

STOREY_HEIGHT_M = 3.0
YEAR_OF_TYPICAL_BUILDING = 1978
SHED_BELOW_M2 = 30.0
HEATED_SHARE = 0.85  # of the gross floor area
HEATED_SHARE_NON_RESIDENTIAL = 0.83
ONE_DWELLING_M2 = 200.0
TWO_DWELLINGS_M2 = 300.0
HEATED_AREA_PER_DWELLING_M2 = 74.0
INFILTRATION_PER_N50 = 0.07
DESIGN_OUTDOOR_TEMPERATURE_DEGC = -10.0
THERMAL_BRIDGE_AS_BUILT = 0.10
THERMAL_BRIDGE_REFURBISHED = 0.05
SHADING_FACTOR = 0.6
SHADING_FACTOR_BESIDES = 0.8  # where the shadows of neighbours are computed
AIRING_1_H = 3.0
REHEAT_W_M2 = 11.0

TABULA = "TABULA calculation method, Loga & Diefenbach, IWU 2013"
ISTA = "ista and TU Dortmund 2020: the typical multi-family house, from 74,000 German buildings"
CEA = "City Energy Analyst, databases for Germany (Ceruti et al., BauSIM 2024, doi 10.26868/29761662.2024.22)"


def archetypes_of(inputs: Inputs) -> Archetypes:
    """Return the catalogue that the scenario names."""
    archetypes: Archetypes = inputs["archetypes"]
    return archetypes


def everywhere(city: City, value: ArrayLike, code: int | Codes) -> tuple[NDArray[Any], Codes]:
    """Return a value and a source code for every building."""
    shape = (len(city.buildings),)
    return np.broadcast_to(np.asarray(value), shape), np.broadcast_to(np.asarray(code, dtype=np.uint16), shape)


def is_residential(city: City) -> NDArray[np.bool_]:
    """Return which buildings are dwellings."""
    return np.isin(city.buildings["use_type"], ("MULTI_RES", "SINGLE_RES"))


def present(city: City, name: str) -> NDArray[Any]:
    """Return a column's values, 0 where it has none."""
    table = city.buildings
    if name not in table:
        return np.zeros(len(table))
    return np.where(table.missing(name), 0, np.nan_to_num(table[name]))


def storeys(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose storeys from the mean height of the body, else from the measured height, else two."""
    footprint, volume = present(city, "footprint_m2"), present(city, "volume_m3")
    mean_height = np.divide(volume, footprint, out=np.zeros(len(volume)), where=footprint > 0)
    height = np.where(mean_height > 0, mean_height, present(city, "measured_height_m"))
    known = height > 0
    reference = "twin: planning assumption"
    counted = ledger.assume(f"Storeys are counted as height over {STOREY_HEIGHT_M:g} m per storey.", reference)
    blind = ledger.assume("Two storeys where no height is known.", reference)
    values = np.where(known, np.maximum(np.round(height / STOREY_HEIGHT_M), 1), 2).astype(np.int64)
    return {"storeys_above_ground": (values, np.where(known, counted, blind).astype(np.uint16))}


def year(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the median year of the buildings whose year is given; if none is, that of a typical building."""
    name, table = "year_of_construction", city.buildings
    given = np.isin(table.source(name), (GIVEN, SERIES)) if name in table else np.zeros(len(table), dtype=bool)
    if given.any():
        median = int(np.median(table[name][given]))
        code = ledger.assume(
            f"Built in {median}, the median year of the {int(given.sum())} buildings whose year is given.",
            "twin: planning assumption",
        )
    else:
        median = YEAR_OF_TYPICAL_BUILDING
        code = ledger.assume(f"Built in {median}: the city model gives no year of construction at all.", ISTA)
    return {name: everywhere(city, median, code)}


def use_type(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the use that the codes of the file tell; where they do not, by size a shed or residential.

    Residential buildings of one or two dwellings are SINGLE_RES, others MULTI_RES.
    """
    use = np.where(city.buildings.missing("usage_class"), "", _text(city, "usage_class"))
    area = HEATED_SHARE * present(city, "footprint_m2") * present(city, "storeys_above_ground")
    home = np.where(_dwellings(area) <= 2, "SINGLE_RES", "MULTI_RES")
    reference = "twin: planning assumption"
    assumed = ledger.assume("Residential use where function and usage are missing or unknown to us.", reference)
    small = ledger.assume(
        "A shed or garage, not heated, where function and usage are missing or unknown to us and the footprint is "
        f"below {SHED_BELOW_M2:g} m2.",
        reference,
    )
    unknown = use == ""
    shed = unknown & (present(city, "footprint_m2") > 0) & (present(city, "footprint_m2") < SHED_BELOW_M2)
    values = np.where(shed, UNHEATED, np.where(unknown | (use == "RESIDENTIAL"), home, use))
    return {"use_type": (values, np.select([shed, unknown], [small, assumed], DERIVED).astype(np.uint16))}


def _text(city: City, name: str) -> NDArray[np.str_]:
    table = city.buildings
    return np.asarray(table[name] if name in table else np.full(len(table), ""), dtype=np.str_)


def floor_area(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the heated floor area from footprint and storeys; garages, sheds and the like are not heated."""
    ledger.state(
        f"Heated floor area is footprint times storeys times {HEATED_SHARE:g} "
        f"({HEATED_SHARE_NON_RESIDENTIAL:g} in non-residential buildings); attics and cellars are not heated.",
        CEA,
    )
    share = np.where(is_residential(city), HEATED_SHARE, HEATED_SHARE_NON_RESIDENTIAL)
    share = np.where(city.buildings["use_type"] == UNHEATED, 0.0, share)
    area = share * present(city, "footprint_m2") * present(city, "storeys_above_ground")
    return {"heated_floor_area_m2": everywhere(city, area, DERIVED)}


def _dwellings(area: NDArray[np.float64]) -> NDArray[np.int64]:
    many = np.maximum(np.round(area / HEATED_AREA_PER_DWELLING_M2), 3)
    return np.where(area <= ONE_DWELLING_M2, 1, np.where(area <= TWO_DWELLINGS_M2, 2, many)).astype(np.int64)


def dwellings(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the number of dwellings from the heated floor area; none in non-residential buildings."""
    home = is_residential(city)
    count = np.where(home, _dwellings(present(city, "heated_floor_area_m2") * (1.0 - _secondary_share(city))), 0)
    code = ledger.assume(
        f"One dwelling up to {ONE_DWELLING_M2:g} m2 of heated floor area, two up to {TWO_DWELLINGS_M2:g} m2, "
        f"above that one per {HEATED_AREA_PER_DWELLING_M2:g} m2.",
        ISTA,
    )
    return {"dwellings": (count, np.where(home, code, DERIVED).astype(np.uint16))}


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
            "twin: planning assumption",
        )
        if there.any()
        else MISSING
    )
    sources = np.where(there, code, MISSING).astype(np.uint16)
    return {
        "secondary_use_type": (other, sources),
        "secondary_use_share": (np.where(there, share, 0.0), np.where(there, code, DERIVED).astype(np.uint16)),
    }


def _secondary_share(city: City) -> NDArray[np.float64]:
    """Return the share of the floor area in a second use, 0 where there is none."""
    return np.asarray(present(city, "secondary_use_share"), dtype=np.float64)


def occupants(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose occupants from the floor area per person of the use, or of both uses."""
    archetypes = archetypes_of(inputs)
    area, second = present(city, "heated_floor_area_m2"), _secondary_share(city)
    people = area * (1.0 - second) * _density(_of_use(city, archetypes, "area_per_person"))
    if second.any():
        per_person = _of_use(city, archetypes, "area_per_person", "secondary_use_type")
        people = people + area * second * _density(per_person)
    uses = dict(zip(archetypes.use_types, archetypes.uses["area_per_person"], strict=True))
    code = ledger.assume(
        f"One person per {uses['MULTI_RES']:g} m2 of heated floor area in multi-family houses, per "
        f"{uses['SINGLE_RES']:g} m2 in houses of one or two dwellings; other uses as in SIA 2024.",
        "Mikrozensus 2018 and Destatis 2022 for dwellings; " + CEA,
    )
    return {"occupants": everywhere(city, people, code)}


def _density(area_per_person: NDArray[np.float64]) -> NDArray[np.float64]:
    none = np.zeros(len(area_per_person))
    return np.divide(1.0, area_per_person, out=none, where=area_per_person > 0)


def _of_use(city: City, archetypes: Archetypes, name: str, of: str = "use_type") -> NDArray[np.float64]:
    """Return a value of each building's use, 0 for unheated buildings."""
    rows = archetypes.use_rows(city.buildings[of])
    return np.where(rows >= 0, archetypes.uses[name][rows], 0.0)


def refurbishment(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose that nothing has been refurbished."""
    code = ledger.assume(
        "As built: no refurbishment is known. Many buildings have new windows or an insulated roof already, "
        "so the heat demand of today is rather too high.",
        "twin: planning assumption",
    )
    return {"refurbishment": everywhere(city, "existing", code)}


def thermal_bridges(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the supplement for thermal bridges by state of refurbishment."""
    built = city.buildings["refurbishment"] == "existing"
    reference = "DIN V 18599-2 (0.10 without proof, 0.05 with equivalent details); " + TABULA
    old = ledger.assume(f"Thermal bridges add {THERMAL_BRIDGE_AS_BUILT:g} W/(m2 K) to U-values as built.", reference)
    new = ledger.assume(
        f"Thermal bridges add {THERMAL_BRIDGE_REFURBISHED:g} W/(m2 K) to U-values after refurbishment.", reference
    )
    values = np.where(built, THERMAL_BRIDGE_AS_BUILT, THERMAL_BRIDGE_REFURBISHED)
    return {"thermal_bridge_u_w_m2k": (values, np.where(built, old, new).astype(np.uint16))}


def ventilation(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the air change: what people of the use need, and what leaks in."""
    leaks = INFILTRATION_PER_N50 * np.nan_to_num(city.buildings["n50_1_h"])
    code = ledger.assume(
        f"Air change is what the use needs (dwellings 0.4 1/h) plus {INFILTRATION_PER_N50:g} of that at 50 Pa.",
        "TABULA (n_air_use); DIN V 18599-2 (e_wind = 0.07); SIA 2024 for other uses",
    )
    return {"air_change_1_h": everywhere(city, _of_use(city, archetypes_of(inputs), "air_change") + leaks, code)}


def use_conditions(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose set points by use, and no cooling."""
    archetypes = archetypes_of(inputs)
    code = ledger.assume(
        "Set points of the use: dwellings are heated to 20 degC by day and may fall to 17 degC at night.",
        "TABULA and DIN V 18599-10 (20 degC); set-back and other uses: " + CEA,
    )
    none = ledger.assume("No active cooling.", "twin: planning assumption; usual in German dwellings")
    used = np.where(city.buildings["use_type"] == UNHEATED, MISSING, code).astype(np.uint16)
    return {
        "heating_set_point_degc": (_of_use(city, archetypes, "heating_set_point"), used),
        "heating_setback_degc": (_of_use(city, archetypes, "heating_setback"), used),
        "cooling_set_point_degc": (_of_use(city, archetypes, "cooling_set_point"), used),
        "cooled": everywhere(city, False, none),
    }


def site_conditions(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose how cold the coldest days are."""
    cold = ledger.assume(
        f"Design outdoor temperature of {DESIGN_OUTDOOR_TEMPERATURE_DEGC:g} degC, that of the Ruhr; other regions of "
        "Germany have -16 to -7 degC: state yours.",
        "DIN EN 12831, national annex",
    )
    return {"design_outdoor_temperature_degc": everywhere(city, DESIGN_OUTDOOR_TEMPERATURE_DEGC, cold)}


def summer(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose what keeps the sun out and lets the heat out."""
    factor, shade = _shading(city, ledger)
    windows = ledger.assume(
        f"People open windows, up to {AIRING_1_H:g} air changes an hour, when it is above 23 degC indoors and cooler "
        "outdoors.",
        "DIN 4108-2:2013, boundary conditions of simulation",
    )
    return {
        "shading_factor": everywhere(city, factor, shade),
        "airing_1_h": everywhere(city, AIRING_1_H, windows),
    }


def _shading(city: City, ledger: Ledger) -> tuple[float, int]:
    """Return what is left of the sun on a facade at its windows; less is taken off where shadows are computed."""
    site = city.tables.get("site")
    if site is not None and "shading" in site and bool(site["shading"][0]):
        sentence = (
            f"{SHADING_FACTOR_BESIDES:.0%} of the sun on a facade, shaded by what the city model holds, reaches its "
            "windows: reveals, balconies, trees and curtains take the rest."
        )
        return SHADING_FACTOR_BESIDES, ledger.assume(sentence, "twin: planning assumption, between TABULA's 0.6 and 1")
    sentence = (
        f"{SHADING_FACTOR:.0%} of the sun on a facade reaches its windows: neighbours, balconies, trees, reveals and "
        "curtains take the rest."
    )
    return SHADING_FACTOR, ledger.assume(sentence, TABULA + " (F_sh,vert = 0.6)")


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
