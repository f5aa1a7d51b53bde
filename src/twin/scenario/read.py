"""Reading a scenario file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from twin.engine.loop import Iteration
from twin.engine.time import parse_duration
from twin.errors import Problem, Problems, TwinError, nearest
from twin.ledger import Ledger
from twin.registry import Section, resolve, wings
from twin.scenario.catalogues import catalogue_files, find_catalogues
from twin.scenario.check import (
    check_factors,
    check_names,
    check_options,
    columns_of,
    find_files,
    option_tables,
    parse_where,
    schema_problems,
)
from twin.scenario.groups import grouping_columns
from twin.scenario.inputs import read_inputs
from twin.scenario.own import check_own
from twin.scenario.period import civil_time, period_problems, spans_of
from twin.scenario.plan import MeasureCall, OptionPlan, OwnSimulator, Scenario, slug
from twin.scenario.schema import measure_specs, riders, scenario_model
from twin.scenario.signals import factors_of, signals_of
from twin.scenario.toml import Document, read_toml

__all__ = ["read_scenario"]


def read_scenario(path: str | Path, root: str | Path | None = None, allow_code: bool | None = False) -> Scenario:
    """Read and check a scenario file.

    Parameters
    ----------
    root
        Folder that the files it names must lie in; by default the parent of the scenario's own folder.
    allow_code
        Whether Python files that it names as simulators may be run; if not, naming one is an error. None only looks at
        the scenario: it runs no code and does not complain.

    Raises
    ------
    TwinError
        With every problem of the file at once, each with its line.
    """
    document = read_toml(Path(path))
    problems = Problems(document.file)
    try:
        checked = scenario_model().model_validate(document.data)
    except ValidationError as error:
        problems.found += schema_problems(error, document)
        checked = None
    top = Path(root).resolve() if root else document.file.resolve().parent.parent
    files = find_files(document, top, problems)
    check_options(document, problems)
    check_own(document, files, [str(o.get("name")) for o in option_tables(document)], allow_code, problems)
    check_factors(document, problems)
    check_names(document, allow_code, problems)
    catalogues = find_catalogues(document, top, problems)
    calls = _measure_calls(document, checked, problems)
    if checked is not None:
        period_problems(checked.period, problems, document.line(("period", "typical")))
    if problems.found:
        _add_problems_of_files(files, problems)
        raise TwinError(*sorted(problems.found, key=_in_reading_order))
    assert checked is not None
    return _assemble(document, checked, {**files, **catalogue_files(catalogues)}, catalogues, calls)


def _add_problems_of_files(files: Mapping[str, Path], problems: Problems) -> None:
    """Look into the files as well, so that a user with a wrong scenario hears of everything at once."""
    try:
        read_inputs(files, {}, Ledger())
    except TwinError as error:
        problems.found += error.problems


def _in_reading_order(problem: Problem) -> tuple[str, int]:
    line = (problem.place or "").partition(":")[0]
    return str(problem.file), int(line) if line.isdigit() else 0


def _assemble(
    document: Document,
    checked: Any,
    files: Mapping[str, Path],
    catalogues: Mapping[str, str],
    calls: Mapping[tuple[int, int], MeasureCall],
) -> Scenario:
    period, model = checked.period, checked.model
    spans = spans_of(period, model.timezone)
    warm_up_s = parse_duration(period.warm_up)
    first, last = min(span.start for span in spans) - warm_up_s, max(span.end for span in spans)
    years = range(datetime.fromtimestamp(first, UTC).year, datetime.fromtimestamp(last, UTC).year + 1)
    civil = civil_time(model.timezone, model.holidays, years)
    options = tuple(
        OptionPlan(
            option.name,
            slug(option.name),
            option.base,
            option.against,
            option.description,
            tuple(calls[i, k] for k in range(len(option.measure))),
        )
        for i, option in enumerate(checked.option)
    )
    return Scenario(
        file=document.file,
        title=checked.title,
        seed=checked.seed,
        files=files,
        catalogues=catalogues,
        settings={
            section.found_as: _settings(section, checked, files) for wing in wings() for section in wing.sections
        },
        civil=civil,
        lod=model.lod,
        crs=model.crs,
        spans=spans,
        step_s=parse_duration(period.step),
        warm_up_s=warm_up_s,
        steps={name: parse_duration(text) for name, text in checked.steps.items()},
        factors=factors_of(checked),
        signals=signals_of(checked, files, civil, first, last),
        iteration=_iteration(checked.coupling),
        own=tuple(
            OwnSimulator(
                files[f"simulator.{k}"],
                item.params,
                None if item.options is None else tuple(item.options),
                document.line(("simulator", k)),
            )
            for k, item in enumerate(checked.simulator)
        ),
        series=checked.record.series,
        groups=grouping_columns(checked.record.groups, checked.record.series),
        picture=checked.picture,
        options=options,
        resolved=checked.model_dump(mode="python", exclude_none=True),
    )


def _settings(section: Section, checked: Any, files: Mapping[str, Path]) -> Any:
    """Return the settings of a section, in which files are named by their absolute paths."""
    stated = getattr(checked, section.key)
    named = {field: files[key] for field in section.files if (key := f"{section.key}.{field}") in files}
    return stated.model_copy(update={field: path.as_posix() for field, path in named.items()})


def _iteration(settings: Any) -> Iteration | None:
    return Iteration(settings.iterations, settings.tolerance) if settings.iterations > 1 else None


def _measure_calls(document: Document, checked: Any, problems: Problems) -> dict[tuple[int, int], MeasureCall]:
    """Check every ``where`` and ``share_of``; the calls are whole only if the file passed the schema."""
    calls = {}
    for i, option in enumerate(option_tables(document)):
        measures = option.get("measure")
        for k, raw in enumerate(measures if isinstance(measures, list) else []):
            spec = measure_specs().get(str(raw.get("kind"))) if isinstance(raw, dict) else None
            if spec is None:
                continue
            path = ("option", i, "measure", k)
            columns = columns_of(spec.table)
            where = parse_where(raw.get("where") if spec.selects else None, columns, document, path, problems)
            share_of = raw.get("share_of")
            if isinstance(share_of, str) and (
                share_of not in columns or columns[share_of].kind not in ("float", "int")
            ):
                line = document.line((*path, "share_of"))
                problems.add(
                    f"share_of = {share_of!r} is no number of a {spec.table}",
                    line,
                    suggestion=nearest(share_of, columns),
                )
            if checked is not None:
                params = checked.option[i].measure[k]
                share, share_of = (params.share, params.share_of) if spec.selects else (1.0, None)
                calls[i, k] = MeasureCall(spec, params, where, share, share_of, document.line(path))
                _check_riders(calls[i, k], document, path, problems)
    return calls


def _check_riders(call: MeasureCall, document: Document, path: tuple[str | int, ...], problems: Problems) -> None:
    """Check what a measure carries beside its own parameters."""
    for rider in riders():
        for n, entry in enumerate(getattr(call.params, rider.key)):
            name = f"option[{int(path[1]) + 1}].measure[{int(path[3]) + 1}].{rider.key}[{n + 1}]"
            for field, problem in resolve(rider.check)(entry, call.spec, columns_of):
                line = document.line((*path, rider.key, n, field))
                problems.add(f"{name}: {problem.message}", line, problem.expected, problem.suggestion)
