"""The meter of every building: what it takes from the grid, what it feeds in, and what it uses of its own power."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.registry import Setup

__all__ = ["MeterSimulator", "build"]


class MeterSimulator(Stateless):
    """Nets load and generation of a building step by step.

    Within a step all power made is taken to serve the load first, so the longer the step, the more of the power is
    counted as own use.
    """

    name = "meter"
    version = "1"
    reads: Sequence[Read] = tuple(Read(q, "building", "sum") for q in ("electric_load", "electric_generation"))
    writes: Sequence[Write] = tuple(
        Write(q, "building") for q in ("grid_import", "grid_export", "self_consumed_generation")
    )

    def __init__(self, step_s: int) -> None:
        self.step_s = step_s

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return import, export and own use of a window, W, each of shape ``(window.n, buildings)``."""
        load, generation = inputs["electric_load"], inputs["electric_generation"]
        own = np.minimum(load, generation)
        return {"grid_import": load - own, "grid_export": generation - own, "self_consumed_generation": own}


def build(setup: Setup) -> MeterSimulator:
    """Return the meters of all buildings."""
    return MeterSimulator(setup.step_s)
