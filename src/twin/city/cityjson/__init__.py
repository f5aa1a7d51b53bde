"""CityJSON 1.0 to 2.0 and CityJSON text sequences: read and write."""

from twin.city.cityjson.read import read_cityjson
from twin.city.cityjson.write import write_cityjson, write_cityjsonseq

__all__ = ["read_cityjson", "write_cityjson", "write_cityjsonseq"]
