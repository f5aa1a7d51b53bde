"""``twin validate grid``: power flow against closed forms and published and independently solved networks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from twin.errors import Problem, TwinError
from twin.grid.files import GridCase, grid_format, read_grid
from twin.progress import Progress, silent
from twin.validation.grid.minutes import MINUTES
from twin.validation.grid.references import read_json
from twin.validation.grid.rows import Row, failed, skipped
from twin.validation.grid.snapshot import SNAPSHOT, Compare
from twin.validation.grid.study import Study
from twin.validation.grid.tolerances import FILE, read_tolerances
from twin.validation.grid.year import YEAR, with_profiles

__all__ = ["run"]

_ABOUT = ("network.json", "case.json")
_Q_LIMITS = "enforce_q_lims"
_BY_TOOL = re.compile(r"pandapower|runpp|matpower|runpf", re.IGNORECASE)
_SAID = re.compile(r"enforce_q_lims(?P<no>\W+(false|0|off))?", re.IGNORECASE)

_OWN = Path(__file__).resolve().parents[4] / "tests" / "cases" / "grid"

# One case in which a reader or the solver fails must not take the others with it
_FAILURES = (TwinError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def run(cases: Path | None = None, progress: Progress = silent) -> list[dict[str, Any]]:
    """Solve every case and hold it against its references.

    Parameters
    ----------
    cases
        Folder of case folders, or one case folder; the checkout's own if left out.

    Returns
    -------
    list
        ``case, quantity, worst, tolerance, unit, pass, note``. A case that cannot be read or solved, and a reference
        that is not in order, gives a row that fails, with the reason; a reference file that we do not know one that is
        skipped. Tolerances are those of `twin.validation.grid.tolerances`.

    Raises
    ------
    TwinError
        If there is no such folder, or no case in it.
    """
    folders = _case_folders(_OWN if cases is None else cases, stated=cases is not None)
    rows: list[Row] = []
    for number, folder in enumerate(folders):
        progress(f"grid: {folder.name}", number, len(folders))
        rows += _case_rows(folder)
    progress("grid", len(folders), len(folders))
    return rows


def _case_folders(root: Path, stated: bool) -> list[Path]:
    if not root.is_dir():
        suggestion = None if stated else "--cases DIR"
        raise TwinError(Problem("there is no such folder", root, expected="a folder of cases", suggestion=suggestion))
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if grid_format(root) or (not folders and any(path.suffix in (".csv", ".json") for path in root.iterdir())):
        return [root]
    if not folders:
        raise TwinError(Problem("holds no case", root, expected="a folder for each case"))
    return folders


def _case_rows(folder: Path) -> list[Row]:
    """Return all rows of a case; whatever is wrong with it is a row, too."""
    case, (allowed, problems) = folder.name, read_tolerances(folder)
    rows = [skipped(case, FILE, str(problem)) for problem in problems]
    files = sorted(path for path in folder.iterdir() if path.is_file())
    try:
        read = read_grid(folder)
        within_limits = _within_limits(folder)
        study = Study(read, within_limits)
    except _FAILURES as error:
        return [*rows, failed(case, "power flow", _reason(error))]
    for path in files:
        compare = _comparison(path)
        if compare:
            rows += _guarded(compare, case, path, study, allowed)
        elif path.name.startswith(("ref_", "published_")) and path.name not in YEAR:
            rows.append(skipped(case, path.name, "a reference that this suite does not know"))
    of_year = [path for path in files if path.name in YEAR]
    rows += _year_rows(case, folder, partial(Study, within_limits=within_limits), read, of_year, allowed)
    return rows or [skipped(case, "all", "there is no reference in the folder")]


def _comparison(path: Path) -> Compare | None:
    """Return how a file with references for one study of the case is compared; None if it is no such file."""
    by_pattern = (compare for pattern, compare in MINUTES.items() if pattern.fullmatch(path.name))
    return SNAPSHOT.get(path.name) or next(by_pattern, None)


def _within_limits(folder: Path) -> bool:
    """Return whether references keep generators within the limits of their reactive power.

    As ``enforce_q_lims`` in the file about the case says; else they do, unless the file names settings of pandapower or
    MATPOWER without it, which leave limits out then.
    """
    for name in _ABOUT:
        about = read_json(folder / name)
        if isinstance(about.get(_Q_LIMITS), bool):
            return bool(about[_Q_LIMITS])
        reference = about.get("reference")
        if isinstance(reference, str) and _BY_TOOL.search(reference):
            said = _SAID.search(reference)
            return said is not None and said["no"] is None
    return True


def _year_rows(
    case: str,
    folder: Path,
    make: Callable[[GridCase], Study],
    read: GridCase,
    references: list[Path],
    allowed: Mapping[str, float],
) -> list[Row]:
    if not references:
        return []
    try:
        study = make(with_profiles(read, folder))
    except _FAILURES as error:
        return [failed(case, "power flow of the year", _reason(error))]
    return [row for path in references for row in _guarded(YEAR[path.name], case, path, study, allowed)]


def _guarded(compare: Compare, case: str, path: Path, study: Study, allowed: Mapping[str, float]) -> Iterator[Row]:
    """Yield the rows of a comparison, and a failed one where it cannot go on."""
    try:
        yield from compare(case, path, study, allowed)
    except _FAILURES as error:
        yield failed(case, path.name, _reason(error))


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, TwinError) else f"the program failed: {type(error).__name__}: {error}"
