"""What a scenario can set for people and what they use."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin.buildings.people.kinds import COLD_WATER_DEGC, DRAW_OFF_DEGC, TAP_DEGC
from twin.ledger import Ledger

__all__ = ["PeopleSettings", "state_people"]


class PeopleSettings(BaseModel):
    """How people's days, their appliances and their hot water are drawn."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True
    )

    profiles: Literal["mean", "stochastic", "standard"] = "mean"
    """Mean profiles by use, as of many together; every dwelling drawn for itself; or electricity after the standard
    load profiles of the file ``[model] load_profiles``. Other uses than dwellings are never drawn."""
    standing_share: float = Field(0.3, ge=0, le=1)
    """Share of the appliances' electricity that dwellings drawn for themselves use at all hours: cold appliances,
    standby, routers (planning assumption)."""
    hot_water_draws: Literal["as_profiles", "mean"] = "as_profiles"
    """Whether hot water is drawn off as appliances are used, or always by its mean profile."""
    cold_water_degc: float = Field(COLD_WATER_DEGC, ge=0, le=40)
    """Mean temperature of the cold water over the year (10 degC as in EN 16147 and DIN V 18599-8)."""
    cold_water_swing_k: float = Field(0.0, ge=0, le=15)
    """By how much the cold water is warmer at its warmest and colder at its coldest than the mean; 0 all year the same.
    In mains of Central Europe some 5 K (planning assumption)."""
    cold_water_coldest_day: int = Field(45, ge=1, le=365)
    """Day of the year on which the cold water is coldest (planning assumption: middle of February)."""

    @model_validator(mode="after")
    def _never_frozen(self) -> Self:
        if self.cold_water_swing_k > self.cold_water_degc:
            raise ValueError("cold_water_swing_k is more than cold_water_degc: the water would freeze")
        return self


def state_people(settings: PeopleSettings, ledger: Ledger) -> None:
    """Let the ledger say how people's days are made, and that the year of the profiles stays."""
    ledger.state(
        f"Hot water is counted at {DRAW_OFF_DEGC:g} degC, from cold water of {settings.cold_water_degc:g} degC in the "
        f"mean of the year, {settings.cold_water_swing_k:g} K more and less over it.",
        "litres of the catalogue; DVGW W 551 and, where the scenario says nothing, EN 16147",
    )
    if settings.profiles != "stochastic":
        else_ = " where no standard load profile is given" if settings.profiles == "standard" else ""
        ledger.state(
            f"People and hot water, and electricity{else_}, follow the mean profiles of their use, alike in every "
            "building, so that peaks of single buildings are too low.",
            "twin: planning assumption",
        )
        return
    ledger.state(
        "Every dwelling has a household of one person and a Poisson number of others. The mean over many dwellings is "
        "the profile of the use: people leave and come so that its share is at home, and start appliances, lights and "
        "taps while somebody is.",
        "structure after Richardson et al. 2008 and 2010 (doi 10.1016/j.enbuild.2008.02.006, 2010.05.023)",
    )
    ledger.state(
        f"{settings.standing_share:.0%} of the appliances' electricity of dwellings is drawn at all hours; power, "
        "length and share of what is switched on are twin's.",
        "twin: planning assumption",
    )
    ledger.state(
        "Lighting follows the altitude of the sun over the year, not the clouds; its year stays.",
        "twin: planning assumption",
    )
    if settings.hot_water_draws == "as_profiles":
        ledger.state(
            f"Dwellings draw hot water at {TAP_DEGC:g} degC in four kinds of draw-off with flows, lengths and shares "
            "of the IEA.",
            "Jordan & Vajen 2001, IEA SHC Task 26 (from memory)",
        )
