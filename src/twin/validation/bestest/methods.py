"""The methods by which the zones of cases are simulated, behind one door: 5R1C and multi-node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.control import Control
from twin.validation.bestest.elements import Envelope
from twin.validation.bestest.five_resistances import FiveResistances
from twin.validation.bestest.many_nodes import ManyNodes

__all__ = ["METHODS", "Method"]

Floats = NDArray[np.float64]


class Method(Protocol):
    """Zones that can be moved through time, all at once.

    Attributes
    ----------
    passes
        How often the year is to be run, with `settled` in between.
    """

    passes: int

    def settled(self) -> Method:
        """Return the zones with coefficients that suit what happened so far."""

    def advance(self, hours: NDArray[np.int64], control: Control) -> tuple[Floats, Floats]:
        """Start with all at 20 degC and run through some hours of the year; every series of the control is dense.

        Returns
        -------
        power, air
            Heating (positive) or cooling power, W, and air temperature, degC, each of shape ``(t, zone)``.
        """


METHODS: dict[str, Callable[[Sequence[Envelope], Floats], Method]] = {
    "5r1c": FiveResistances,
    "multinode": ManyNodes,
}
