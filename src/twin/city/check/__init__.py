"""Validity of city files, with val3dity's codes for geometry."""

from twin.city.check.files import check_city, city_format
from twin.city.check.geometry import check_primitives
from twin.city.check.primitives import Tolerances

__all__ = ["Tolerances", "check_city", "check_primitives", "city_format"]
