"""The command ``twin``: parse, call, print."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from twin.console import (
    Drawing,
    print_best,
    print_checked,
    print_city,
    print_comparison,
    print_explanation,
    print_findings,
    print_problems,
    print_validation,
)
from twin.errors import Problem, TwinError
from twin.progress import silent

__all__ = ["main"]

app = App(name="twin", help="City file and scenario file in, answers for a planner out.", version_flags=["--version"])

Json = Annotated[bool, Parameter(name="--json", negative="", help="print one JSON document instead of text")]
AllowCode = Annotated[bool, Parameter(negative="", help="run the Python files that the scenario names as simulators")]
Root = Annotated[Path | None, Parameter(help="folder that the scenario's files must lie in")]


@app.command
def run(
    scenario: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    option: Annotated[list[str] | None, Parameter(negative="")] = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    picture: bool = True,
    allow_code: AllowCode = False,
    root: Root = None,
    json_: Json = False,
) -> None:
    """Simulate every option of a scenario, write the results folder, print the comparison table.

    Parameters
    ----------
    scenario
        The scenario file (TOML).
    output
        Results folder; results/<name of the scenario file> if left out.
    option
        Simulate only this option; may be repeated.
    overwrite
        Replace the results of another run in the folder.
    picture
        Draw the quarter, one picture for all options.
    """
    from twin.results.compare import compare as compare_
    from twin.scenario.read import read_scenario
    from twin.scenario.run import run as run_

    folder = output or _default_folder(scenario)
    with Drawing(enabled=not json_) as drawing:
        checked = read_scenario(scenario, root, allow_code)
        results = run_(checked, folder, option or (), overwrite, silent if json_ else drawing)
        picture_file = _draw(results, drawing) if picture and not results.complete_before else None
    if json_:
        print(json.dumps({"folder": str(folder), "run_id": results.run_id, **compare_(results).as_dict()}))
        return
    print_comparison(compare_(results))
    already = " (already there, nothing was simulated)" if results.complete_before else ""
    print(f"Results: {folder}{already}")
    if picture_file:
        print(f"Picture: {picture_file}")


def _default_folder(scenario: Path) -> Path:
    return Path("results") / scenario.stem


def _draw(results: Any, drawing: Drawing) -> Path | None:
    """Draw the run's picture; a machine that cannot draw is no reason to lose the results."""
    from twin.view.draw import draw_options

    drawing("picture", 0, 1)
    try:
        path: Path = draw_options(results, results.folder / "pictures")
    except TwinError as error:
        print_problems([Problem(f"no picture: {p}") for p in error.problems], "warning")
        return None
    drawing("picture", 1, 1)
    return path


@app.command
def compare(*folders: Path, by: str | None = None, best: str | None = None, json_: Json = False) -> None:
    """Print the comparison table of one or more results folders.

    Parameters
    ----------
    folders
        Results folders.
    by
        Column by whose groups of buildings to compare; the scenario's record.groups must have it.
    best
        Instead: the indicator by which to find the best option of every building, such as net_annual_cost.
    """
    from twin.results.best import count_best
    from twin.results.compare import compare as compare_
    from twin.results.store import read_results

    if best is not None:
        if len(folders) != 1:
            raise TwinError(Problem("--best is found among the options of one run", expected="one results folder"))
        found = count_best(read_results(folders[0]), best)
        print(json.dumps(found)) if json_ else print_best(found)
        return
    comparison = compare_([read_results(folder) for folder in folders], by)
    if json_:
        print(json.dumps(comparison.as_dict()))
    else:
        print_comparison(comparison)


@app.command
def view(
    folder: Path,
    /,
    *,
    indicator: str | None = None,
    option: str | None = None,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    json_: Json = False,
) -> None:
    """Show a results folder in 3D, or write a picture of it.

    Parameters
    ----------
    folder
        The results folder.
    indicator
        Indicator that colours the buildings.
    option
        Only this option; all side by side if left out.
    output
        Picture to write (PNG) instead of opening a window.
    """
    from twin.results.store import read_results
    from twin.view.draw import show

    show(read_results(folder), indicator, option, output)
    if json_:
        print(json.dumps({"picture": str(output) if output else None}))
    elif output:
        print(f"Picture: {output}")


