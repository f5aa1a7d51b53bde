"""What an option can do to the buildings that stand: demolish them, add storeys, build new ones."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin.city import massing
from twin.city.block import outline, rectangle
from twin.city.model import USAGE_CLASSES, City
from twin.errors import TwinError

__all__ = ["Demolition", "NewBuilding", "Storeys", "add_storeys", "demolish", "new_building"]

Point = Annotated[list[float], Field(min_length=2, max_length=2)]


class _Params(BaseModel):
    """Nothing unknown, nothing coerced, no nan."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Demolition(_Params):
    """Demolish buildings."""


class Storeys(_Params):
    """Add storeys on top."""

    storeys: int = Field(ge=1, le=100)
    """How many storeys more."""
    storey_height_m: float = Field(massing.STOREY_HEIGHT_M, gt=0, le=10)
    """From floor to floor, m (planning assumption: 3 m, as where storeys are counted)."""


class NewBuilding(_Params):
    """Put up a block with a flat roof."""

    id: str = Field(min_length=1, max_length=200)
    """Identifier of the new building, which nothing else has."""
    footprint: list[Point] | None = None
    """Corners ``[x, y]`` in the city's reference system, one after the other."""
    at: Point | None = None
    """Instead of a footprint: the middle ``[x, y]`` of a rectangle."""
    width_m: float | None = Field(None, gt=0, le=1000)
    """Of the rectangle, from west to east before it is turned, m."""
    depth_m: float | None = Field(None, gt=0, le=1000)
    """Of the rectangle, from south to north before it is turned, m."""
    rotation_deg: float = Field(0.0, ge=-360, le=360)
    """By how much the rectangle is turned clockwise, degrees (0: along the axes of the reference system)."""
    height_m: float = Field(gt=0, le=1000)
    """From ground to roof, m."""
    storeys: int | None = Field(None, ge=1, le=200)
    """Storeys above ground; if left out as many as have 3 m each, but one at least (planning assumption)."""
    usage_class: Literal[USAGE_CLASSES] = "RESIDENTIAL"  # type: ignore[valid-type]
    """What it is used for (planning assumption: dwellings; whether house or flats, its size decides)."""
    year_of_construction: int = Field(ge=1000, le=2100)
    """Year of construction, by which its envelope is chosen."""
    ground_m: float | None = None
    """Height of the ground in the city's reference system, m; if left out the lowest ground of the nearest building."""
    roof: Literal["flat"] = "flat"
    """Shape of the roof."""
    replace: bool = False
    """Whether buildings in its way are demolished; if not, one in its way is an error."""

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        sizes = (self.at, self.width_m, self.depth_m)
        if (self.footprint is None) == all(size is None for size in sizes):
            raise ValueError("needs either a footprint, or at, width_m and depth_m")
        if self.footprint is None and any(size is None for size in sizes):
            raise ValueError("at, width_m and depth_m belong together")
        try:
            outline(self.corners)
        except TwinError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def corners(self) -> list[list[float]]:
        """Corners of its footprint."""
        if self.footprint is not None:
            return self.footprint
        return rectangle(self.at or [], self.width_m or 0.0, self.depth_m or 0.0, self.rotation_deg)


def demolish(city: City, rows: NDArray[Any], params: Demolition, code: int) -> City:
    """Return the city without the buildings chosen."""
    return massing.demolish(city, rows)


def add_storeys(city: City, rows: NDArray[Any], params: Storeys, code: int) -> City:
    """Return the city in which the buildings chosen have more storeys."""
    return massing.add_storeys(city, rows, params.storeys, params.storey_height_m, code)


def new_building(city: City, rows: NDArray[np.bool_], params: NewBuilding, code: int) -> City:
    """Return the city with a new building; ``rows`` are none."""
    return massing.new_building(
        city,
        params.id,
        params.corners,
        params.height_m,
        storeys=params.storeys,
        year_of_construction=params.year_of_construction,
        usage_class=params.usage_class,
        ground_m=params.ground_m,
        replace=params.replace,
        code=code,
    )
