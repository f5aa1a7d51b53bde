"""What an option can change in how buildings are run: temperatures, ventilation, automation, and who uses them."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.buildings.measures.shared import Choice, Params, chosen, given, like, put, tighten
from twin.buildings.model import COLUMNS, HEATED_USES, UNHEATED, USE_TYPES
from twin.city.model import City
from twin.errors import Problem, TwinError
from twin.table import Table

__all__ = [
    "BuildingAutomation",
    "NightVentilation",
    "PerformanceGap",
    "Rebound",
    "SetPoint",
    "Usage",
    "VentilationSystem",
    "automate",
    "change_use",
    "set_points",
    "take_back",
    "use_other_heat",
    "ventilate",
]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Heat used over that of class C, by use: classes D, C, B and A. EN 15232-1:2017, detailed factors for heating, as
# quoted in Siemens, Building automation - impact on energy efficiency, 4.5.1
_RESIDENTIAL = (1.09, 1.00, 0.88, 0.81)
_AUTOMATION: dict[str, tuple[float, float, float, float]] = {
    "SINGLE_RES": _RESIDENTIAL,
    "MULTI_RES": _RESIDENTIAL,
    "OFFICE": (1.44, 1.00, 0.79, 0.70),
    "SCHOOL": (1.20, 1.00, 0.88, 0.80),
    "UNIVERSITY": (1.22, 1.00, 0.73, 0.30),
    "HOSPITAL": (1.31, 1.00, 0.91, 0.86),
    "HOTEL": (1.17, 1.00, 0.85, 0.61),
    "RESTAURANT": (1.21, 1.00, 0.76, 0.69),
    "RETAIL": (1.56, 1.00, 0.71, 0.46),
    "FOODSTORE": (1.56, 1.00, 0.71, 0.46),
    "UNHEATED": (1.00, 1.00, 1.00, 1.00),
}
_CLASSES = "DCBA"


class SetPoint(Choice):
    """Change the temperatures that are kept indoors."""

    heating_set_point_degc: float | None = like("heating_set_point_degc")
    """Heating set point while people are active, degC."""
    heating_setback_degc: float | None = like("heating_setback_degc")
    """Heating set point otherwise, degC."""
    cooling_set_point_degc: float | None = like("cooling_set_point_degc")
    """Cooling set point, degC; gives the buildings active cooling."""


class VentilationSystem(Params):
    """Ventilate with fans, and recover heat from the exhaust air."""

    heat_recovery: float = like("heat_recovery", 0.8)
    """Temperature efficiency of heat recovery, 0 for a mere exhaust system (planning assumption: 80 %; a passive house
    asks for 75 % at least). What leaks in passes it by, so a leaky house gains little."""
    specific_fan_power_j_m3: float = like("specific_fan_power_j_m3", 1620.0)
    """Electric work of the fans per volume of air, J/m3 (0.45 Wh/m3, the most that a passive house may take)."""
    air_change_1_h: float | None = like("air_change_1_h")
    """Air change by fans and leaks together, 1/h; as before if left out: what the use needs, and what leaks in."""
    n50_1_h: float | None = like("n50_1_h")
    """Air change at 50 Pa afterwards, 1/h, if the envelope is sealed as well."""


class NightVentilation(Params):
    """Let more air in at night after warm days."""

    night_ventilation_1_h: float = like("night_ventilation_1_h", 2.0)
    """Air change added, 1/h (2 with windows open at night, 5 if air can flow across storeys: DIN 4108-2:2013)."""


class BuildingAutomation(Params):
    """Let automation and controls run the heating; either by a class, or by what they do, which is then simulated."""

    efficiency_class: Literal["A", "B", "C", "D"] | None = None
    """Efficiency class of building automation and control: the heat computed is multiplied by the factor of the class
    over that of the class before, by use (factor method of EN ISO 52120-1; the detailed factors for heating of its
    forerunner EN 15232-1:2017)."""
    before: Literal["A", "B", "C", "D"] = "C"
    """Class before (C is the reference of the standard)."""
    heating_setback_degc: float | None = like("heating_setback_degc")
    """Instead of a class: temperature that rooms may fall to while nobody is active there, degC."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.efficiency_class is None) == (self.heating_setback_degc is None):
            raise ValueError("needs either efficiency_class or heating_setback_degc")
        return self