@app.command
def explain(
    scenario: Path,
    /,
    *,
    option: str | None = None,
    results: Path | None = None,
    svg: Path | None = None,
    allow_code: AllowCode = False,
    root: Root = None,
    json_: Json = False,
) -> None:
    """Print the coupling graph, its windows and loops, what was assumed, and after a run the time each simulator took.

    Parameters
    ----------
    scenario
        The scenario file (TOML).
    option
        Only this option.
    results
        Results folder to take the times from; results/<name of the scenario file> if left out.
    svg
        Draw the graph to this file instead of printing it.
    """
    from twin.report.graph_svg import draw_svg
    from twin.results.store import times_of
    from twin.scenario.explain import explain as explain_
    from twin.scenario.read import read_scenario

    explained = explain_(read_scenario(scenario, root, allow_code), option)
    explained["seconds"] = times_of(results or _default_folder(scenario))
    if svg:
        svg.write_text(draw_svg(explained), encoding="utf-8")
    if json_:
        print(json.dumps({**explained, "svg": str(svg) if svg else None}))
    elif svg:
        print(f"Drawing: {svg}")
    else:
        print_explanation(explained)


@app.command
def check(
    files: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    planarity: float = 0.01,
    overlap: float = 0.002,
    json_: Json = False,
) -> int:
    """Look for what is wrong or doubtful in city, grid, weather and scenario files; exit 1 if there are errors.

    Parameters
    ----------
    files
        Files, or folders of grid tables. What each one is is found by its content.
    planarity
        City only: how far a corner may lie off the plane of its polygon, m.
    overlap
        City only: how deep parts of one building may lie in each other, m.
    """
    from twin.check import check_files
    from twin.city.check import Tolerances

    with Drawing(enabled=not json_) as drawing:
        tolerances = Tolerances(planarity_m=planarity, overlap_m=overlap)
        checked = check_files(files, tolerances, silent if json_ else drawing)
    if json_:
        print(json.dumps(checked))
    else:
        print_checked(checked)
    return 1 if checked["status"] == "error" else 0


@app.command
def info(city: Path, /, *, crs: str | None = None, json_: Json = False) -> None:
    """Say what is in a city file: buildings, surfaces, volumes, shared walls, attributes.

    Parameters
    ----------
    city
        City model (CityGML, CityJSON, CityJSON text sequence), plain or gzipped.
    crs
        Reference system of the coordinates (EPSG:n), overriding what the file says.
    """
    from twin.city.info import describe

    with Drawing(enabled=not json_) as drawing:
        described = describe(city, crs, silent if json_ else drawing)
    if json_:
        print(json.dumps(described))
    else:
        print_city(str(city), described)


@app.command
def convert(
    source: Path,
    target: Path,
    /,
    *,
    lod: str | None = None,
    crs: str | None = None,
    bbox: tuple[float, float, float, float] | None = None,
    where: str | None = None,
    place: str | None = None,
    latitude_deg: float | None = None,
    longitude_deg: float | None = None,
    elevation_m: float | None = None,
    origin: str | None = None,
    licence: str | None = None,
    json_: Json = False,
) -> None:
    """Write a city model as CityJSON 2.0 or footprints, or a weather file as the engine's own CSV.

    Parameters
    ----------
    source
        City model (CityGML, CityJSON, CityJSON text sequence) or weather file (EPW, PVGIS CSV).
    target
        File to write. Its name decides: .city.json, .city.jsonl (text sequence, of any size), .geojson and .parquet
        (footprints), each also with .gz where that makes sense; .csv (weather).
    lod
        City only: the level of detail to keep, the finest if left out.
    crs
        City only: reference system of the coordinates (EPSG:n), overriding what the file says.
    bbox
        City only: keep what comes into this box, x_min y_min x_max y_max in m.
    where
        City only: keep buildings that fulfil a condition, as in scenario files.
    place
        Weather only, like all that follow: where it was, if the file does not say so itself.
    origin
        Who published it.
    licence
        On what terms.
    """
    if target.suffix == ".csv":
        stated = {
            "place": place,
            "latitude_deg": latitude_deg,
            "longitude_deg": longitude_deg,
            "elevation_m": elevation_m,
            "source": origin,
            "licence": licence,
        }
        _convert_weather(source, target, {k: v for k, v in stated.items() if v is not None}, json_)
        return
    from twin.city.convert import convert as convert_city

    with Drawing(enabled=not json_) as drawing:
        progress = silent if json_ else drawing
        done = convert_city(source, target, lod=lod, crs=crs, bbox=bbox, where=where, progress=progress)
    if not json_:
        print_findings(done.findings)
    _report(target, {f"{name}s": n for name, n in done.rows.items()}, json_)


