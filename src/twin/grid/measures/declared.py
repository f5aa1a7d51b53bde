"""The measures on electric grids, and what can happen to them, as the registry wants them."""

from __future__ import annotations

from twin.grid.model import COLUMNS
from twin.registry import Measure

__all__ = ["MEASURES"]

_HERE = "twin.grid.measures"
_PLANNING = "twin: planning assumption"
_CABLE = ("type", "r_ohm_m", "x_ohm_m", "r0_ohm_m", "x0_ohm_m", "c_f_m", "max_current_a")
_SIZE = ("type", "s_rated_va", "hv_rated_v", "lv_rated_v", "vk_pct", "vkr_pct", "iron_loss_w", "no_load_current_pct")
_TAPS = ("tap_side", "tap_pos", "tap_neutral", "tap_step_pct")


def _of(table: str) -> tuple[str, ...]:
    return tuple(f"{table}.{name}" for name in COLUMNS[table])


_OUTAGE = (
    (
        "What is out of service is so in every step that any part of its outage falls in, at both ends and without "
        "anything being switched over: whatever no other line joins to a source is without supply.",
        _PLANNING,
    ),
    (
        "Buildings that are without supply are counted as if they drew, fed in and paid for what they would have; what "
        "they did not get is told apart, as energy not supplied.",
        _PLANNING,
    ),
)

MEASURES = (
    Measure(
        kind="reinforce_lines",
        table="line",
        params=f"{_HERE}.reinforce:ReinforceLines",
        apply=f"{_HERE}.reinforce:reinforce_lines",
        writes=(*_CABLE, "parallel"),
        meaning="Lay thicker cables, or more of them side by side.",
        assumes=(("Cables are laid where others were, along the same route and of the same length.", _PLANNING),),
    ),
    Measure(
        kind="reinforce_transformers",
        table="transformer",
        params=f"{_HERE}.reinforce:ReinforceTransformers",
        apply=f"{_HERE}.reinforce:reinforce_transformers",
        writes=(*_SIZE, "parallel"),
        meaning="Put in larger transformers, or more of them side by side.",
        assumes=(("A transformer put in has the vector group and the taps of the one that was there.", _PLANNING),),
    ),
    Measure(
        kind="tap_changer",
        table="transformer",
        params=f"{_HERE}.taps:TapChanger",
        apply=f"{_HERE}.taps:install_tap_changers",
        writes=(*_TAPS, *_of("tap_changer")),
        meaning="Give transformers taps that move under load to hold the voltage of their low-voltage side.",
        assumes=(
            (
                "Tap changers look at the mean voltage of the phases at the low-voltage side, not at the ends of "
                "feeders, and move within the step in which it leaves its band.",
                _PLANNING,
            ),
        ),
    ),
    Measure(
        kind="fixed_tap",
        table="transformer",
        params=f"{_HERE}.taps:FixedTap",
        apply=f"{_HERE}.taps:set_taps",
        writes=_TAPS,
        meaning="Set transformers to another tap, which stays as it is.",
    ),
    Measure(
        kind="inverter_control",
        table="pv_array",
        params=f"{_HERE}.inverters:InverterControl",
        apply=f"{_HERE}.inverters:control_inverters",
        writes=("volt_var_curve", "volt_watt_curve", "inverter_va", *_of("inverter_curve")),
        meaning="Let the inverters of solar modules follow the voltage where they are connected.",
        assumes=(
            (
                "Inverters follow their characteristics by the mean voltage of a step, without delay, and only while "
                "there is sun; reactive power gives way where active power leaves no room for it.",
                _PLANNING,
            ),
        ),
    ),
    Measure(
        kind="line_outage",
        table="line",
        params=f"{_HERE}.outage:Outage",
        apply=f"{_HERE}.outage:interrupt_lines",
        writes=_of("outage"),
        meaning="Take lines out of service for a while.",
        assumes=_OUTAGE,
        timed=True,
    ),
    Measure(
        kind="transformer_outage",
        table="transformer",
        params=f"{_HERE}.outage:Outage",
        apply=f"{_HERE}.outage:interrupt_transformers",
        writes=_of("outage"),
        meaning="Take transformers out of service for a while.",
        assumes=_OUTAGE,
        timed=True,
    ),
)
