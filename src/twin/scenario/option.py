"""Running one option: its simulators and recorders through the engine, and what they leave behind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.groups import GROUP, Groups
from twin.engine.ports import Simulator
from twin.engine.recorder import Recorder, Stream
from twin.engine.time import TimeAxis
from twin.errors import Problem, Problems, TwinError, nearest
from twin.ledger import assumed_share, summarize
from twin.progress import Progress
from twin.quantities import QUANTITIES
from twin.registry import Indicator, Setup, resolve, wings
from twin.results.indicators import applicable, evaluate, moments, streams_of
from twin.results.model import DrawnLayer, OptionResult
from twin.results.series import SeriesFile, StoredSeries
from twin.results.store import Folder
from twin.scenario.groups import group_problems, groups_of
from twin.scenario.own import blaming, build_own, declared_indicators, takes_part
from twin.scenario.plan import Scenario
from twin.scenario.prepare import Prepared
from twin.scenario.signals import known_factors

__all__ = ["FLOOR_AREA", "Job", "account", "check_needed_factors", "check_series", "make_job", "run_option"]

FLOOR_AREA = "heated_floor_area_m2"


@dataclass(frozen=True)
class Job:
    """One option, the simulators built for it, joined by their ports, and all indicators there are."""

    ready: Prepared
    graph: Graph
    declared: Sequence[Indicator]

    @property
    def written(self) -> set[str]:
        """Quantities that its simulators write."""
        return {write.quantity for s in self.graph.simulators for write in s.writes}

    def indicators(self, anywhere: Collection[str]) -> list[Indicator]:
        """Return the indicators that mean something here; ``anywhere`` is what any option of the run writes."""
        return applicable(self.declared, self.ready.city.tables, self.written, anywhere)


def make_job(scenario: Scenario, ready: Prepared) -> Job:
    """Build the simulators that the wings offer for an option's city, and join them.

    Raises
    ------
    TwinError
        If ports do not fit, or a simulator finds its city impossible.
    """

    def setup(name: str) -> Setup:
        step_s = scenario.steps.get(name, scenario.step_s)
        return Setup(ready.city, ready.inputs, scenario.civil, step_s, scenario.signals)

    entries = [entry for wing in wings() for entry in wing.simulators]
    try:
        built = [resolve(entry.build)(setup(entry.clock or entry.name)) for entry in entries]
    except TwinError as error:
        raise TwinError(*(_placed(p, scenario, ready.option.name) for p in error.problems)) from error
    own = [build_own(item, setup(item.file.stem)) for item in scenario.own if takes_part(item, ready.option.name)]
    simulators = [simulator for simulator in (*built, *own) if simulator is not None]
    return Job(ready, _join(ready.city, simulators), declared_indicators(scenario.own))


def _placed(problem: Problem, scenario: Scenario, option: str) -> Problem:
    """Return a problem of a simulator with the scenario and the option in which it turns up."""
    if problem.file is not None:
        return problem
    return replace(problem, file=scenario.file, message=f"option {option!r}: {problem.message}")


def check_series(scenario: Scenario, jobs: Sequence[Job]) -> None:
    """See that every full series and every group asked for can be had in some option, before anything is simulated.

    Raises
    ------
    TwinError
        For every series that no option has, and every column that makes no groups or too many.
    """
    tables = {name for job in jobs for name in job.ready.city.tables}
    written = {quantity for job in jobs for quantity in job.written}
    with Problems(scenario.file) as problems:
        problems.found += group_problems([job.ready.city.buildings for job in jobs], scenario.groups)
        for level, quantities in scenario.series.items():
            if level not in tables and not level.startswith(GROUP):
                problems.add(f"record.series.{level}: no option has a {level}", suggestion=nearest(level, tables))
            for quantity in quantities:
                if not QUANTITIES[quantity].extensive and quantity not in written:
                    problems.add(f"record.series.{level}: nobody writes {quantity} in any option")


def check_needed_factors(scenario: Scenario, jobs: Sequence[Job]) -> None:
    """See that prices and emission factors of all that any option uses are stated, before anything is simulated.

    Raises
    ------
    TwinError
        For every factor that is needed and not stated.
    """
    with Problems(scenario.file) as problems:
        for factor in known_factors().values():
            section, key = factor.key.split(".")
            users = [job.ready.option.name for job in jobs if job.written.intersection(factor.needed_by)]
            if users and key not in scenario.resolved[section]:
                problems.add(
                    f"{factor.key} is missing, which option {users[0]!r} needs: {factor.meaning}",
                    expected=f'under [{section}]: {key} = {{ value = ..., unit = "{factor.unit}", source = "..." }}',
                )


def _join(city: City, simulators: Sequence[Simulator]) -> Graph:
    return Graph(simulators, {name: len(table) for name, table in city.tables.items()}, city.links)


def run_option(
    scenario: Scenario, job: Job, anywhere: Collection[str], folder: Folder | None, progress: Progress
) -> OptionResult:
    """Run one option, write it to the folder if there is one, and return its results."""
    option, city = job.ready.option, job.ready.city
    step_s = min(s.step_s for s in job.graph.simulators)
    axes = [TimeAxis(span.start, step_s, (span.end - span.start) // step_s) for span in scenario.spans]
    result = replace(account(job.ready), axes=axes)
    indicators = job.indicators(anywhere)
    with ExitStack() as stack:
        part = stack.enter_context(folder.option(option.slug)) if folder else None
        weights = [span.weight for span in scenario.spans]
        series = stack.enter_context(SeriesFile(part / "series.nc", axes, weights)) if part else None
        stack.enter_context(blaming(scenario.own))
        recorders = _run_spans(scenario, job, indicators, step_s, series, result, progress)
        groups = groups_of(city.buildings, scenario.groups)
        result.values = evaluate(option.name, indicators, recorders, city.tables, scenario.factors, groups)
        result.moments = moments(indicators, recorders)
        result.layers = _layers(city)
        if folder and part:
            folder.write_option(part, result, city)
            result.series = StoredSeries(folder.path / "options" / option.slug / "series.nc")
        else:
            for recorder in recorders.values():
                result.series = {**recorder.total_series(), **result.series}
    return result


def _run_spans(
    scenario: Scenario,
    job: Job,
    indicators: Sequence[Indicator],
    step_s: int,
    series: SeriesFile | None,
    result: OptionResult,
    progress: Progress,
) -> dict[str, Recorder]:
    """Run one option over every span of the scenario; return what was recorded, each span counted by its weight."""
    merged: dict[str, Recorder] = {}
    kept = _kept(scenario, job, indicators)
    done, length = 0, sum(span.end - span.start for span in scenario.spans)
    for span in scenario.spans:
        recorders = _recorders(kept, job.ready.city, step_s, span.start, series)
        coupling = Coupling(
            _join(job.ready.city, [*job.graph.simulators, *recorders.values()]), iteration=scenario.iteration
        )
        share = (span.end - span.start) / length
        before = done / length
        coupling.run(
            span.start - scenario.warm_up_s,
            span.end,
            seed=scenario.seed,
            cuts=[span.start],
            progress=partial(_report, progress, result.name, before, share),
            cyclic_from=span.start if scenario.typical else None,
        )
        done += span.end - span.start
        for name, seconds in coupling.seconds.items():
            result.seconds[name] = result.seconds.get(name, 0.0) + seconds
        for level, recorder in recorders.items():
            if level not in merged:
                merged[level] = recorder.empty()
            merged[level].merge(recorder, span.weight)
    return merged


def _report(
    progress: Progress, option: str, before: float, share: float, phase: str, done: float, total: float
) -> None:
    """Report how far an option has come, of which this span is a share."""
    progress(option, before + share * done / total, 1.0)


@dataclass(frozen=True)
class _Kept:
    """What is kept of one entity set: reductions, quantities whose full series is stored, and likewise by group."""

    streams: Sequence[Stream]
    full: Sequence[str]
    groups: Mapping[str, Groups]
    by_group: Mapping[str, Sequence[str]]


def _kept(scenario: Scenario, job: Job, indicators: Sequence[Indicator]) -> dict[str, _Kept]:
    """Return what is kept at every level at which indicators are reduced or full series asked for."""
    streams: dict[str, list[Stream]] = {level: [] for level in scenario.series if level in job.ready.city.tables}
    for indicator in indicators:
        if not indicator.column:
            streams.setdefault(indicator.level, []).extend(streams_of(indicator))
    groups = groups_of(job.ready.city.buildings, scenario.groups)
    by_group = {level: _offered(scenario.series.get(level, ()), job) for level in groups}
    if any(by_group.values()):
        streams.setdefault("building", [])
    return {
        level: _Kept(
            wanted,
            _offered(scenario.series.get(level, ()), job),
            groups if level == "building" else {},
            by_group if level == "building" else {},
        )
        for level, wanted in streams.items()
    }


def _offered(quantities: Sequence[str], job: Job) -> list[str]:
    """Return the quantities that this option has; what adds up is zero where nobody writes it."""
    return [q for q in quantities if QUANTITIES[q].extensive or q in job.written]


def _recorders(
    kept: Mapping[str, _Kept], city: City, step_s: int, count_from: int, series: SeriesFile | None
) -> dict[str, Recorder]:
    """Return one recorder per entity set."""
    recorders = {}
    for level, what in kept.items():
        weights = _weights(city).get(level, np.ones(len(city.table(level))))
        sink = series.write if series else None
        recorders[level] = Recorder(
            level, weights, step_s, what.streams, count_from, sink, what.full, what.groups, what.by_group
        )
        if series:
            series.add(level, city.table(level).ids.tolist(), what.full)
            for name, quantities in what.by_group.items():
                series.add(name, list(what.groups[name].labels), quantities)
            series.add_totals(recorders[level].quantities)
    return recorders


def _weights(city: City) -> dict[str, NDArray[np.float64]]:
    """Return the heated floor area behind each row, for tables where that is known."""
    if FLOOR_AREA not in city.buildings:
        return {}
    area = city.buildings[FLOOR_AREA]
    owner = city.surfaces["building"]
    own = {name: table[FLOOR_AREA] for name, table in city.tables.items() if FLOOR_AREA in table}
    return {**own, "surface": area[owner] / np.bincount(owner, minlength=len(area))[owner]}


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
