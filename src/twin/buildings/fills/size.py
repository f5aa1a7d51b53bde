"""How large a building is where nobody says: storeys, heated floor area, dwellings, and how old it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.fills.proposals import CEA, PLANNING, Inputs, Proposal, everywhere, is_residential, present
from twin.buildings.model import UNHEATED
from twin.city.model import City
from twin.ledger import Ledger
from twin.table import DERIVED, GIVEN, SERIES

__all__ = ["HEATED_SHARE", "dwellings", "dwellings_of_area", "floor_area", "secondary_share", "storeys", "year"]

STOREY_HEIGHT_M = 3.0
YEAR_OF_TYPICAL_BUILDING = 1978
HEATED_SHARE = 0.85  # of the gross floor area
HEATED_SHARE_NON_RESIDENTIAL = 0.83
ONE_DWELLING_M2 = 200.0
TWO_DWELLINGS_M2 = 300.0
HEATED_AREA_PER_DWELLING_M2 = 74.0

ISTA = "ista and TU Dortmund 2020: the typical multi-family house, from 74,000 German buildings"


def storeys(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose storeys from the mean height of the body, else from the measured height, else two."""
    footprint, volume = present(city, "footprint_m2"), present(city, "volume_m3")
    mean_height = np.divide(volume, footprint, out=np.zeros(len(volume)), where=footprint > 0)
    height = np.where(mean_height > 0, mean_height, present(city, "measured_height_m"))
    known = height > 0
    counted = ledger.assume(f"Storeys are counted as height over {STOREY_HEIGHT_M:g} m per storey.", PLANNING)
    blind = ledger.assume("Two storeys where no height is known.", PLANNING)
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
            PLANNING,
        )
    else:
        median = YEAR_OF_TYPICAL_BUILDING
        code = ledger.assume(f"Built in {median}: the city model gives no year of construction at all.", ISTA)
    return {name: everywhere(city, median, code)}


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


def dwellings_of_area(area: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the dwellings in residential buildings by their heated floor area, m2; at least one each."""
    many = np.maximum(np.round(area / HEATED_AREA_PER_DWELLING_M2), 3)
    return np.where(area <= ONE_DWELLING_M2, 1, np.where(area <= TWO_DWELLINGS_M2, 2, many)).astype(np.int64)


def dwellings(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the number of dwellings from the heated floor area; none in non-residential buildings."""
    home = is_residential(city)
    count = np.where(home, dwellings_of_area(present(city, "heated_floor_area_m2") * (1.0 - secondary_share(city))), 0)
    code = ledger.assume(
        f"One dwelling up to {ONE_DWELLING_M2:g} m2 of heated floor area, two up to {TWO_DWELLINGS_M2:g} m2, "
        f"above that one per {HEATED_AREA_PER_DWELLING_M2:g} m2.",
        ISTA,
    )
    return {"dwellings": (count, np.where(home, code, DERIVED).astype(np.uint16))}


def secondary_share(city: City) -> NDArray[np.float64]:
    """Return the share of the floor area in a second use, 0 where there is none."""
    return np.asarray(present(city, "secondary_use_share"), dtype=np.float64)
