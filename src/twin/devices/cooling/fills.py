"""How buildings are cooled where nobody says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.devices.cooling.kernel import COLD_SIDE_DEGC, CYCLING_BELOW, NOMINAL_EER, WARMER_K
from twin.ledger import Ledger
from twin.table import DERIVED, MISSING

__all__ = ["cooling_efficiency", "cooling_system"]

# What every cooling system takes for granted, sentence and reference
PHYSICS = (
    f"Split units and chillers take up heat at {COLD_SIDE_DEGC['split']:g} and {COLD_SIDE_DEGC['chiller']:g} degC and "
    f"give it off {WARMER_K:g} K above the air outdoors; below {100 * CYCLING_BELOW['split']:g} % of a stated capacity "
    "they switch (EN 14825, Cc = 0.9), without one their load counts as full.",
    "EN 14825; twin: planning assumption",
)

Inputs = Mapping[str, Any]
Proposal = dict[str, tuple[NDArray[Any], NDArray[np.uint16]]]


def cooling_system(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose split units where rooms are cooled, and nothing elsewhere."""
    cooled = city.buildings["cooled"]
    code = ledger.assume("Split units make the cold of buildings that are cooled.", "twin: planning assumption")
    if cooled.any():
        ledger.state(*PHYSICS)
    return {"cooling_system": (np.where(cooled, "split", "none"), np.where(cooled, code, DERIVED).astype(np.uint16))}


def cooling_efficiency(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Propose the efficiency of what is on sale."""
    system = city.buildings["cooling_system"]
    code = ledger.assume(
        f"Split units give {NOMINAL_EER['split']:g} and chillers {NOMINAL_EER['chiller']:g} times their power as cold "
        "at 35 degC outdoors and full load, more when it is cooler by the same share of Carnot's.",
        "twin: planning assumption for the rating point of EN 14511",
    )
    values = np.select([system == kind for kind in NOMINAL_EER], list(NOMINAL_EER.values()), np.nan)
    return {"cooling_efficiency": (values, np.where(np.isnan(values), MISSING, code).astype(np.uint16))}
