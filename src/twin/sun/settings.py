"""What a scenario can set for the sun."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from twin.engine.time import CLOCK_WINDOW
from twin.sun.sky import ALBEDO

__all__ = ["SunSettings"]


def _a_day(text: str) -> str:
    """Refuse what is no day of a common year."""
    try:
        datetime.strptime(f"2021-{text}", "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{text!r} is no month and day such as 03-21") from None
    return text


class SunSettings(BaseModel):
    """How the sun is taken into account."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True
    )

    sky: Literal["perez", "haydavies"] = "perez"
    """Model of the sky's diffuse light: Perez et al. 1990, or Hay & Davies 1980."""
    shading: bool = True
    """Whether buildings, terrain and vegetation cast shade; if not, every surface stands free."""
    quality: Literal["standard", "fine"] = "standard"
    """577 patches of sky, or 2,305, which takes four times as long."""
    rays: Literal["auto", "embree", "numpy"] = "auto"
    """What casts the rays that find the shade: Embree where it is installed, else NumPy, which takes some five times as
    long; or the one named."""
    albedo: float = Field(ALBEDO, ge=0, le=1)
    """Share of the radiation that the ground reflects (Liu & Jordan 1963; EN ISO 52010-1:2017 default 0.2)."""
    facade_reflectance: float = Field(0.0, ge=0, lt=1)
    """Share of the sun on other surfaces that they reflect, diffusely and once; 0 leaves reflections between buildings
    out. Light facades have some 0.3 (planning assumption)."""
    light_and_air: bool = False
    """Whether to find out how much sky and sun every facade has: view factors, and hours of sun."""
    sunlight_date: Annotated[str, AfterValidator(_a_day)] = "03-21"
    """Month and day for which hours of direct sun are counted: 21 March (EN 17037 takes a day from 1 February to 21
    March), 12-21 for rules at mid-winter."""
    sunlight_hours: str = Field("00:00-24:00", pattern=CLOCK_WINDOW)
    """Hours of that day that count, in mean solar time, such as ``09:00-15:00``."""
    sunlight_required_h: float = Field(2.0, gt=0, le=24)
    """Hours of sun on that day that a facade should have."""
    sunlight_min_altitude_deg: float = Field(5.0, ge=0, lt=90)
    """A lower sun does not count (planning assumption; EN 17037 gives the angle by place)."""
