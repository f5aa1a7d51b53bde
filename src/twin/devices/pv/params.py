"""What a scenario may say of solar modules."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin.devices.phases import PhaseChoice
from twin.devices.pv.kernel import combined_loss

__all__ = ["Losses", "Pv"]

# Power per area, W/m2, and change of power per kelvin, by type
_MODULES = {"standard": (150.0, -0.0047), "premium": (200.0, -0.0035), "thin_film": (100.0, -0.0020)}

# Tilt of racks, deg, and share of the roof's usable part that modules cover, by what stands on flat roofs
_RACK_TILT_DEG = {"as_roof": 0.0, "racks_south": 15.0, "racks_east_west": 10.0}
_EAST_WEST_COVERAGE = 0.9


class _Params(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True
    )


class Losses(_Params):
    """Shares lost between the light on the cells and the inverter, part by part; all defaults of PVWatts version 5.

    Shading alone is 0 instead of 0.03, as shadows are computed.
    """

    soiling: float = Field(0.02, ge=0, lt=1)
    """Dirt on the glass."""
    shading: float = Field(0.0, ge=0, lt=1)
    """Shadows of what the city model does not hold, such as chimneys and masts."""
    snow: float = Field(0.0, ge=0, lt=1)
    """Snow on the modules."""
    mismatch: float = Field(0.02, ge=0, lt=1)
    """Modules of one string that are not alike."""
    wiring: float = Field(0.02, ge=0, lt=1)
    """Resistance of cables."""
    connections: float = Field(0.005, ge=0, lt=1)
    """Resistance of connectors."""
    light_induced_degradation: float = Field(0.015, ge=0, lt=1)
    """Power lost in the first months."""
    nameplate: float = Field(0.01, ge=0, lt=1)
    """What modules have less than their nameplate says."""
    age: float = Field(0.0, ge=0, lt=1)
    """Power lost over the years."""
    availability: float = Field(0.03, ge=0, lt=1)
    """Outages."""


class Pv(_Params):
    """Lay solar modules on the roofs and facades that suit them."""

    on: list[Literal["roof", "facade"]] = Field(["roof"], min_length=1)
    """Which faces may get modules."""
    usable_share: float = Field(0.6, gt=0, le=1)
    """Share of a roof face that modules, or racks with the room between them, can cover; dormers, chimneys, windows and
    edges take the rest (planning assumption; believed to be the architectural suitability of roofs in IEA PVPS
    T7-4:2002)."""
    usable_share_flat: float | None = Field(None, gt=0, le=1)
    """The same of flat roofs, where it differs."""
    usable_share_facade: float = Field(0.2, gt=0, le=1)
    """Share of a wall less its windows, doors and shared parts that modules can cover (planning assumption; believed to
    be the architectural suitability of facades in IEA PVPS T7-4:2002)."""
    min_area_m2: float = Field(10.0, ge=0)
    """Faces with less room for modules stay without, m2 (some five modules)."""
    max_off_equator_deg: float = Field(100.0, ge=0, le=180)
    """How far a face may look away from the equator (from south in Europe), deg; does not matter for flat ones."""
    flat_below_deg: float = Field(10.0, ge=0, le=90)
    """Tilt up to which a roof face counts as flat, deg."""
    max_tilt_deg: float = Field(65.0, gt=0, le=90)
    """Steeper roof faces stay without modules, deg."""
    min_irradiation_kwh_m2: float | None = Field(None, gt=0)
    """Faces that get less sun in a year, shadows of neighbours counted, stay without, kWh/m2."""
    max_kw_per_building: float | None = Field(None, gt=0)
    """Most power per building, kW; its sunniest faces come first, by yearly sun with shadows, or, where that is not
    known, those nearest to the equator. No limit if left out."""
    max_kw: float | None = Field(None, gt=0)
    """Most power on all buildings chosen together, kW, what they have already among it; the sunniest faces come first,
    and the last one gets what is left. No limit if left out."""

    flat_roof: Literal["as_roof", "racks_south", "racks_east_west"] = "as_roof"
    """On flat roofs: modules that lie as the roof does, rows that face the equator, or pairs of rows that lean on each
    other and face east and west."""
    rack_tilt_deg: float | None = Field(None, gt=0, le=60)
    """Tilt of racks, deg; 15 if they face the equator, 10 if east and west (planning assumption)."""
    rack_coverage: float | None = Field(None, gt=0, le=1.5)
    """Area of modules over that of the usable roof. Left out, rows that face the equator just do not shade each other
    at noon of the winter solstice, and pairs cover 0.9, the rest being for access (planning assumption; at noon they
    never shade each other)."""

    module_type: Literal["standard", "premium", "thin_film"] = "premium"
    """Crystalline silicon, the better kind of it, or thin film: their power changes by -0.47, -0.35 and -0.20 %/K
    (PVWatts version 5)."""
    module_w_m2: float | None = Field(None, gt=0, le=300)
    """Power of the modules under standard test conditions per area, W/m2. Left out, 200 for premium (efficiency of
    20 %: Fraunhofer ISE, Photovoltaics Report 2021, average commercial silicon modules), 150 for standard and 100 for
    thin film (PVWatts version 5)."""
    mounting: Literal["open_rack", "close_mount", "building_integrated"] | None = None
    """How air gets behind the modules: freely, through a gap, or not at all. Left out, racks are open and all others
    mounted with a gap."""
    temperature_model: Literal["noct", "sapm", "faiman"] = "noct"
    """How warm cells get: by their nominal operating temperature (45, 49 or 63 degC by mounting, PVWatts and SAM), by
    the Sandia model's coefficients for glass modules, which are warmer close to roofs, or as Faiman measured on open
    racks, whatever the mounting, which takes the wind 10 m above ground for that at the modules."""
    low_light_correction: bool = False
    """Whether efficiency falls in proportion to light below 125 W/m2, as in PVWatts version 1; version 5 as it runs
    does without."""

    dc_ac_ratio: float = Field(1.1, ge=0.5, le=2)
    """Power of the modules over that of the inverter (PVWatts version 5)."""
    inverter_efficiency: float = Field(0.96, gt=0.5, le=0.99)
    """Nominal efficiency of the inverter (PVWatts version 5)."""
    phases: Literal["auto", 1, 3] = "auto"
    """How many phases inverters feed; left to us, one in buildings whose inverters together are small enough for it."""
    single_phase_kva: float = Field(4.6, ge=0)
    """Most power of the inverters of a building that feed one phase if it is left to us, kVA (VDE-AR-N 4105 and 4100:
    no more than 4.6 kVA may be unlike between phases)."""
    phase_choice: PhaseChoice = "balanced"
    """Which phase an inverter of a single phase feeds: the one with least of their power so far along its feeder, or
    one drawn, each as likely."""
    losses: float | None = Field(None, ge=0, lt=1)
    """Share lost in all, instead of ``loss_parts``."""
    loss_parts: Losses = Losses()
    """Shares lost part by part: soiling, snow, mismatch, wiring, ageing, outages and others."""

    @model_validator(mode="after")
    def _consistent(self) -> Pv:
        if problems := list(self._contradictions()):
            raise ValueError("; ".join(problems))
        return self

    def _contradictions(self) -> Iterator[str]:
        if self.losses is not None and "loss_parts" in self.model_fields_set:
            yield "has both losses and loss_parts"
        stated = [name for name in ("rack_tilt_deg", "rack_coverage") if getattr(self, name) is not None]
        if self.flat_roof == "as_roof":
            yield from (f'{name} needs flat_roof = "racks_south" or "racks_east_west"' for name in stated)
        elif self.rack_coverage is not None:
            most = 1.0 / math.cos(math.radians(self.rack_tilt))
            if self.rack_coverage > most:
                yield f"racks overlap: rack_coverage is {self.rack_coverage:g}, at most {most:.3f} fits at their tilt"

    @property
    def rack_tilt(self) -> float:
        """Tilt of racks, deg."""
        return _RACK_TILT_DEG[self.flat_roof] if self.rack_tilt_deg is None else self.rack_tilt_deg

    @property
    def pair_coverage(self) -> float:
        """Area of modules that face east and west over that of the usable roof."""
        return _EAST_WEST_COVERAGE if self.rack_coverage is None else self.rack_coverage

    @property
    def power_per_area(self) -> float:
        """Power of the modules, W/m2."""
        return _MODULES[self.module_type][0] if self.module_w_m2 is None else self.module_w_m2

    @property
    def temperature_coefficient(self) -> float:
        """Change of power per kelvin, 1/K."""
        return _MODULES[self.module_type][1]

    @property
    def system_loss(self) -> float:
        """Share lost in all."""
        return combined_loss(dict(self.loss_parts).values()) if self.losses is None else self.losses
