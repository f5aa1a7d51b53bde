"""Running a scenario: every option through the engine, and its results into the folder."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.ports import Simulator
from twin.engine.recorder import Recorder, Stream
from twin.engine.time import TimeAxis
from twin.ledger import assumed_share, summarize
from twin.progress import Progress, silent
from twin.registry import Indicator, Setup, resolve, wings
from twin.results.indicators import evaluate, streams_of
from twin.results.model import DrawnLayer, OptionResult, Results
from twin.results.provenance import environment, file_hashes, run_id
from twin.results.series import SeriesFile
from twin.results.store import Folder, read_option, read_results
from twin.scenario.plan import Scenario
from twin.scenario.prepare import Prepared, prepare
from twin.scenario.read import read_scenario

__all__ = ["account", "build_simulators", "join", "run"]

FLOOR_AREA = "heated_floor_area_m2"


def run(
    scenario: Scenario | str | Path,
    output: str | Path | None = None,
    options: Sequence[str] = (),
    overwrite: bool = False,
    progress: Progress = silent,
) -> Results:
    """Simulate the options of a scenario.

    Parameters
    ----------
    scenario
        A scenario, or the path of its file.
    output
        Results folder to write; None keeps the results in memory only. If it already holds this very run, the
        results are read from it; if that run was cut short, only the options that are missing are simulated.
    options
        Names of options to simulate; all if empty.
    overwrite
        Whether ``output`` may hold another run.

    Raises
    ------
    TwinError
        For everything that is wrong with the scenario or its files, before anything is simulated or written.
    """
    if not isinstance(scenario, Scenario):
        scenario = read_scenario(scenario)
    wanted = [scenario.option(name) for name in options] or list(scenario.options)
    hashes = file_hashes(scenario.files)
    identity = run_id({**scenario.resolved, "wanted": [option.slug for option in wanted]}, hashes)
    folder = Folder(output, identity) if output is not None else None
    if folder and folder.complete:
        return replace(read_results(folder.path), complete_before=True)
    progress("read", 0, 1)
    prepared = prepare(scenario, wanted)
    simulators = [build_simulators(scenario, ready) for ready in prepared]
    for ready, joined in zip(prepared, simulators, strict=True):  # checked before the first kernel runs
        join(ready.city, joined)
    progress("read", 1, 1)
    results = Results(scenario.title, identity, [], [_describe(i) for i in _indicators()], picture=scenario.picture)
    begun = time.perf_counter()
    with ExitStack() as stack:
        if folder:
            stack.enter_context(folder.locked(overwrite))
            folder.write_scenario(scenario.resolved)
            results.folder = folder.path
        finished = folder.finished_options() if folder else set()
        for ready, joined in zip(prepared, simulators, strict=True):
            if folder and ready.option.slug in finished:
                results.options.append(read_option(folder.path / "options" / ready.option.slug))
            else:
                results.options.append(_run_option(scenario, ready, joined, folder, progress))
        if folder:
            seconds = time.perf_counter() - begun
            folder.finish(results, {"inputs": hashes, "seconds": seconds, "environment": environment()})
    return results


def join(city: City, simulators: Sequence[Simulator]) -> Graph:
    """Join simulators by their ports, over the entity sets and links of a city."""
    return Graph(simulators, {name: len(table) for name, table in city.tables.items()}, city.links)


def build_simulators(scenario: Scenario, ready: Prepared) -> list[Simulator]:
    """Build the simulators that the wings offer for one option's city."""
    simulators = []
    for wing in wings():
        for entry in wing.simulators:
            step_s = scenario.steps.get(entry.name, scenario.step_s)
            simulator = resolve(entry.build)(Setup(ready.city, ready.inputs, scenario.timezone, step_s))
            if simulator is not None:
                simulators.append(simulator)
    return simulators


