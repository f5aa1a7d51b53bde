"""Running one option: its simulators and recorders through the engine, and what they leave behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.ports import Simulator
from twin.engine.recorder import Recorder, Stream
from twin.engine.time import TimeAxis
from twin.errors import Problems, nearest
from twin.ledger import assumed_share, summarize
from twin.progress import Progress
from twin.quantities import QUANTITIES
from twin.registry import Indicator, Setup, resolve, wings
from twin.results.indicators import applicable, evaluate, moments, streams_of
from twin.results.model import DrawnLayer, OptionResult
from twin.results.series import SeriesFile
from twin.results.store import Folder
from twin.scenario.plan import Scenario
from twin.scenario.prepare import Prepared

__all__ = ["FLOOR_AREA", "Job", "account", "make_job", "run_option"]

FLOOR_AREA = "heated_floor_area_m2"


@dataclass(frozen=True)
class Job:
    """One option and the simulators built for it, joined by their ports."""

    ready: Prepared
    graph: Graph

    @property
    def written(self) -> set[str]:
        """Quantities that its simulators write."""
        return {write.quantity for s in self.graph.simulators for write in s.writes}

    def indicators(self, anywhere: Collection[str]) -> list[Indicator]:
        """Return the indicators that mean something here; ``anywhere`` is what any option of the run writes."""
        declared = [indicator for wing in wings() for indicator in wing.indicators]
        return applicable(declared, self.ready.city.tables, self.written, anywhere)


def make_job(scenario: Scenario, ready: Prepared) -> Job:
    """Build the simulators that the wings offer for an option's city, and join them.

    Raises
    ------
    TwinError
        If ports do not fit.
    """
    simulators = []
    for wing in wings():
        for entry in wing.simulators:
            step_s = scenario.steps.get(entry.clock or entry.name, scenario.step_s)
            simulator = resolve(entry.build)(Setup(ready.city, ready.inputs, scenario.timezone, step_s))
            if simulator is not None:
                simulators.append(simulator)
    job = Job(ready, _join(ready.city, simulators))
    _check_series(scenario, job)
    return job


def _check_series(scenario: Scenario, job: Job) -> None:
    """See that every full series asked for can be had, before anything is simulated."""
    option, tables = job.ready.option.name, job.ready.city.tables
    with Problems(scenario.file) as problems:
        for level, quantities in scenario.series.items():
            if level not in tables:
                problems.add(
                    f"record.series.{level}: option {option!r} has no {level}", suggestion=nearest(level, tables)
                )
            for quantity in quantities:
                if not QUANTITIES[quantity].extensive and quantity not in job.written:
                    problems.add(f"record.series.{level}: nobody writes {quantity} in option {option!r}")


def _join(city: City, simulators: Sequence[Simulator]) -> Graph:
    return Graph(simulators, {name: len(table) for name, table in city.tables.items()}, city.links)


def run_option(
    scenario: Scenario, job: Job, anywhere: Collection[str], folder: Folder | None, progress: Progress
) -> OptionResult:
    """Run one option, write it to the folder if there is one, and return its results."""
    option, city, simulators = job.ready.option, job.ready.city, job.graph.simulators
    axis = TimeAxis(scenario.start, min(s.step_s for s in simulators), 0).between(scenario.start, scenario.end)
    result = replace(account(job.ready), axis=axis)
    indicators = job.indicators(anywhere)
    with ExitStack() as stack:
        part = stack.enter_context(folder.option(option.slug)) if folder else None
        series = stack.enter_context(SeriesFile(part / "series.nc", axis)) if part else None
        recorders = _recorders(scenario, city, indicators, axis, series)
        coupling = Coupling(_join(city, [*simulators, *recorders.values()]))
        coupling.run(
            scenario.start - scenario.warm_up_s,
            scenario.end,
            seed=scenario.seed,
            cuts=[scenario.start],
            progress=lambda phase, done, total: progress(option.name, done, total),
        )
        result.seconds = coupling.seconds
        result.values = list(evaluate(option.name, indicators, recorders, city.tables, scenario.factors))
        result.moments = moments(indicators, recorders)
        for recorder in recorders.values():
            result.series = {**recorder.total_series(), **result.series}
        result.layers = _layers(city)
        if folder and part and series:
            series.write_totals(result.series)
            folder.write_option(part, result, city)
    return result


def _recorders(
    scenario: Scenario, city: City, indicators: Sequence[Indicator], axis: TimeAxis, series: SeriesFile | None
) -> dict[str, Recorder]:
    """Return one recorder per level at which indicators are kept or full series asked for."""
    streams: dict[str, list[Stream]] = {level: [] for level in scenario.series}
    for indicator in indicators:
        streams.setdefault(indicator.level, []).extend(streams_of(indicator))
    recorders = {}
    for level, wanted in streams.items():
        table, full = city.table(level), scenario.series.get(level, ())
        sink: Callable[..., None] | None = None
        if series and full:
            series.add(level, table.ids.tolist(), full)
            sink = partial(series.write, level)
        weights = _weights(city).get(level, np.ones(len(table)))
        recorders[level] = Recorder(level, weights, axis.step_s, wanted, scenario.start, sink, full)
    return recorders


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
