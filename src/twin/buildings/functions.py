"""What the function codes of city models mean for the use of a building."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from twin.buildings.model import UNHEATED

__all__ = ["RESIDENTIAL", "use_of_function"]

RESIDENTIAL = "RESIDENTIAL"  # single or multi is told by size

# German cadastre (AdV, code list BuildingFunctionTypeAdV, feature type 31001): first code of a span -> use.
# A code takes the use of the nearest listed one at or below it.
_ADV = {
    1000: RESIDENTIAL,
    1020: "MULTI_RES",  # homes for the elderly, students, children
    1100: RESIDENTIAL,  # mixed use with dwellings
    1310: UNHEATED,  # weekend and garden houses
    2000: "OFFICE",  # business, trade and services
    2050: "RETAIL",
    2060: "OFFICE",
    2070: "HOTEL",
    2080: "RESTAURANT",
    2090: "MUSEUM",  # cinemas, halls, amusement
    2100: "INDUSTRIAL",
    2130: "RETAIL",  # petrol station
    2131: UNHEATED,
    2140: "INDUSTRIAL",
    2141: "COOLROOM",
    2142: "INDUSTRIAL",
    2160: "LAB",
    2170: "INDUSTRIAL",
    2310: RESIDENTIAL,  # trade, services or industry with dwellings
    2400: "OFFICE",
    2412: UNHEATED,  # shelters
    2420: "OFFICE",
    2422: UNHEATED,  # engine sheds
    2423: "OFFICE",
    2431: UNHEATED,  # hangars
    2432: "OFFICE",
    2441: "INDUSTRIAL",
    2443: "OFFICE",
    2444: UNHEATED,
    2450: "INDUSTRIAL",
    2460: UNHEATED,  # car parks, garages
    2500: UNHEATED,  # supply and disposal: transformers, pumps, tanks
    2700: UNHEATED,  # farm buildings
    3000: "OFFICE",  # public
    3020: "SCHOOL",
    3023: "UNIVERSITY",
    3030: "MUSEUM",
    3037: "LIBRARY",
    3038: "MUSEUM",
    3050: "HOSPITAL",
    3060: "SCHOOL",
    3064: "MULTI_RES",
    3065: "SCHOOL",
    3066: "MULTI_RES",
    3070: "OFFICE",
    3073: "MULTI_RES",
    3074: UNHEATED,
    3075: "MULTI_RES",
    3080: UNHEATED,
    3090: "OFFICE",
    3100: RESIDENTIAL,
    3200: "GYM",
    3220: "SWIMMING",
    3230: "GYM",
    3240: "HOTEL",
    3241: "SWIMMING",
    3242: "HOSPITAL",
    3260: UNHEATED,
    3290: "OFFICE",
}
_ADV_STARTS = np.array(list(_ADV))
_ADV_USES = list(_ADV.values())
_ADV_LAST = 3290

# CityGML's own code list for functions (OGC 12-019, annex C), as far as it is residential
_CITYGML_RESIDENTIAL = {str(code) for code in range(1000, 1090, 10)}


def use_of_function(codes: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the use of each function code, ``RESIDENTIAL`` where its size decides, "" where it is unknown."""
    kinds, inverse = np.unique(codes, return_inverse=True)
    uses = np.array([_use(str(kind)) for kind in kinds], dtype=np.str_)
    return uses[inverse] if len(kinds) else np.zeros(0, dtype=np.str_)


def _use(code: str) -> str:
    adv = re.fullmatch(r"31001_(\d{4})", code)
    if adv:
        number = int(adv[1])
        place = int(np.searchsorted(_ADV_STARTS, number, side="right")) - 1
        return _ADV_USES[place] if place >= 0 and number <= _ADV_LAST else ""
    return RESIDENTIAL if code in _CITYGML_RESIDENTIAL else ""
