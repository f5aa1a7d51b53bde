"""What we assume of envelope, attic, basement, fans and blinds where nobody says, and the areas of the envelope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.fills.proposals import PLANNING, TABULA, Inputs, Proposal, everywhere, is_residential, present
from twin.buildings.habits import AIRING_ABOVE_SET_POINT_K, AIRING_FROM_DEGC
from twin.buildings.kernel.unheated import ATTIC_AIR_CHANGE_1_H, BARE_ROOF_U_W_M2K, roof_factor
from twin.buildings.zones.envelope import BASES, ROOFS, WALLS, exposed_areas, sum_by_building, window_areas
from twin.buildings.zones.ground_contact import ground_factor
from twin.buildings.zones.perimeter import ground_perimeter
from twin.city.model import City
from twin.ledger import Ledger
from twin.table import DERIVED, MISSING

__all__ = [
    "INFILTRATION_PER_N50",
    "attic",
    "attic_factor",
    "basement",
    "blinds",
    "component_areas",
    "fans",
    "ground",
    "infiltration",
    "perimeter",
    "refurbishment",
    "summer",
    "thermal_bridges",
    "use_factor",
]

Floats = NDArray[np.float64]

THERMAL_BRIDGE_AS_BUILT = 0.10
THERMAL_BRIDGE_REFURBISHED = 0.05
INFILTRATION_PER_N50 = 0.07  # DIN V 18599-2, e_wind
SHADING_FACTOR = 0.6
SHADING_FACTOR_BESIDES = 0.8  # where the shadows of neighbours are computed
AIRING_1_H = 3.0


def refurbishment(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose that nothing has been refurbished."""
    code = ledger.assume(
        "As built: no refurbishment is known. Many buildings have new windows or an insulated roof already, "
        "so the heat demand of today is rather too high.",
        PLANNING,
    )
    return {"refurbishment": everywhere(city, "existing", code)}


