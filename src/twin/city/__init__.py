"""The semantic city model: CityGML and CityJSON as a few tables of NumPy columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin.city.model import City, Geometry
from twin.city.read import iter_city, read_city

if TYPE_CHECKING:
    from twin.city.derive import with_party_walls
    from twin.city.surfaces import read_surfaces
    from twin.city.write import write_city

__all__ = ["City", "Geometry", "iter_city", "read_city", "read_surfaces", "with_party_walls", "write_city"]

_LAZY = {"read_surfaces": "surfaces", "with_party_walls": "derive", "write_city": "write"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
