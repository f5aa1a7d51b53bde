"""A year of irradiance on 1,000 free surfaces: our component-form Perez sky beside pvlib's loop, in one process.

    python benchmarks/sun.py [weather.csv]

pvlib takes one plane at a time, so it runs on a sample of the surfaces (said below) and is scaled up. Both get the same
sun and the same radiation; the results are compared before any time is printed. What shadows cost is in
`sun_shaded.py`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pvlib

from twin.engine.time import TimeAxis
from twin.sun.kernel import irradiance, planes_from
from twin.sun.sky import ALBEDO, extraterrestrial, perez_sky
from twin.weather.files import read_weather
from twin.weather.simulator import WeatherSimulator

SURFACES = 1000
SAMPLE = 100
REPEATS = 5
SHIPPED = Path(__file__).parents[1] / "models" / "essen" / "weather.csv"


def ours(series, day_of_year, tilt, azimuth):
    sky = perez_sky(*series, extraterrestrial(day_of_year))
    return irradiance(sky, planes_from(tilt, azimuth))


def theirs(series, day_of_year, tilt, azimuth):
    beam, diffuse, total, zenith, sun_azimuth = series
    extra = pvlib.irradiance.get_extra_radiation(day_of_year)
    air_mass = pvlib.atmosphere.get_relative_airmass(zenith)
    planes = [
        pvlib.irradiance.get_total_irradiance(
            t,
            a,
            zenith,
            sun_azimuth,
            beam,
            total,
            diffuse,
            dni_extra=extra,
            airmass=air_mass,
            albedo=ALBEDO,
            model="perez",
        )["poa_global"]
        for t, a in zip(tilt, azimuth, strict=True)
    ]
    return np.nan_to_num(np.column_stack(planes))


def seconds(function, *arguments):
    """Best of several runs, wall and processor time."""
    best = (np.inf, np.inf)
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        function(*arguments)
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
    return best


def main():
    axis = TimeAxis.at("2023-01-01", 3600, 8760)
    out = WeatherSimulator(read_weather(sys.argv[1] if len(sys.argv) > 1 else SHIPPED), 3600).advance(axis, {})
    names = ("direct_normal", "diffuse_horizontal", "global_horizontal")
    series = [out[f"{name}_irradiance"][:, 0] for name in names] + [
        out[f"solar_{a}"][:, 0] for a in ("zenith", "azimuth")
    ]
    day_of_year = axis.calendar().day_of_year
    rng = np.random.default_rng(1)
    tilt, azimuth = rng.uniform(0, 90, SURFACES), rng.uniform(0, 360, SURFACES)
    few = slice(0, SAMPLE)

    a, b = ours(series, day_of_year, tilt, azimuth)[:, few], theirs(series, day_of_year, tilt[few], azimuth[few])
    worst = np.max(np.abs(a.sum(axis=0) / b.sum(axis=0) - 1))
    print(f"yearly sums of {SAMPLE} surfaces differ by at most {worst:.1e} (relative)")

    wall, cpu = seconds(ours, series, day_of_year, tilt, azimuth)
    print(f"twin    {SURFACES} surfaces x 8760 h: {wall:.3f} s wall, {cpu:.3f} s CPU")
    wall_pvlib, cpu_pvlib = (
        t * SURFACES / SAMPLE for t in seconds(theirs, series, day_of_year, tilt[few], azimuth[few])
    )
    print(
        f"pvlib {pvlib.__version__}, loop over {SAMPLE} of them, scaled to {SURFACES}: "
        f"{wall_pvlib:.3f} s wall, {cpu_pvlib:.3f} s CPU"
    )
    print(f"ratio pvlib / twin: {wall_pvlib / wall:.0f} (wall), {cpu_pvlib / cpu:.0f} (CPU)")


if __name__ == "__main__":
    main()
