"""``twin validate sun``: closed forms of view factors and shadows, or any scene for comparison with other programs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError
from twin.progress import Progress, silent
from twin.sun.kernel import irradiance_series
from twin.sun.sight.memory import caster_of
from twin.sun.sight.patches import SUBDIVISION, below, reinhart, sun_weights, thinned
from twin.sun.sight.scene import Scene
from twin.sun.sight.visibility import look
from twin.sun.sky import SKY_MODELS, Sky
from twin.sun.view import seen_planes
from twin.validation.sun.closed_forms import closed_form_rows
from twin.validation.sun.scene_file import ResultFile, read_hours, read_scene

__all__ = ["run"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

_RADIATION = ("dni", "dhi", "ghi", "zenith", "azimuth", "ext")


def run(
    scene: Path | None = None,
    weather: Path | None = None,
    out: Path | None = None,
    quality: str = "standard",
    sky: str = "haydavies",
    albedo: float = 0.0,
    rays: str = "auto",
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """Return how far closed forms are missed; or of a scene write the irradiance on every surface.

    Parameters
    ----------
    scene, weather, out
        A scene (`read_scene`), a year of hours (`read_hours`), and the NPZ file to write: ``ids`` ``(k,)``, ``E`` and
        ``beam`` ``(k, hours)``, W/m2, means over the surfaces, and ``seconds``, processor time from scene to
        irradiance.
    quality
        ``standard`` or ``fine``.
    sky
        ``haydavies`` or ``perez``.
    rays
        ``embree``, ``numpy``, or ``auto``.

    Raises
    ------
    TwinError
        If something is missing or not in order.
    """
    _check(quality, sky, albedo, rays)
    if scene is None and weather is None and out is None:
        return closed_form_rows(quality)
    if scene is None or weather is None or out is None:
        missing = [f"--{name}" for name, path in (("scene", scene), ("weather", weather), ("out", out)) if path is None]
        raise TwinError(Problem(f"{' and '.join(missing)} missing", expected="--scene, --weather and --out together"))
    if not out.parent.is_dir():
        raise TwinError(Problem("there is no such folder to write to", file=out.parent))
    study = _Study(read_scene(scene), read_hours(weather), quality, sky, albedo, rays, progress)
    mean = study.write(out)
    quantity = "irradiation, mean over the area"
    return [{"case": scene.stem, "quantity": quantity, "ours": mean, "unit": "kWh/m2", "pass": None}]


def _check(quality: str, sky: str, albedo: float, rays: str) -> None:
    for name, value, allowed in (
        ("quality", quality, SUBDIVISION),
        ("sky", sky, SKY_MODELS),
        ("rays", rays, ("auto", "embree", "numpy")),
    ):
        if value not in allowed:
            raise TwinError(Problem(f"--{name} is {value!r}", expected=" or ".join(allowed)))
    if not 0.0 <= albedo <= 1.0:
        raise TwinError(Problem(f"--albedo is {albedo:g}", expected="0 .. 1"))


class _Study:
    """A scene under a year of hours, and the processor time that each stage took."""

    def __init__(
        self,
        scene: Scene,
        hours: dict[str, Floats],
        quality: str,
        sky: str,
        albedo: float,
        rays: str,
        progress: Progress,
    ) -> None:
        self.seconds: dict[str, float] = {}
        self._scene, self._progress, begun = scene, progress, time.process_time()
        beam, diffuse, total, zenith, azimuth, extra = (hours[name] for name in _RADIATION)
        self._sky: Sky = SKY_MODELS[sky](beam, diffuse, total, zenith, azimuth, extra, albedo)
        shining = self._sky.sun[self._sky.beam + self._sky.circumsolar > 0.0]
        caster = caster_of(scene, rays)
        self._visibility = look(scene, thinned(reinhart(SUBDIVISION[quality]), shining), caster, progress)
        ground = look(scene, below(1), caster, progress) if albedo > 0.0 else None
        self.seconds["rays"] = time.process_time() - begun
        begun = time.process_time()
        self._planes = seen_planes(self._visibility.normals, self._visibility, ground)
        self._weights = sun_weights(self._sky.sun, self._visibility.patches)
        self.seconds["view"] = time.process_time() - begun

    def write(self, out: Path) -> float:
        """Write the result; return the mean irradiation over the area, kWh/m2."""
        rows = np.flatnonzero(self._scene.areas > 0.0)
        energy = np.zeros(len(self._scene.areas))
        self.seconds |= {"irradiance": 0.0, "seconds": 0.0}
        file = ResultFile(out, rows, len(self._sky.beam))
        file.write(self._parts(energy), self.seconds)
        return float(self._scene.areas @ energy / self._scene.areas.sum() / 1e3)

    def _parts(self, energy: Floats) -> Iterator[tuple[Singles, Singles]]:
        """Yield irradiance and beam of some surfaces, each ``(some, hours)``; keep the sums, and count the time."""
        begun, n = time.process_time(), len(energy)
        for part, total, beam in irradiance_series(self._sky, self._planes, self._weights, self._visibility):
            energy[part] = total.sum(axis=1)
            kept = self._scene.areas[part] > 0.0
            self.seconds["irradiance"] += time.process_time() - begun
            yield (total, beam) if kept.all() else (total[kept], beam[kept])
            self._progress("sun: irradiance", part.stop, n)
            begun = time.process_time()
        self.seconds["seconds"] = sum(self.seconds.values())
