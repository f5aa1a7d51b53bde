"""CityGML 1.0, 2.0 and 3.0: streaming read."""

from twin.city.citygml.read import read_citygml

__all__ = ["read_citygml"]
