"""What solar modules bring."""

from __future__ import annotations

from twin.devices.pv.model import PV_COLUMNS
from twin.registry import Measure, SimulatorEntry, Wing

__all__ = ["WING"]

_PV = Measure(
    kind="pv",
    table="building",
    params="twin.devices.pv.measures:Pv",
    apply="twin.devices.pv.measures:install_pv",
    writes=tuple(f"pv_array.{name}" for name in PV_COLUMNS),
    meaning="Lay solar modules on the roof faces that suit them.",
    assumes=(
        (
            "Solar modules lie as the roof does, on flat roofs too, and every array has an inverter of its own.",
            "twin: planning assumption",
        ),
        (
            "Cells are cooled as on an open rack (25 + 6.84 v W/(m2 K)), by the wind 10 m above ground; on a roof with "
            "little air behind the modules they are warmer. What glass reflects at flat angles, some 3 % of a year's "
            "sun, is not taken off.",
            "Faiman 2008, doi 10.1002/pip.813; PVWatts version 5 (NREL/TP-6A20-62641); Martin & Ruiz 2001",
        ),
    ),
)

WING = Wing(
    name="pv",
    columns={"pv_array": tuple(PV_COLUMNS.values())},
    measures=(_PV,),
    simulators=(
        SimulatorEntry(
            "pv",
            "twin.devices.pv.simulator:build",
            tuple(f"pv_array.{c}" for c in ("power_w", "inverter_w", "system_loss")),
        ),
    ),
)
