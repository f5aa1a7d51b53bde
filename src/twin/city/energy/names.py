"""What the Energy ADE's versions call things: classes and properties, and the tables and columns they become."""

from __future__ import annotations

from twin.city.energy.items import Item

__all__ = ["BOUNDARY", "COLUMNS", "CONSTRUCTION", "OPENINGS", "SCHEDULES", "SIZES", "best_size", "table_of"]

# Class -> table. ADE 1.0, 3.0, and 1.0 re-based on CityGML 3.0 share most names.
_TABLES = {
    "ThermalZone": "thermal_zone",
    "ThermalBoundary": "thermal_boundary",
    "ThermalOpening": "thermal_opening",
    "UsageZone": "usage_zone",
    "SolidMaterial": "material",
    "Gas": "material",
    "EnergyDemand": "energy_demand",
    "Energy": "energy_demand",
    "EnergyFlow": "energy_demand",
    "EnergySource": "energy_demand",
    "QualifiedArea": "qualified_size",
    "QualifiedVolume": "qualified_size",
    "QualifiedHeight": "qualified_size",
    "FloorArea": "qualified_size",
    "VolumeType": "qualified_size",
    "HeightAboveGround": "qualified_size",
    "ElectricalResistance": "energy_system",
    "ElectricalAppliances": "energy_system",
    "Boiler": "energy_system",
    "Chiller": "energy_system",
    "AirCompressor": "energy_system",
    "CombinedHeatPower": "energy_system",
    "HeatExchanger": "energy_system",
    "HeatPump": "energy_system",
    "MechanicalVentilation": "energy_system",
}
CONSTRUCTION = {
    "Construction", "LayeredConstruction", "LayeredMaterial",
    "ConstructionOrientation", "ReverseLayeredConstruction", "ReverseLayeredMaterial",
}  # fmt: skip
SCHEDULES = {
    "ConstantValueSchedule": "constant",
    "DualValueSchedule": "dual",
    "DailyPatternSchedule": "daily_pattern",
    "CompositeSchedule": "composite",
    "AtomicSchedule": "series",
    "TimeSeriesSchedule": "series",
    "TimeseriesSchedule": "series",
}
_TABLES |= dict.fromkeys(CONSTRUCTION, "construction") | dict.fromkeys(SCHEDULES, "schedule")
# of a class that ends so: devices, and series in time
_ENDINGS = {
    "System": "energy_system",
    "Device": "energy_system",
    "Collector": "energy_system",
    "Facilities": "energy_system",
    "TimeSeries": "time_series",
    "Timeseries": "time_series",
    "TimeSeriesFile": "time_series",
    "TimeseriesFile": "time_series",
    "SensorConnection": "time_series",
}
# Parts of others that are no rows of their own
_PARTS = {"Dynamizer", "CompositeTimeseries", "ScheduleComponent", "Layer", "LayerComponent", "TimeseriesComponent"}

OPENINGS = {"Window", "Door", "WindowSurface", "DoorSurface", "ThermalOpening"}
# Class of surface or thermalBoundaryType, in lower case -> ours, and what is beyond
BOUNDARY = {
    "wallsurface": ("outerWall", "outdoors"),
    "outerwall": ("outerWall", "outdoors"),
    "roofsurface": ("roof", "outdoors"),
    "roof": ("roof", "outdoors"),
    "outerceilingsurface": ("roof", "outdoors"),
    "groundsurface": ("groundSlab", "ground"),
    "groundslab": ("groundSlab", "ground"),
    "outerfloorsurface": ("outerFloor", "outdoors"),
    "basementceiling": ("basementCeiling", "unheated"),
    "basementceilingsurface": ("basementCeiling", "unheated"),
    "basementfloor": ("groundSlab", "ground"),
    "basementwall": ("basementWall", "ground"),
    "basementwallsurface": ("basementWall", "ground"),
    "atticfloor": ("atticFloor", "unheated"),
    "atticfloorsurface": ("atticFloor", "unheated"),
    "sharedwall": ("sharedWall", "zone"),
    "partywallsurface": ("sharedWall", "zone"),
    "interiorwall": ("interiorWall", "zone"),
    "interiorwallsurface": ("interiorWall", "zone"),
    "floorsurface": ("intermediaryFloor", "zone"),
    "ceilingsurface": ("intermediaryFloor", "zone"),
    "intermediaryfloor": ("intermediaryFloor", "zone"),
    "intermediatefloor": ("intermediaryFloor", "zone"),
    "intermediatefloorsurface": ("intermediaryFloor", "zone"),
}