class Usage(Choice):
    """Use buildings for something else, or the lower storeys of them."""

    use_type: Literal[USE_TYPES] | None = None  # type: ignore[valid-type]
    """Main use afterwards."""
    secondary_use_type: Literal[HEATED_USES] | None = None  # type: ignore[valid-type]
    """Use of the lower storeys, if it is another; one that is heated."""
    secondary_use_share: float | None = Field(None, gt=0, lt=1)
    """Share of the floor area in that use."""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.secondary_use_type is None) != (self.secondary_use_share is None):
            raise ValueError("secondary_use_type and secondary_use_share belong together")
        if self.use_type == UNHEATED and self.secondary_use_type is not None:
            raise ValueError(f"a building in which {UNHEATED} is the main use has no secondary one")
        return self


class Rebound(Params):
    """Let people take back part of what is saved: rooms are kept warmer once that costs less."""

    take_back_k: float = Field(gt=0, le=5)
    """By how much heating set point and set-back rise, K."""
    reference: str = Field(min_length=3)
    """Where the number comes from."""


class PerformanceGap(Params):
    """Let buildings use more or less heat than is computed."""

    heating_use_factor: float = Field(ge=COLUMNS["heating_use_factor"].low, le=COLUMNS["heating_use_factor"].high)
    """Space heat used over space heat computed. Below 1 in old buildings, whose people heat less than the standard
    assumes (prebound), above 1 in new ones."""
    reference: str = Field(min_length=3)
    """Where the number comes from."""


def set_points(city: City, rows: NDArray[Any], params: SetPoint, code: int) -> City:
    """Return the city with other set points."""
    values = given(params)
    if params.cooling_set_point_degc is not None:
        values["cooled"] = True
    return city.with_table(put(city.buildings, values, chosen(city, rows), code))


def ventilate(city: City, rows: NDArray[Any], params: VentilationSystem, code: int) -> City:
    """Return the city with mechanical ventilation."""
    table, where, values = city.buildings, chosen(city, rows), given(params)
    tightness = values.pop("n50_1_h", None)
    if tightness is not None:
        table = tighten(table, tightness, where, code)
    return city.with_table(put(table, values, where, code))


def automate(city: City, rows: NDArray[Any], params: BuildingAutomation, code: int) -> City:
    """Return the city with automation.

    Raises
    ------
    TwinError
        If a class is asked for in buildings whose use has no factors.
    """
    table, where = city.buildings, chosen(city, rows)
    if params.efficiency_class is None:
        return city.with_table(put(table, given(params), where, code))
    uses = table["use_type"][where].tolist()
    unknown = sorted(set(uses) - set(_AUTOMATION))
    if unknown:
        message = f"building_automation: efficiency classes have no factor for {', '.join(unknown)}"
        expected = "a where that leaves these buildings out, or heating_setback_degc"
        raise TwinError(Problem(message, expected=expected))
    after, before = (_CLASSES.index(name) for name in (params.efficiency_class, params.before))
    ratio = np.ones(len(table))
    ratio[where] = [_AUTOMATION[use][after] / _AUTOMATION[use][before] for use in uses]
    return city.with_table(_multiply_use(table, ratio, where, code))


def use_other_heat(city: City, rows: NDArray[Any], params: PerformanceGap, code: int) -> City:
    """Return the city in which buildings use more or less heat than is computed."""
    factor = np.full(len(city.buildings), params.heating_use_factor)
    return city.with_table(_multiply_use(city.buildings, factor, chosen(city, rows), code))


def _multiply_use(table: Table, factor: Floats, where: Mask, code: int) -> Table:
    """Return the table with the heat used over that computed multiplied; 1 where nothing is known of it."""
    name = "heating_use_factor"
    before = np.where(table.missing(name), 1.0, table[name]) if name in table else 1.0
    return table.put(COLUMNS[name], before * factor, code, where)


def take_back(city: City, rows: NDArray[Any], params: Rebound, code: int) -> City:
    """Return the city in which rooms are kept warmer."""
    table, where = city.buildings, chosen(city, rows)
    for name in ("heating_set_point_degc", "heating_setback_degc"):
        table = table.put(COLUMNS[name], table[name] + params.take_back_k, code, where & ~table.missing(name))
    return city.with_table(table)


def change_use(city: City, rows: NDArray[Any], params: Usage, code: int) -> City:
    """Return the city with other uses of the buildings chosen."""
    return city.with_table(put(city.buildings, given(params), chosen(city, rows), code))
