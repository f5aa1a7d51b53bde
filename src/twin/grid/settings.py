"""What a scenario can set for the electric grid as a whole."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["OF_FILES", "GridSettings"]

# Settings that mean something for grids from files only
OF_FILES = ("connections", "unlisted", "longest_connection_m", "loads", "crs", "source_impedance")


class GridSettings(BaseModel):
    """How the city is connected to its electric grid."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True
    )

    connections: str | None = None
    """CSV file with the columns ``building``, ``bus`` and, as one likes, ``phases`` (``abc``, ``a``, ``L2`` ...): which
    bus of the grid's file each building is connected to; the nearest one of low voltage if left out."""
    unlisted: Literal["error", "nearest"] = "error"
    """What becomes of buildings that this file does not name."""
    longest_connection_m: float = Field(200.0, gt=0)
    """Distance to the nearest bus beyond which a building is named as doubtful, m; if no building is nearer, the grid
    is taken to be another place's (planning assumption)."""
    loads: Literal["drop", "keep"] = "drop"
    """What becomes of the loads, generators and storages that the grid's file states at buses where buildings of the
    city are connected; those elsewhere are kept."""
    crs: str | None = None
    """Reference system of the buses' coordinates, such as ``EPSG:25832``; left out, longitude and latitude if they can
    be, else that of the city."""
    source_impedance: bool = True
    """Whether the voltage of sources gives way by the short-circuit power that the grid's file states; if it states
    none, it does not."""
    single_phase_share: float = Field(0.0, ge=0, le=1)
    """Share of the buildings planned for no more than ``single_phase_kva`` that are connected to one phase only, as is
    usual in many countries (none in Germany: VDE-AR-N 4100)."""
    single_phase_kva: float = Field(23.0, gt=0)
    """Largest planned load of a building on one phase, kVA (planning assumption: 100 A at 230 V, as in Great
    Britain)."""
    phase_choice: Literal["balanced", "drawn"] = "balanced"
    """Which phase these get: along every feeder the one with least planned load so far, or one drawn, each as
    likely."""