# Table -> property -> columns it may become
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "thermal_zone": {
        "isHeated": ("heated",),
        "isCooled": ("cooled",),
        "infiltrationRate": ("infiltration_1_h",),
        "effectiveThermalCapacity": ("heat_capacity_j_k", "heat_capacity_j_m2k"),
        "heatCapacity": ("heat_capacity_j_k", "heat_capacity_j_m2k"),
        "additionalThermalBridgeUValue": ("thermal_bridge_u_w_m2k",),
        "indirectlyHeatedAreaRatio": ("indirectly_heated_share",),
    },
    "thermal_boundary": {
        "area": ("area_m2",),
        "bdgBdrySurfTotalSurfaceArea": ("area_m2",),
        "bdgBdrySurfOpaqueSurfaceArea": ("opaque_area_m2",),
        "bdgBdrySurfOpeningToSurfaceRatio": ("opening_share",),
        "bdgBdrySurfAzimuth": ("azimuth_deg",),
        "azimuth": ("azimuth_deg",),
        "bdgBdrySurfInclination": ("inclination_deg",),
        "inclination": ("inclination_deg",),
        "bdgBdrySurfSkyViewFactor": ("sky_view",),
        "bdgBdrySurfGroundViewFactor": ("ground_view",),
        "bdgBdrySurfIsAdiabatic": ("adiabatic",),
        "bdgBdrySurfThickness": ("thickness_m",),
        "bdgBdrySurfHeatCapacity": ("heat_capacity_j_m2k",),
    },
    "thermal_opening": {
        "area": ("area_m2",),
        "bdgOpnArea": ("area_m2",),
        "bdgOpnAzimuth": ("azimuth_deg",),
        "bdgOpnInclination": ("inclination_deg",),
        "bdgOpnSkyViewFactor": ("sky_view",),
        "bdgOpnGroundViewFactor": ("ground_view",),
        "openableRatio": ("openable_share",),
    },
    "construction": {"name": ("name",), "uValue": ("u_w_m2k",), "glazingRatio": ("glazing_share",)},
    "layer": {"thickness": ("thickness_m",), "areaFraction": ("area_share",)},
    "material": {
        "name": ("name",),
        "conductivity": ("conductivity_w_mk",),
        "thermalConductivity": ("conductivity_w_mk",),
        "density": ("density_kg_m3",),
        "specificHeat": ("specific_heat_j_kgk",),
        "specificHeatCapacity": ("specific_heat_j_kgk",),
        "rValue": ("resistance_m2k_w",),
        "isVentilated": ("ventilated",),
    },
    "usage_zone": {
        "usageZoneType": ("usage",),
        "usageZoneClass": ("usage",),
        "type": ("usage",),
        "usedFloors": ("storeys",),
        "isPrimary": ("primary",),
        "numberOfBuildingUnits": ("building_units",),
        "internalHeatGains": ("internal_gain_w_m2", "internal_gain_w"),
        "internalHeatGainsConvectiveFraction": ("convective_share",),
        "internalHeatGainsRadiantFraction": ("radiant_share",),
        "internalHeatGainsLatentFraction": ("latent_share",),
    },
    "schedule": {
        "averageValue": ("value",),
        "usageValue": ("value",),
        "timeDependingValues": ("value",),
        "idleValue": ("idle_value",),
        "usageHoursPerDay": ("hours_per_day",),
        "usageDaysPerYear": ("days_per_year",),
    },
    "time_series": {
        "interpolationType": ("interpolation",),
        "acquisitionMethod": ("acquisition",),
        "timeInterval": ("step_s",),
        "fileURI": ("file",),
        "fileLocation": ("file",),
        "baseURL": ("file",),
    },
    "energy_demand": {
        "endUse": ("end_use",),
        "energyCarrier": ("carrier",),
        "energyCarrierType": ("carrier",),
        "energyCarriertype": ("carrier",),
        "energyAmount": ("energy_j_a",),
        "amount": ("energy_j_a",),
        "maximumLoad": ("max_load_w",),
        "year": ("year",),
    },
    "energy_system": {
        "model": ("model",),
        "installedPower": ("power_w",),
        "electricalPower": ("power_w",),
        "nominalEfficiency": ("efficiency",),
        "numberOfDevices": ("count",),
        "yearOfManufacture": ("year_of_manufacture",),
        "moduleArea": ("module_area_m2",),
        "apertureArea": ("aperture_area_m2",),
        "azimuth": ("azimuth_deg",),
        "inclination": ("inclination_deg",),
        "powerCapacity": ("storage_j",),
        "storageVolume": ("storage_m3",),
        "waterStorageVolume": ("storage_m3",),
        "volume": ("storage_m3",),
    },
    "qualified_size": {
        "type": ("type",),
        "typeOfArea": ("type",),
        "typeOfVolume": ("type",),
        "heightReference": ("type",),
        "value": ("area_m2", "volume_m3", "height_m"),
        "area": ("area_m2",),
        "volume": ("volume_m3",),
    },
    "energy_object": {},
}

# Class of a size -> what it is
SIZES = {
    "QualifiedArea": "area",
    "FloorArea": "area",
    "QualifiedVolume": "volume",
    "VolumeType": "volume",
    "QualifiedHeight": "height",
    "HeightAboveGround": "height",
}
# Types of floor areas and volumes, the best for energy first; all others (footprint, gross of shafts ...) are no such
_RANKS = {
    "energyreferencearea": 0, "netfloorarea": 1, "grossfloorarea": 2,
    "energyreferencevolume": 0, "netvolume": 1, "grossvolume": 2,
}  # fmt: skip


def best_size(kind: str) -> int | None:
    """Return how good a type of floor area or volume is for energy, 0 best; None if it is another kind of size."""
    return _RANKS.get(kind.lower())


def table_of(item: Item, role: str) -> str:
    """Return the table an object becomes a row of, "" for none."""
    if item.kind in _PARTS:
        return ""
    if item.kind in _TABLES:
        return _TABLES[item.kind]
    if item.kind in OPENINGS:
        return "thermal_opening"
    if item.kind.endswith("Surface") and item.kind.lower() in BOUNDARY:
        return "thermal_boundary"
    table = next((table for ending, table in _ENDINGS.items() if item.kind.endswith(ending)), "")
    return table or ("energy_object" if item.id else "")