def _convert_weather(source: Path, target: Path, stated: dict[str, Any], as_json: bool) -> None:
    from twin.weather.files import convert as convert_weather

    _report(target, {"hours": len(convert_weather(source, target, **stated).table)}, as_json)


def _report(target: Path, counts: dict[str, int], as_json: bool) -> None:
    """Say what was written."""
    if as_json:
        print(json.dumps({"file": str(target), **counts}))
    else:
        print(f"{target}: " + ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in counts.items()))


@app.command
def validate(
    suite: str,
    /,
    *,
    cases: Path | None = None,
    ranges: Path | None = None,
    scene: Path | None = None,
    weather: Path | None = None,
    out: Path | None = None,
    quality: str | None = None,
    sky: str | None = None,
    albedo: float | None = None,
    rays: str | None = None,
    method: str | None = None,
    json_: Json = False,
) -> int:
    """Hold the kernels against published references; exit 1 if one is missed.

    Parameters
    ----------
    suite
        What to validate: sun, bestest.
    cases
        Folder of cases, or file that describes them.
    ranges
        What other programs found.
    scene
        Sun only: surfaces (NPZ with V, F, S) to find the irradiance of, with --weather and --out.
    weather
        Weather of the cases or of the scene.
    out
        Sun only: where the irradiance of the scene goes (NPZ).
    quality
        Sun only: standard or fine.
    sky
        Sun only: haydavies or perez.
    albedo
        Sun only: of the ground.
    rays
        Sun only: embree, numpy, or auto for the first where it is installed.
    method
        Bestest only: multinode, or 5r1c as in the city.
    """
    from twin.validation.suites import validate as validate_

    stated: dict[str, Any] = {"cases": cases, "ranges": ranges, "scene": scene, "weather": weather, "out": out}
    stated |= {"quality": quality, "sky": sky, "albedo": albedo, "rays": rays, "method": method}
    with Drawing(enabled=not json_) as drawing:
        progress = silent if json_ else drawing
        found = validate_(suite, {k: v for k, v in stated.items() if v is not None}, progress)
    if json_:
        print(json.dumps(found))
    else:
        print_validation(found)
    return 1 if found["n_fail"] else 0


@app.command
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from twin.scenario.schema import json_schema

    print(json.dumps(json_schema(), indent=1))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 ok, 1 errors, 2 usage, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    return _guarded(lambda: _call(words), as_json="--json" in words)


def _call(words: list[str]) -> int:
    """Run a command; return its exit code, 0 for commands that return none."""
    command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    code = command(*bound.args, **bound.kwargs)
    return code if isinstance(code, int) else 0


def _guarded(call: Callable[[], int], as_json: bool) -> int:
    """Turn what can go wrong into messages and exit codes, never a traceback for a user's mistake."""
    problems: Sequence[Problem]
    try:
        return call()
    except TwinError as error:
        code, status, problems = 1, "error", error.problems
    except CycloptsError as error:
        code, status, problems = 2, "usage", [Problem(str(error))]
    except OSError as error:
        code, status, problems = 1, "error", [Problem(error.strerror or str(error), file=error.filename)]
    except KeyboardInterrupt:
        code, status, problems = 130, "error", [Problem("interrupted; run the same command again to go on")]
    if as_json:
        print(json.dumps({"status": status, "problems": [str(problem) for problem in problems]}))
    print_problems(problems, status)
    return code
