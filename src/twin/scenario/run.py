"""Running a scenario: every option through the engine, and its results into the folder."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from twin.progress import Progress, silent
from twin.results.model import OptionResult, Results
from twin.results.provenance import environment, file_hashes, run_id
from twin.results.store import Folder, read_option, read_results
from twin.scenario.judge import judge
from twin.scenario.option import Job, check_needed_factors, check_series, make_job, run_option
from twin.scenario.plan import Scenario
from twin.scenario.prepare import prepare
from twin.scenario.read import read_scenario

__all__ = ["run"]


def run(
    scenario: Scenario | str | Path,
    output: str | Path | None = None,
    options: Sequence[str] = (),
    overwrite: bool = False,
    progress: Progress = silent,
    allow_code: bool = False,
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
    allow_code
        Whether Python files that a scenario's file names as simulators may be run; asked when that file is read.

    Raises
    ------
    TwinError
        For everything that is wrong with the scenario or its files, before anything is simulated or written.
    """
    if not isinstance(scenario, Scenario):
        scenario = read_scenario(scenario, allow_code=allow_code)
    wanted = [scenario.option(name) for name in options] or list(scenario.options)
    hashes = file_hashes(scenario.files)
    identity = run_id({**scenario.resolved, "wanted": [option.slug for option in wanted]}, hashes)
    folder = Folder(output, identity) if output is not None else None
    if folder and folder.complete:
        return replace(read_results(folder.path), complete_before=True)
    progress("read", 0, 1)
    jobs = [make_job(scenario, ready) for ready in prepare(scenario, wanted)]
    check_series(scenario, jobs)
    check_needed_factors(scenario, jobs)
    progress("read", 1, 1)
    anywhere = set().union(*(job.written for job in jobs))
    results = Results(scenario.title, identity, [], _described(jobs, anywhere), picture=scenario.picture)
    begun = time.perf_counter()
    with ExitStack() as stack:
        # Many small products: more threads would wait for each other, and their number would change the last digits.
        stack.enter_context(threadpool_limits(1, user_api="blas"))
        if folder:
            stack.enter_context(folder.locked(overwrite))
            folder.write_scenario(scenario.resolved)
            results.folder = folder.path
        for job in jobs:
            results.options.append(_read_or_run(scenario, job, anywhere, folder, progress))
        results.indicators += judge(scenario, jobs[0].declared, results.options)
        if folder:
            seconds = time.perf_counter() - begun
            folder.finish(results, {"inputs": hashes, "seconds": seconds, "environment": environment()})
    return results


def _read_or_run(
    scenario: Scenario, job: Job, anywhere: Collection[str], folder: Folder | None, progress: Progress
) -> OptionResult:
    """Return an option's results: read where the folder holds them already, else simulated."""
    slug = job.ready.option.slug
    if folder and slug in folder.finished_options():
        return read_option(folder.path / "options" / slug)
    return run_option(scenario, job, anywhere, folder, progress)


def _described(jobs: Sequence[Job], anywhere: Collection[str]) -> list[Mapping[str, Any]]:
    """Describe the indicators that mean something in at least one option, in the order in which they are declared."""
    used = {indicator.id for job in jobs for indicator in job.indicators(anywhere)}
    shown = ("id", "title", "unit", "direction", "level", "headline", "standard")
    every = [asdict(indicator) for indicator in jobs[0].declared]
    return [{key: i[key] for key in shown} for i in every if i["id"] in used]
