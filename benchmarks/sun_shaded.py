"""A year of hours on every surface of a city, shaded by all others: where the time goes, and how far that is from what
the machine can do.

    python benchmarks/sun_shaded.py [SCENE.npz]           # stages, limits, pvlib beside it, and one house changed
    python benchmarks/sun_shaded.py --city essen|delft    # 10,000 buildings: copies of a shipped model, side by side

Without a scene (layout: `twin.validation.sun.scene_file`) it is the shipped model of Delft, under the shipped weather
of Dresden. Times are of the processor, with BLAS on one thread, least and median of three rounds, per 1,000 surfaces.
On a shared machine the least counts, and it drifts between runs: compare what one run prints, above all ratios. pvlib
takes one plane at a time and knows no neighbours; it runs over a sample of the surfaces, over hours of daylight
alone, and is scaled up. Of 10,000 buildings wall and processor time of one round are told, as all processors share
the rays.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pvlib
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from twin.city import massing
from twin.city.read import read_city
from twin.engine.time import TimeAxis
from twin.engine.workers import available
from twin.sun.kernel import irradiance_series, total_irradiance
from twin.sun.sight.patches import SkyPatches, Weights, below, reinhart, sun_weights, thinned
from twin.sun.sight.rays import Caster, Targets, embree
from twin.sun.sight.scene import Scene, scene_of
from twin.sun.sight.visibility import Visibility, follow, look
from twin.sun.sky import ALBEDO, Sky, extraterrestrial, haydavies_sky
from twin.sun.view import seen_planes
from twin.validation.sun.scene_file import read_scene
from twin.weather.files import read_weather
from twin.weather.simulator import WeatherSimulator

Floats = NDArray[np.float64]
Seconds = dict[str, float]

MODELS = Path(__file__).parents[1] / "models"
ROUNDS, SAMPLE, BUILDINGS = 3, 60, 10_000
BAR_S, BAR_RATIO = 0.35, 0.4
STEPS, PLANES = 64, 1024  # of a block of the kernel
FAR_M = 200.0  # between copies of a model


def year() -> tuple[Floats, ...]:
    """Return direct, diffuse and global irradiance, zenith, azimuth and extraterrestrial irradiance of every hour."""
    axis = TimeAxis.at("2023-01-01", 3600, 8760)
    out = WeatherSimulator(read_weather(MODELS / "essen" / "weather.csv"), 3600).advance(axis, {})
    names = ("direct_normal_irradiance", "diffuse_horizontal_irradiance", "global_horizontal_irradiance")
    series = tuple(out[name][:, 0] for name in (*names, "solar_zenith", "solar_azimuth"))
    return *series, extraterrestrial(axis.calendar().day_of_year)


def sky_patches(sky: Sky) -> SkyPatches:
    return thinned(reinhart(2), sky.sun[sky.beam + sky.circumsolar > 0.0])


class Timed:
    """A caster that counts its rays and the time they take."""

    def __init__(self, caster: Caster) -> None:
        self._caster, self.rays, self.seconds = caster, 0, 0.0

    def __call__(self, origins: Any, directions: Any) -> Any:
        begun = time.process_time()
        hit = self._caster(origins, directions)
        self.rays, self.seconds = self.rays + len(origins), self.seconds + time.process_time() - begun
        return hit


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    result = call()
    return time.process_time() - begun, result


def rounds(call: Callable[[], Seconds]) -> list[Seconds]:
    return [call() for _ in range(ROUNDS)]


def written(values: list[float], unit: str) -> str:
    return f"{min(values):8.3f} {unit} (median {median(values):.3f})"


# -- stages


def stages(make_scene: Callable[[], Scene], sky: Sky) -> Seconds:
    """Return the time of every stage of one year, s, and how many rays and surfaces under the sky there were."""

    def read() -> Scene:
        scene = make_scene()
        Targets(scene, below(1))  # works out what the scene keeps: areas, normals, keys
        return scene

    found: Seconds = {}
    found["scene"], scene = timed(read)
    found["embree's tree"], caster = timed(lambda: Timed(embree(scene)))
    looking, seen = timed(lambda: look(scene, sky_patches(sky), caster))
    to_ground, ground = timed(lambda: look(scene, below(1), caster))
    found |= {"rays: sampling and packing": looking + to_ground - caster.seconds, "rays: casting": caster.seconds}
    found["view factors"], planes = timed(lambda: seen_planes(seen.normals, seen, ground))
    found["weights of the sun"], weights = timed(lambda: sun_weights(sky.sun, seen.patches))
    found["irradiance of all hours"], _ = timed(lambda: consume(irradiance_series(sky, planes, weights, seen)))
    found["all"] = sum(found.values())
    outdoors = np.unpackbits(np.bitwise_or.reduce(seen.bits, axis=0)).sum()
    return found | {"number of rays": caster.rays, "outdoors": int(outdoors)}


def consume(parts: Iterator[Any]) -> None:
    for _ in parts:
        pass


def report_stages(make_scene: Callable[[], Scene], sky: Sky) -> float:
    """Print the time of every stage; return that of all, s per 1,000 surfaces."""
    scene = make_scene()
    n = int((scene.areas > 0.0).sum())
    print(f"{scene}, {len(sky.beam):,} hours")
    several = rounds(lambda: stages(make_scene, sky))
    whole = min(one["all"] for one in several)
    for name in several[0]:
        if name in ("number of rays", "outdoors"):
            continue
        seconds = [1e3 * one[name] / n for one in several]
        print(f"  {name:28s}{written(seconds, 's')}   {100 * min(seconds) / (1e3 * whole / n):5.1f} %")
    rate = max(one["number of rays"] / one["rays: casting"] for one in several) / 1e6
    print(
        f"  {several[0]['number of rays'] / n:.0f} rays per surface, {rate:.2f} million rays/s in Embree; "
        f"{100 * several[0]['outdoors'] / n:.0f} % of the surfaces see any sky, the others lie between houses or below"
    )
    return 1e3 * whole / n


# -- the limit


def products(sky: Sky, weights: Weights, seen: Visibility) -> tuple[float, Seconds]:
    """Return the operations of the product of sun and visibility, and the time it and plain BLAS take for them."""
    lit = np.flatnonzero(sky.beam + sky.circumsolar > 0.0)
    runs = [weights.during(lit[k : k + STEPS]).matrix() for k in range(0, len(lit), STEPS)]
    part = slice(0, min(PLANES, len(seen)))
    width = part.stop
    rng = np.random.default_rng(1)
    plain = [(rng.random(w.shape, np.float32), rng.random((w.shape[1], width), np.float32)) for _, w in runs]
    used = np.unique(np.concatenate([patches for patches, _ in runs]))

    def ours() -> None:
        bits = seen.seen(used, part)
        for patches, spread in runs:
            _ = spread @ bits[np.searchsorted(used, patches)]

    def blas() -> None:
        for a, b in plain:
            _ = a @ b

    operations = 2.0 * width * sum(spread.size for _, spread in runs)
    return operations, {"ours": timed(ours)[0], "blas": timed(blas)[0]}


def report_limit(scene: Scene, sky: Sky) -> None:
    seen = look(scene, sky_patches(sky), embree(scene))
    weights = sun_weights(sky.sun, seen.patches)
    operations, _ = products(sky, weights, seen)
    several = rounds(lambda: products(sky, weights, seen)[1])
    ours, blas = (operations / min(one[name] for one in several) / 1e9 for name in ("ours", "blas"))
    print(
        f"product of sun and visibility, from bits: {ours:.1f} GFLOP/s; BLAS alone on such matrices of single "
        f"precision: {blas:.1f} GFLOP/s, of which that is {100 * ours / blas:.0f} %"
    )


# -- pvlib


def pvlib_loop(radiation: tuple[Floats, ...], normals: Floats) -> None:
    beam, diffuse, total, zenith, azimuth, extra = (series[radiation[3] < 90.0] for series in radiation)
    for x, y, z in normals:
        pvlib.irradiance.get_total_irradiance(
            np.degrees(np.arccos(z)),
            np.degrees(np.arctan2(x, y)),
            zenith,
            azimuth,
            beam,
            total,
            diffuse,
            dni_extra=extra,
            albedo=ALBEDO,
            model="haydavies",
        )


def report_pvlib(scene: Scene, radiation: tuple[Floats, ...], ours: float) -> None:
    rows = np.flatnonzero(scene.areas > 0.0)
    normals = scene.normals[rows[:: max(len(rows) // SAMPLE, 1)][:SAMPLE]]
    pvlib_loop(radiation, normals[:1])
    seconds = [1e3 * one["pvlib"] / len(normals) for one in rounds(lambda: {"pvlib": timed_loop(radiation, normals)})]
    print(
        f"pvlib {pvlib.__version__}, Hay-Davies, unshaded, a loop over {len(normals)} surfaces, scaled to 1,000: "
        f"{written(seconds, 's').strip()}"
    )
    print(
        f"shaded by twin / unshaded by pvlib: {ours / min(seconds):.2f} "
        f"(bars: {BAR_S} s per 1,000, or {BAR_RATIO} times)"
    )


def timed_loop(radiation: tuple[Floats, ...], normals: Floats) -> float:
    return timed(lambda: pvlib_loop(radiation, normals))[0]


# -- one house changed


def report_change(sky: Sky) -> None:
    """Print what it takes to see again after one building of Delft is gone, or higher."""
    city = read_city(MODELS / "delft" / "city.city.json")
    patches, old = sky_patches(sky), scene_of(city)
    before = look(old, patches, embree(old))
    house = int(np.argsort(city.buildings["footprint_m2"])[len(city.buildings) // 2])
    for name, change in (
        ("demolished", lambda: massing.demolish(city, [house])),
        ("two storeys higher", lambda: massing.add_storeys(city, [house], 2)),
    ):

        def again(change: Callable[[], Any] = change) -> Seconds:
            changing, new = timed(lambda: scene_of(change()))
            following, _ = timed(lambda: follow(before, old, new, embree(new)))
            anew, _ = timed(lambda: look(new, patches, embree(new)))
            return {"changing": changing, "following": following, "anew": anew}

        several = rounds(again)
        changing, following, anew = (written([one[k] for one in several], "s").strip() for k in several[0])
        print(f"one of {len(city.buildings)} buildings {name}: new scene {changing}, rays {following}, anew {anew}")


# -- ten thousand buildings


def replicated(name: str) -> tuple[Scene, int]:
    """Return copies of a shipped model in a square, and of how many buildings they are."""
    city = read_city(MODELS / name / "city.city.json")
    one, buildings = scene_of(city), len(city.buildings)
    copies = -(-BUILDINGS // buildings)
    across = int(np.ceil(np.sqrt(copies)))
    size = np.ptp(one.triangles.reshape(-1, 3)[:, :2], axis=0) + FAR_M
    shift = np.stack([np.arange(copies) % across * size[0], np.arange(copies) // across * size[1], np.zeros(copies)], 1)
    triangles = (one.triangles[None] + shift[:, None, None]).reshape(-1, 3, 3)
    own = np.where(one.surface < one.n_surfaces, one.surface, -1)
    surface = np.where(own >= 0, own + np.arange(copies)[:, None] * one.n_surfaces, -1).reshape(-1)
    ground = np.tile(one.is_ground, copies)
    return Scene.of(triangles, surface, copies * one.n_surfaces, ground), copies * buildings


def report_city(name: str, sky: Sky) -> None:
    """Print wall and processor time, and peak memory, of the yearly irradiation on every surface of a large city."""
    scene, buildings = replicated(name)
    workers, wall, cpu = available(), time.perf_counter(), sum(os.times()[:4])
    caster = embree(scene)
    seen, ground = (look(scene, patches, caster, workers=workers) for patches in (sky_patches(sky), below(1)))
    rays = time.perf_counter() - wall
    planes = seen_planes(seen.normals, seen, ground)
    energy = total_irradiance(sky, planes, sun_weights(sky.sun, seen.patches), seen)
    wall, cpu = time.perf_counter() - wall, sum(os.times()[:4]) - cpu
    peak, worker = (resource.getrusage(of).ru_maxrss / 2**20 for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    mean = float(scene.areas @ energy / scene.areas.sum() / 1e3)
    print(
        f"{buildings:,} buildings (copies of {name}), {scene.n_surfaces:,} surfaces, {len(scene.triangles):,} "
        f"triangles, mean {mean:.0f} kWh/m2: {wall:.1f} s wall, of which rays {rays:.1f} s on {workers} processors; "
        f"{cpu:.1f} s CPU; peak memory {peak:.2f} GiB, of a worker {worker:.2f} GiB, most of it shared"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", nargs="?", type=Path)
    parser.add_argument("--city", choices=("essen", "delft"))
    asked = parser.parse_args()
    radiation = year()
    sky = haydavies_sky(*radiation, ALBEDO)
    if asked.city:
        report_city(asked.city, sky)
        return

    delft = read_city(MODELS / "delft" / "city.city.json")
    make_scene: Callable[[], Scene] = lambda: read_scene(asked.scene) if asked.scene else scene_of(delft)  # noqa: E731
    ours = report_stages(make_scene, sky)
    report_limit(make_scene(), sky)
    report_pvlib(make_scene(), radiation, ours)
    report_change(sky)


if __name__ == "__main__":
    with threadpool_limits(1, user_api="blas"):
        main()
