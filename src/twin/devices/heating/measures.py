"""What an option can do to the heating of buildings: another system."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin.city.model import City
from twin.devices.heating.model import COLUMNS, CONTROLLABLE, OF_BUFFER, OF_CONTROL, OF_FLEXIBILITY, OF_SYSTEM
from twin.table import MISSING, Table

__all__ = [
    "Boiler",
    "DistrictHeat",
    "ElectricHeating",
    "HeatPump",
    "install_boiler",
    "install_district_heat",
    "install_electric_heating",
    "install_heat_pump",
]


class _Params(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class HeatPump(_Params):
    """Replace the heating by a heat pump with electric back-up."""

    source: Literal["air", "ground", "water"] = "air"
    """Where the heat comes from: outdoor air, boreholes in the ground, or groundwater."""
    emission: Literal["radiator", "floor"] | None = None
    """What gives the heat to the rooms; as before if left out. A new one is sized for the building as it is then."""
    supply_temperature_degc: float | None = Field(None, ge=25, le=90)
    """Flow temperature at which radiators or floors give the heat load they were sized for, degC; 55 and 35 if left out
    (planning assumption), 70 for radiators of old."""
    sizing: float | None = Field(None, gt=0, le=3)
    """Thermal capacity as share of the design heat load, with air at -7 degC; 0.8 if left out."""
    operation: Literal["fleet", "on_off", "inverter"] | None = None
    """How it gives less than it can: as measured fleets do on average (the default), by switching on and off, or by
    turning slower, down to 30 % (planning assumption); the losses of switching are those of EN 14825, Cc = 0.9."""
    defrost_loss: float | None = Field(None, ge=0, le=0.5)
    """Most of its heat that an air heat pump loses to frost, at 0 to 3 degC in humid air; 0 if left out, as the values
    of manufacturers and the factor for the field hold it already: to be stated where more frost than usual falls."""
    backup_kw: float | None = Field(None, ge=0, le=10_000)
    """Power of the electric back-up heater, kW; enough for the whole building if left out (planning assumption)."""
    night_setback: bool = False
    """Whether rooms may still cool down at night; heat pumps are usually run through, as reheating needs the heater."""

    @model_validator(mode="after")
    def _frost_falls_from_air(self) -> HeatPump:
        if self.defrost_loss is not None and self.source != "air":
            raise ValueError("defrost_loss goes with source = air")
        return self


class Boiler(_Params):
    """Replace the heating by a boiler."""

    fuel: Literal["gas", "oil", "biomass"]
    """What it burns."""
    condensing: bool | None = None
    """Whether it uses the heat of its vapour; true for gas and oil if left out, never for wood."""
    efficiency: float | None = Field(None, ge=0.3, le=1.11)
    """Useful heat per fuel of the year, lower heating value; if left out it follows from the load, as Directive
    92/42/EEC or, for wood, EN 303-5 (class 5) asks for."""
    capacity_kw: float | None = Field(None, gt=0, le=10_000)
    """Most heat it can make, kW; enough for the building if left out."""

    @model_validator(mode="after")
    def _no_vapour_of_wood(self) -> Boiler:
        if self.fuel == "biomass" and self.condensing:
            raise ValueError("condensing goes with gas and oil")
        return self


class DistrictHeat(_Params):
    """Replace the heating by a substation of a heating network."""

    capacity_kw: float | None = Field(None, gt=0, le=10_000)
    """Most heat it can give, kW; enough for the building if left out."""
    loss_w: float | None = Field(None, ge=0, le=10_000)
    """Standing loss, W; 60 W at 20 kW and more with the cube root of the capacity if left out (planning assumption)."""


class ElectricHeating(_Params):
    """Replace the heating by direct electric heating."""

    capacity_kw: float | None = Field(None, gt=0, le=10_000)
    """Most heat it can make, kW; enough for the building if left out."""


def install_heat_pump(city: City, rows: NDArray[Any], params: HeatPump, code: int) -> City:
    """Return the city with heat pumps in the rows chosen."""
    values = {
        "heating_system": "heat_pump",
        "heat_pump_source": params.source,
        "heat_emission": params.emission,
        "heat_pump_sizing": params.sizing,
        "heat_pump_operation": params.operation,
        "heat_pump_defrost_loss": params.defrost_loss,
        "supply_temperature_degc": params.supply_temperature_degc,
        "backup_capacity_w": _watts(params.backup_kw),
    }
    table, where = _swapped(city.buildings, rows, values, code)
    if params.emission is not None:
        table = table.put(COLUMNS["emitter_heat_load_w"], table["design_heat_load_w"], code, where)
    if not params.night_setback:
        through = table["heating_set_point_degc"]
        table = table.put(table.column("heating_setback_degc"), through, code, where & ~np.isnan(through))
    return city.with_table(table)


def install_boiler(city: City, rows: NDArray[Any], params: Boiler, code: int) -> City:
    """Return the city with boilers in the rows chosen."""
    condensing = params.condensing if params.condensing is not None else True
    kind = "wood" if params.fuel == "biomass" else "condensing" if condensing else "low_temperature"
    values = {
        "heating_system": f"{params.fuel}_boiler",
        "boiler_type": kind,
        "boiler_efficiency": params.efficiency,
        "heater_capacity_w": _watts(params.capacity_kw),
    }
    return city.with_table(_swapped(city.buildings, rows, values, code)[0])


def install_district_heat(city: City, rows: NDArray[Any], params: DistrictHeat, code: int) -> City:
    """Return the city with substations in the rows chosen."""
    values = {
        "heating_system": "district_heat",
        "heater_capacity_w": _watts(params.capacity_kw),
        "substation_loss_w": params.loss_w,
    }
    return city.with_table(_swapped(city.buildings, rows, values, code)[0])


def install_electric_heating(city: City, rows: NDArray[Any], params: ElectricHeating, code: int) -> City:
    """Return the city with electric heaters in the rows chosen."""
    values = {"heating_system": "electric", "heater_capacity_w": _watts(params.capacity_kw)}
    return city.with_table(_swapped(city.buildings, rows, values, code)[0])


def _watts(kilowatts: float | None) -> float | None:
    return None if kilowatts is None else 1e3 * kilowatts


def _swapped(table: Table, rows: NDArray[Any], values: dict[str, Any], code: int) -> tuple[Table, NDArray[np.bool_]]:
    """Return the table with a new system in place of the old one and of all that belonged to it, and where.

    A buffer and a control stay if the new system can have them.
    """
    where = np.zeros(len(table), dtype=bool)
    where[rows] = True
    steered = () if values["heating_system"] in CONTROLLABLE else (*OF_BUFFER, *OF_CONTROL, *OF_FLEXIBILITY)
    for name in (*OF_SYSTEM, *steered):
        if name in table and not table.missing(name)[where].all():
            table = table.put(COLUMNS[name], table[name], MISSING, where)
    for name, value in values.items():
        if value is not None:
            table = table.put(COLUMNS[name], value, code, where)
    return table, where
