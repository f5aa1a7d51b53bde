"""How warm the water must be that radiators and floors give a heat load with: the heating curve.

A heat emitter gives ``(excess / design excess) ** n`` of its design power, the excess being that of its mean water
temperature above the room (EN 442-1 for radiators, n = 1.3; EN 1264-2 for floors, n = 1.1). Solved for the excess, it
says how far the water may cool when the load falls: with milder air, or because the building was insulated and its
emitters were not made smaller.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["DESIGN_FLOW_DEGC", "EXPONENT", "SPREAD_K", "flow_temperature"]

Floats = NDArray[np.float64]

DESIGN_FLOW_DEGC = {"radiator": 55.0, "floor": 35.0}
SPREAD_K = {"radiator": 10.0, "floor": 7.0}  # flow less return, at design load
EXPONENT = {"radiator": 1.3, "floor": 1.1}
ROOM_DEGC = 20.0
HEATING_LIMIT_DEGC = 15.0  # outdoor temperature above which gains keep existing buildings warm; planning assumption


def flow_temperature(
    outdoor: Floats,
    design_flow: Floats,
    design_outdoor: Floats,
    load_ratio: Floats,
    exponent: Floats,
    spread: Floats,
) -> Floats:
    """Return the flow temperature by the heating curve, degC, ``(step, building)``.

    The load is linear in the outdoor temperature between the heating limit of 15 degC and the design outdoor
    temperature, beyond which the curve goes no further.

    Parameters
    ----------
    outdoor
        Outdoor air, degC, ``(step, building)``.
    design_flow
        Flow temperature at which the emitters give the load that they were sized for, degC, ``(building,)``.
    design_outdoor
        Outdoor temperature of that load, degC.
    load_ratio
        Design heat load today over the one that the emitters were sized for, 0 to 1.
    exponent
        Of the emitters, `EXPONENT`.
    spread
        Flow less return temperature at the load they were sized for, K; proportional to the load.
    """
    colder = (HEATING_LIMIT_DEGC - outdoor) / np.maximum(HEATING_LIMIT_DEGC - design_outdoor, 1.0)
    load = np.clip(colder, 0.0, 1.0) * load_ratio
    design_excess = np.maximum(design_flow - spread / 2.0 - ROOM_DEGC, 0.0)
    flow: Floats = ROOM_DEGC + design_excess * load ** (1.0 / exponent) + spread / 2.0 * load
    return flow
