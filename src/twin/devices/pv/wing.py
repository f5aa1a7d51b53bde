"""What solar modules bring."""

from __future__ import annotations

from twin.devices.pv.model import PV_COLUMNS
from twin.registry import Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]

_PV = Measure(
    kind="pv",
    table="building",
    params="twin.devices.pv.params:Pv",
    apply="twin.devices.pv.measures:install_pv",
    writes=tuple(f"pv_array.{name}" for name in PV_COLUMNS),
    meaning="Lay solar modules on the roofs and facades that suit them.",
    assumes=(
        (
            "Solar modules lie as the roof does, on flat roofs too unless racks are asked for, and every array has an "
            "inverter of its own.",
            "twin: planning assumption",
        ),
        (
            "Inverters feed all phases of their building alike; in buildings whose inverters together are small, one "
            "phase only, unless the scenario says otherwise.",
            "VDE-AR-N 4105 and 4100 (up to 4.6 kVA on one phase)",
        ),
        (
            "Cells are as warm as their nominal operating temperature says (45 degC on open racks, 49 close to a roof, "
            "63 without air behind them), with 0.51 of the wind 10 m above ground and no heat kept from step to step, "
            "unless another model is chosen; Faiman's takes the wind 10 m above ground for that at the modules.",
            "SAM (NREL/TP-6A20-67399); PVWatts version 5 (NREL/TP-6A20-62641); Faiman 2008, doi 10.1002/pip.813",
        ),
        (
            "Rows of modules hide part of the sky's even light from each other, as endless rows would, but no beam; "
            "rows that face the equator stand so far apart that this holds at noon of the winter solstice, not in its "
            "mornings and evenings.",
            "Passias & Källbäck 1984, doi 10.1016/0379-6787(84)90017-6; crossed strings",
        ),
    ),
)

_MADE = (Term("solar_generation"), Term("curtailed_generation", times=-1.0))

WING = Wing(
    name="pv",
    columns={"pv_array": tuple(PV_COLUMNS.values())},
    measures=(_PV,),
    simulators=(
        SimulatorEntry(
            "pv",
            "twin.devices.pv.simulator:build",
            tuple(
                f"pv_array.{name}" for name in PV_COLUMNS if name not in ("building", "surface", "azimuth_deg", "phase")
            ),
        ),
    ),
    indicators=(
        Indicator("pv_yield_per_array", "Solar power made by each array", "kWh", "higher", _MADE, level="pv_array"),
        Indicator(
            "pv_specific_yield",
            "Solar power made per power of the modules",
            "kWh/kW",
            "higher",
            _MADE,
            level="pv_array",
            per="power_w",
        ),
    ),
)