def thermal_bridges(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the supplement for thermal bridges by state of refurbishment."""
    built = city.buildings["refurbishment"] == "existing"
    reference = "DIN V 18599-2 (0.10 without proof, 0.05 with equivalent details); " + TABULA
    old = ledger.assume(f"Thermal bridges add {THERMAL_BRIDGE_AS_BUILT:g} W/(m2 K) to U-values as built.", PLANNING)
    new = ledger.assume(
        f"Thermal bridges add {THERMAL_BRIDGE_REFURBISHED:g} W/(m2 K) to U-values after refurbishment.", reference
    )
    values = np.where(built, THERMAL_BRIDGE_AS_BUILT, THERMAL_BRIDGE_REFURBISHED)
    return {"thermal_bridge_u_w_m2k": (values, np.where(built, old, new).astype(np.uint16))}


def component_areas(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the areas of the parts of the envelope that a measure may change."""
    exposed, window = exposed_areas(city), window_areas(city)
    types = city.surfaces["type"]

    def area(values: Floats, kinds: tuple[str, ...]) -> tuple[NDArray[np.generic], NDArray[np.uint16]]:
        return everywhere(city, sum_by_building(city, values * np.isin(types, kinds)), DERIVED)

    return {
        "outer_wall_m2": area(exposed - window, WALLS),
        "window_m2": area(window, (*WALLS, *ROOFS)),
        "roof_m2": area(exposed - window, ROOFS),
        "base_m2": area(exposed, BASES),
    }


def attic(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose that the rooms reach up to the roof or upper ceiling, whose U-value the archetype states."""
    code = ledger.assume(
        "No unheated attic lies between the rooms and what the archetype calls the roof: its U-value is that of the "
        "roof or of the upper ceiling, whichever is insulated.",
        TABULA,
    )
    return {"attic": everywhere(city, "none", code)}


def attic_factor(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive what roof or upper ceiling see of the outdoor temperature."""
    table = city.buildings
    under_attic = table["attic"] == "unheated"
    if under_attic.any():
        ledger.state(
            f"Unheated attics lie below tiles of {BARE_ROOF_U_W_M2K:g} W/(m2 K) and change their air "
            f"{ATTIC_AIR_CHANGE_1_H:g} times an hour; the U-value of the roof is then that of the upper ceiling.",
            "EN ISO 13789:2017, Table 7; " + PLANNING,
        )
    lost = roof_factor(table["roof_u_w_m2k"], present(city, "footprint_m2"), table["roof_m2"])
    return {"roof_temperature_factor": everywhere(city, np.where(under_attic, np.clip(lost, 0, 1), 1.0), DERIVED)}


def perimeter(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the exposed perimeter of the ground floors."""
    return {"ground_perimeter_m": everywhere(city, ground_perimeter(city), DERIVED)}


def ground(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive what ground floors see of the outdoor temperature in the long run."""
    ledger.state(
        "Floors lose heat by slab or unheated basement into sand or gravel of 2 W/(m K); over the year the ground "
        "follows the air late and damped.",
        "EN ISO 13370:2017",
    )
    return {"ground_temperature_factor": everywhere(city, ground_factor(city), DERIVED)}


def basement(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose an unheated basement below dwellings, none below other uses, unless storeys below ground are stated."""
    below, stated = present(city, "storeys_below_ground"), ~city.buildings.missing("storeys_below_ground")
    cellar = ledger.assume("Dwellings stand on an unheated basement.", PLANNING + ", usual in Germany")
    slab = ledger.assume("Buildings that are no dwellings stand on a slab on the ground.", PLANNING)
    home = is_residential(city)
    values = np.where(np.where(stated, below > 0, home), "unheated", "none")
    return {"basement": (values, np.select([stated, home], [DERIVED, cellar], slab).astype(np.uint16))}


def infiltration(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive what leaks in from the air change at 50 Pa."""
    ledger.state(
        f"Infiltration is {INFILTRATION_PER_N50:g} of the air change at 50 Pa.", "DIN V 18599-2 (e_wind = 0.07)"
    )
    return {"infiltration_1_h": everywhere(city, INFILTRATION_PER_N50 * present(city, "n50_1_h"), DERIVED)}


def fans(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose ventilation by windows and leaks: no heat recovery, no fans, no ventilation at night."""
    code = ledger.assume("Ventilation by windows and leaks, without fans and heat recovery.", PLANNING)
    return {
        name: everywhere(city, 0.0, code)
        for name in ("heat_recovery", "specific_fan_power_j_m3", "night_ventilation_1_h")
    }


def blinds(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose that nothing is lowered before windows."""
    code = ledger.assume("Nobody lowers blinds or shutters against the sun.", PLANNING)
    return {"movable_shading_factor": everywhere(city, 1.0, code)}


def use_factor(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose that heat is used as computed, and nothing where nothing is heated."""
    code = ledger.assume(
        "Heat is used as computed; people in poorly insulated buildings often use less, in good ones more.",
        "Sunikka-Blank & Galvin 2012, Introducing the prebound effect, doi 10.1080/09613218.2012.690952",
    )
    heated = city.buildings["heated_floor_area_m2"] > 0
    return {"heating_use_factor": (np.ones(len(heated)), np.where(heated, code, MISSING).astype(np.uint16))}


def summer(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose what keeps the sun out and lets the heat out."""
    factor, shade = _shading(city, ledger)
    windows = ledger.assume(
        f"People open windows, up to {AIRING_1_H:g} air changes an hour, when it is above {AIRING_FROM_DEGC:g} degC "
        f"indoors, {AIRING_ABOVE_SET_POINT_K:g} K above the heating set point where that is more, and cooler outdoors.",
        f"DIN 4108-2:2013, boundary conditions of simulation; {AIRING_ABOVE_SET_POINT_K:g} K: planning assumption",
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
        return SHADING_FACTOR_BESIDES, ledger.assume(sentence, f"{PLANNING}, between TABULA's 0.6 and 1")
    sentence = (
        f"{SHADING_FACTOR:.0%} of the sun on a facade reaches its windows: neighbours, balconies, trees, reveals and "
        "curtains take the rest."
    )
    return SHADING_FACTOR, ledger.assume(sentence, TABULA + " (F_sh,vert = 0.6)")
