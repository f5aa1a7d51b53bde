"""What a scenario can say about money: the interest rate, and the cost of every measure."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["Cost", "EconomySettings"]

_UNIT = re.compile(r"^EUR(/.+)?$")
_YEARS = re.compile(r"\s*(\d+(?:\.\d+)?)\s*a\s*")


def _years(text: str) -> float:
    found = _YEARS.fullmatch(text)
    if not found or float(found[1]) <= 0.0:
        raise ValueError(f"{text!r} is no number of years such as 40a")
    return float(found[1])


def _money(text: str) -> str:
    if not _UNIT.match(text):
        raise ValueError(f"{text!r} is no money such as EUR or EUR/m2")
    return text


class EconomySettings(BaseModel):
    """How investments are spread over the years."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True
    )

    interest_rate: float = Field(0.03, ge=0, le=0.5)
    """Interest per year by which investments become annuities, without inflation (planning assumption: 3 %, believed to
    be the real rate that Delegated Regulation (EU) No 244/2012 has cost-optimal levels be worked out with)."""


class Cost(BaseModel):
    """Something that a measure costs."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True
    )

    value: float = Field(ge=0)
    """The number."""
    unit: Annotated[str, AfterValidator(_money), Field(json_schema_extra={"pattern": _UNIT.pattern})]
    """EUR for each entity that the measure concerns, or EUR over the unit of ``per``: EUR/m2, EUR/m, EUR/kW ..."""
    per: str | None = None
    """Column that it is charged by, as it is after the measure: one of the measure's table (``outer_wall_m2``), or of a
    table that the measure adds rows to (``pv_array.power_w``). What belongs to no building, as lines and transformers,
    is charged where the measure has changed it (``per = "length_m"``: EUR/m of the route), to all buildings alike."""
    lifetime: Annotated[str, AfterValidator(lambda text: (_years(text), text)[1])]
    """How long what is bought serves, such as ``40a``."""
    maintenance_pct: float = Field(0.0, ge=0, le=100)
    """Upkeep per year, in percent of the investment."""
    subsidy_pct: float = Field(0.0, ge=0, le=100)
    """Part of the investment that others pay, in percent."""
    source: str = Field(min_length=3)
    """Where the numbers come from."""

    @property
    def lifetime_a(self) -> float:
        """Life in years."""
        return _years(self.lifetime)
