"""The semantic city model: CityGML and CityJSON as a few tables of NumPy columns."""

from twin.city.model import City, Geometry
from twin.city.read import read_city

__all__ = ["City", "Geometry", "read_city"]
