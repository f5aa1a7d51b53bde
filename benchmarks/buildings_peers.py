"""Other hourly simulators of buildings in Python, each for one house at a time, as far as they are installed."""

import contextlib
import io
import logging
import tempfile
import time
import warnings
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

import numpy as np

YEAR = 8760
LATITUDE, LONGITUDE = 51.45, 7.0


def entise(zones, outdoor, name, repeats=3):
    """Return building-years per second of an HVAC method of EnTiSe: heating and cooling, no gains.

    Parameters
    ----------
    zones
        One zone.
    outdoor
        Outdoor temperature of a year, degC, shape ``(8760,)``.
    name
        Of the method: R5C1 or R1C1.

    Raises
    ------
    ImportError
        Where it is not installed.
    """
    import pandas as pd
    from entise.constants import Columns, Objects

    logging.getLogger("entise").setLevel(logging.ERROR)
    method = getattr(import_module(f"entise.methods.hvac.{name}"), name)
    hours = pd.date_range("2023-01-01", periods=YEAR, freq="h", tz="UTC")
    weather = pd.DataFrame({Columns.DATETIME: hours, Columns.TEMP_AIR: outdoor})
    values = {n: float(v[0]) for n, v in vars(zones).items()}
    if name == "R5C1":
        names = ("h_tr_is", "h_tr_ms", "h_tr_w", "h_tr_em", "c_m", "h_ve")
        house = {getattr(Objects, n.upper()): values[n] for n in names}
    else:
        to_mass = 1 / (1 / values["h_tr_em"] + 1 / values["h_tr_ms"])
        resistance = 1 / (to_mass + values["h_tr_w"] + values["h_ve"])
        house = {Objects.RESISTANCE: resistance, Objects.CAPACITANCE: values["c_m"], Objects.VENTILATION: 0.0}
    house |= {Objects.ACTIVE_GAINS_SOLAR: False, Objects.ACTIVE_GAINS_INTERNAL: False, Objects.WEATHER: "weather"}
    best = np.inf
    for _ in range(repeats):
        begin = time.process_time()
        method().generate(dict(house), {"weather": weather})
        best = min(best, time.process_time() - begin)
    return 1 / best


def pybuildingenergy(outdoor, repeats=1):
    """Return building-years per second of pybuildingenergy's EN ISO 52016-1, one house of nine surfaces.

    Raises
    ------
    ImportError
        Where it is not installed.
    """
    import pybuildingenergy as peer

    best = np.inf
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        weather = Path(folder) / "weather.epw"
        write_epw(weather, outdoor)
        house, _ = peer.sanitize_and_validate_BUI(_house(), fix=True)
        for _ in range(repeats):
            begin = time.process_time()
            peer.ISO52016.Temperature_and_Energy_needs_calculation(
                house, weather_source="epw", path_weather_file=str(weather)
            )
            best = min(best, time.process_time() - begin)
    return 1 / best


def write_epw(path, outdoor):
    """Write a year of made-up weather in the layout of EnergyPlus."""
    names = ["DESIGN CONDITIONS,0", "TYPICAL/EXTREME PERIODS,0", "GROUND TEMPERATURES,0"]
    names += [
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
        "COMMENTS 1,",
        "COMMENTS 2,",
        "DATA PERIODS,1,1,Data,Sunday,1/1,12/31",
    ]
    place = f"LOCATION,Made up,-,-,-,0,{LATITUDE},{LONGITUDE},0.0,80.0"
    lines = [place, *names]
    for k, degc in enumerate(outdoor):
        when = datetime(2023, 1, 1) + timedelta(hours=k)
        height = max(-np.cos(2 * np.pi * (when.hour + 0.5) / 24), 0.0) * (0.6 - 0.4 * np.cos(2 * np.pi * k / YEAR))
        sun = (1200 * height, 1200, 330, 600 * height, 500 * height, 200 * height)
        cells = (
            when.year, when.month, when.day, when.hour + 1, 0, "?9", f"{degc:.1f}", f"{degc - 4:.1f}", 75, 100500,
            *(f"{value:.0f}" for value in sun), 0, 0, 0, 0, 220, 3.0, 5, 5, 20.0, 77777, 9, 999999999, 150, 0.1, 0, 88,
            0.2, 0.0, 1.0,
        )  # fmt: skip
        lines.append(",".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n")


def _house():
    """Return a house of 100 m2 in the layout that pybuildingenergy reads."""
    sides = {"north": 0, "east": 90, "south": 180, "west": 270}
    walls = [_surface(f"wall {side}", 25.0, azimuth, 90) for side, azimuth in sides.items()]
    windows = [_surface(f"window {side}", 4.0, sides[side], 90, glass=True) for side in ("north", "south", "west")]
    always = {"weekday": [1.0] * 24, "weekend": [1.0] * 24}
    setpoints = {"heating_setpoint": 20.0, "heating_setback": 17.0, "cooling_setpoint": 26.0, "cooling_setback": 30.0}
    return {
        "building": {
            "name": "house",
            "azimuth_relative_to_true_north": 0.0,
            "latitude": LATITUDE,
            "longitude": LONGITUDE,
            "exposed_perimeter": 40.0,
            "height": 3.0,
            "wall_thickness": 0.3,
            "n_floors": 1,
            "building_type_class": "Residential_apartment",
            "adj_zones_present": False,
            "number_adj_zone": 0,
            "net_floor_area": 100.0,
            "construction_class": "class_i",
        },
        "adjacent_zones": [],
        "building_surface": [
            _surface("roof", 100.0, 0, 0),
            _surface("floor", 100.0, 0, 0, sky=0.0),
            *walls,
            *windows,
        ],
        "units": {},
        "building_parameters": {
            "temperature_setpoints": {**setpoints, "units": "C"},
            "system_capacities": {"heating_capacity": 1e7, "cooling_capacity": 1e7, "units": "W"},
            "airflow_rates": {"infiltration_rate": 0.5, "units": "ACH"},
            "ventilation": {"ventilation_type": "custom", "custom_heat_transfer_coefficient_ventilation": 40.0},
            "internal_gains": [
                {"name": name, "full_load": 2.0, **always} for name in ("occupants", "appliances", "lighting")
            ],
            "construction": {"wall_thickness": 0.3, "thermal_bridges": 2.0},
            "climate_parameters": {"coldest_month": 1},
            "heating_profile": always,
            "cooling_profile": always,
            "ventilation_profile": always,
        },
    }


def _surface(name, area, azimuth, tilt, glass=False, sky=None):
    if sky is None:
        sky = 1.0 if tilt == 0 else 0.5
    surface = {
        "name": name,
        "type": "transparent" if glass else "opaque",
        "area": area,
        "sky_view_factor": sky,
        "u_value": 1.3 if glass else 0.4,
        "solar_absorptance": 0.0 if glass else 0.6,
        "thermal_capacity": 0.0 if glass else 150e3 * area,
        "orientation": {"azimuth": azimuth, "tilt": tilt},
        "name_adj_zone": None,
    }
    if glass:
        surface |= {"g_value": 0.6, "height": 1.5, "width": area / 1.5, "parapet": 0.9, "shading": False}
        surface |= {"shading_type": "horizontal_overhang", "width_or_distance_of_shading_elements": 0.0}
        surface |= {"overhang_proprieties": {"width_of_horizontal_overhangs": 0.0}}
    return surface
