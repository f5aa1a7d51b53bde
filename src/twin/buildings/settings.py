"""What a scenario can set for buildings as a whole."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["BuildingSettings"]


class BuildingSettings(BaseModel):
    """How the heat and cold of buildings is worked out."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True
    )

    zoning: Literal["building", "part"] = "building"
    """One thermal zone per building and use, or per building part and use."""
    method: Literal["5R1C", "multinode"] = "5R1C"
    """The simple hourly method of EN ISO 13790, or many nodes as in EN ISO 52016-1, some ten times slower."""
    set_points: Literal["air", "operative"] = "air"
    """Whether set points are those of the air or of the operative temperature, which holds for the surfaces too; nobody
    opens windows then."""
    precision: Literal["float64", "float32"] = "float64"
    """Numbers the hourly method computes in: single precision is faster, its loads lie within 1e-4."""

    @model_validator(mode="after")
    def _precise(self) -> Self:
        if self.method == "multinode" and self.precision != "float64":
            raise ValueError('precision = "float32" belongs to method = "5R1C"')
        return self