def _run_option(
    scenario: Scenario, ready: Prepared, simulators: Sequence[Simulator], folder: Folder | None, progress: Progress
) -> OptionResult:
    option, city = ready.option, ready.city
    axis = TimeAxis(scenario.start, min(s.step_s for s in simulators), 0).between(scenario.start, scenario.end)
    result = replace(account(ready), axis=axis)
    with ExitStack() as stack:
        part = stack.enter_context(folder.option(option.slug)) if folder else None
        series = stack.enter_context(SeriesFile(part / "series.nc", axis)) if part else None
        recorders = _recorders(scenario, city, simulators, axis, series)
        coupling = Coupling(join(city, [*simulators, *recorders.values()]))
        coupling.run(
            scenario.start - scenario.warm_up_s,
            scenario.end,
            seed=scenario.seed,
            cuts=[scenario.start],
            progress=lambda phase, done, total: progress(option.name, done, total),
        )
        result.seconds = coupling.seconds
        result.values = list(evaluate(option.name, _indicators(), recorders, city.tables, scenario.factors))
        result.series = {f"{per}_{q}": v for per, r in recorders.items() for q, v in r.total_series().items()}
        result.layers = _layers(city)
        if folder and part and series:
            for recorder in recorders.values():
                series.write_totals(recorder.total_series())
            folder.write_option(part, result, city)
    return result


def _recorders(
    scenario: Scenario, city: City, simulators: Sequence[Simulator], axis: TimeAxis, series: SeriesFile | None
) -> dict[str, Recorder]:
    """Return one recorder per level at which indicators are kept or full series asked for."""
    streams: dict[str, list[Stream]] = {level: [] for level in scenario.series}
    for indicator in _indicators():
        streams.setdefault(indicator.level, []).extend(streams_of(indicator))
    recorders = {}
    for level, wanted in streams.items():
        full = scenario.series.get(level, ())
        sink = None
        if series and full:
            series.add(level, city.table(level).ids.tolist(), full)
            sink = _sink(series, level)
        weights = _weights(city).get(level, np.ones(len(city.table(level))))
        recorders[level] = Recorder(level, weights, axis.step_s, wanted, scenario.start, sink, full)
    return recorders


def _sink(series: SeriesFile, level: str) -> Any:
    return lambda quantity, window, values: series.write(level, quantity, window, values)


def _indicators() -> list[Indicator]:
    return [indicator for wing in wings() for indicator in wing.indicators]


def _describe(indicator: Indicator) -> Mapping[str, Any]:
    described = asdict(indicator)
    return {key: described[key] for key in ("id", "title", "unit", "direction", "level", "headline", "standard")}


def _weights(city: City) -> dict[str, NDArray[np.float64]]:
    """Return the heated floor area behind each row, for tables where that is known."""
    if FLOOR_AREA not in city.buildings:
        return {}
    area = city.buildings[FLOOR_AREA]
    owner = city.surfaces["building"]
    return {"building": area, "surface": area[owner] / np.bincount(owner, minlength=len(area))[owner]}


def account(ready: Prepared) -> OptionResult:
    """Return an option's result before the run: what was assumed, and how much of what the simulators read that is."""
    option, weights = ready.option, _weights(ready.city)
    result = OptionResult(option.name, option.slug, option.description)
    result.ledger = summarize(ready.ledger, ready.city.tables.values(), weights)
    result.selections = [asdict(s) for s in ready.selections]
    read = [c for wing in wings() for s in wing.simulators for c in s.columns if c.startswith("building.")]
    fields = dict.fromkeys(c.removeprefix("building.") for c in read)
    if "building" in weights:
        result.assumed_share = assumed_share(ready.city.buildings, fields, weights["building"])
    return result


def _layers(city: City) -> list[DrawnLayer]:
    layers = []
    for wing in wings():
        for layer in wing.layers:
            coordinates, offsets, ids = resolve(layer.build)(city)
            layers.append(DrawnLayer(layer.name, layer.kind, layer.entity, coordinates, offsets, list(ids)))
    return layers
