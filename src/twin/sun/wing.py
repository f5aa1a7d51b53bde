"""What the sun wing brings: irradiance on every boundary surface."""

from __future__ import annotations

from twin.registry import SimulatorEntry, Wing

__all__ = ["WING"]

WING = Wing(
    name="sun",
    attach="twin.sun.simulator:attach",
    simulators=(
        SimulatorEntry(
            name="sun",
            build="twin.sun.simulator:build",
            columns=("surface.tilt_deg", "surface.azimuth_deg"),
        ),
    ),
)
