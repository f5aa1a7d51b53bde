"""Look at files before they are used: what each one is, by its content, and what is wrong or doubtful in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from twin.city.check import Tolerances, check_city, city_format
from twin.city.check.report import finding
from twin.city.source import Source
from twin.errors import Problem, TwinError
from twin.progress import Progress, silent

__all__ = ["SCHEMA", "check_files"]

SCHEMA = "twin-check-1"
Finding = dict[str, Any]

_GRID_TABLES = ("branch.csv", "linecodes.csv", "ext_grid.csv", "ExternalNet.csv")
_GRID_SUFFIXES = (".m", ".dss")  # of scripts, which are known by their names alone
_TOML = re.compile(rb"^\s*(\[\[?[\w.\-\"' ]+\]\]?|[\w\-]+(\.[\w\-]+)*\s*=\s*\S)", re.MULTILINE)
_SERIES = re.compile(rb"^(\xef\xbb\xbf)?(#[^\n]*\n)*time[,;]")
_JSON = re.compile(rb"\s*[{\[]")
_PICKLE = re.compile(rb"\x80[\x01-\x05]|c(os|posix|builtins|__builtin__)\n")
_YAML = re.compile(rb"(%YAML|---\s|[\w\-\"']+:(\s|$)|\s*-\s)", re.MULTILINE)
_KNOWN = "a city (CityJSON, CityGML, .poly), weather (EPW, CSV), series (CSV), electric grid or scenario (TOML)"

# File formats that we can name but do not read, by their first bytes
_OTHERS = {
    b"\x93NUMPY": "a NumPy array file",
    b"OFF": "an OFF file",
    b"CDF": "a NetCDF file",
    b"\xfd7zXZ": "an XZ archive",
    b"BZh": "a BZIP2 archive",
    b"(\xb5/\xfd": "a Zstandard archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"glTF": "a glTF model",
}


def check_files(
    paths: Sequence[str | Path], tolerances: Tolerances | None = None, progress: Progress = silent
) -> dict[str, Any]:
    """Return what ``twin check --json`` prints: a status, the files with format and status, and all findings.

    A finding is ``{file, severity, code, object, place, message}``; codes are listed in docs/FINDINGS.md. An error is
    a file, reference or number that cannot be trusted; a warning is one object that is worked round. What we leave out
    of a sound file (notes of the readers) is no fault of the file: ``twin convert`` lists it.
    """
    files, findings = [], []
    for number, path in enumerate(paths):
        kind, found = _check(Path(path), tolerances or Tolerances())
        files.append({"file": str(path), "format": kind, "status": _status(found)})
        findings += [{"file": str(path), **one} for one in found if one["severity"] != "note"]
        progress("check", number + 1, len(paths))
    return {"schema": SCHEMA, "status": _status(findings), "files": files, "findings": findings}


def _status(findings: Sequence[Finding]) -> str:
    severities = {one["severity"] for one in findings}
    return next((severity for severity in ("error", "warning") if severity in severities), "ok")


def _check(path: Path, tolerances: Tolerances) -> tuple[str | None, list[Finding]]:
    """Return the format of a file, None if it is none that we read, and what is wrong with it."""
    folder = path if path.is_dir() else path.parent
    if any((folder / name).is_file() for name in _GRID_TABLES) and (path.is_dir() or path.suffix == ".csv"):
        return "grid", _guarded(path, "grid-invalid", lambda: _check_grid(folder))
    if path.is_dir() and _is_grid(path):
        return "grid", _guarded(path, "grid-invalid", lambda: _check_grid(path))
    try:
        source = Source(path)
        kind = _kind(source)
    except TwinError as error:
        return None, _errors(path, "901", error)
    if kind is None:
        return None, [
            finding(str(path), "904", f"this is {_guess(source)}, which twin does not read; expected {_KNOWN}")
        ]
    checks: dict[str, tuple[str, Callable[[], list[Finding]]]] = {
        "weather": ("weather-invalid", lambda: _check_weather(path)),
        "grid": ("grid-invalid", lambda: _check_grid(path)),
        "series": ("series-invalid", lambda: _check_series(path)),
        "scenario": ("scenario-invalid", lambda: _check_scenario(path)),
    }
    code, check = checks.get(kind, ("901", lambda: check_city(source, kind, tolerances)))
    return kind, _guarded(path, code, check)


def _guarded(path: Path, code: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except TwinError as error:
        return _errors(path, code, error)
    except OSError as error:
        return _errors(path, code, TwinError(Problem(f"cannot be read ({error.strerror or error})")))


def _errors(path: Path, code: str, error: TwinError) -> list[Finding]:
    """Return a finding per problem; a problem of another file, which this one names, keeps that file's name."""
    found = []
    for problem in error.problems:
        named = replace(problem, file=problem.file or path)
        own = str(path) in str(named)
        text = str(named) if own else f"{path}: {named}"
        found.append({**finding("", code, ""), "place": problem.place, "message": text})
    return found


def _kind(source: Source) -> str | None:
    head = source.head
    if source.mistaken_for() or head.startswith(tuple(_OTHERS)) or _PICKLE.match(head):
        return None
    if (kind := city_format(source)) is not None:
        return kind
    first = head.lstrip().partition(b"\n")[0].decode("utf-8", "replace").strip()
    if _is_weather(first):
        return "weather"
    if _SERIES.match(head):
        return "series"
    if (_JSON.match(head) or source.path.suffix in _GRID_SUFFIXES) and _is_grid(source.path):
        return "grid"
    is_text = b"\0" not in head and not _JSON.match(head)
    return "scenario" if is_text and (source.path.suffix == ".toml" or _looks_like_toml(head)) else None


def _is_weather(first_line: str) -> bool:
    from twin.weather.own import MAGIC
    from twin.weather.pvgis import looks_like_pvgis

    return first_line == MAGIC or first_line.upper().startswith("LOCATION,") or looks_like_pvgis(first_line)


def _looks_like_toml(head: bytes) -> bool:
    lines = [line for line in head.splitlines() if line.strip() and not line.lstrip().startswith(b"#")]
    return bool(lines) and _TOML.match(lines[0]) is not None


def _guess(source: Source) -> str:
    """Say in words what a file that we do not read seems to be."""
    head = source.head
    if mistaken := source.mistaken_for():
        return mistaken
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            return what
    if _PICKLE.match(head):
        return "a Python pickle, which can run any program when it is opened"
    if _JSON.match(head):
        return "JSON that is no CityJSON"
    if b"\0" in head:
        return "a binary file of unknown kind"
    if source.path.suffix in (".yaml", ".yml") or _YAML.match(head):
        return "a YAML file, whose tags and aliases are not followed"
    if any(mark in head.partition(b"\n")[0] for mark in (b",", b";", b"\t")):
        return "a table of text (CSV) that is neither weather nor a series"
    return f"a file of unknown kind that starts with {head[:12]!r}"


def _is_grid(path: Path) -> bool:
    from twin.grid.files import grid_format

    return grid_format(path) is not None


def _check_grid(path: Path) -> list[Finding]:
    from twin.grid.files import look_at_grid

    return [finding(str(path), code, problem.message, place=problem.place) for code, problem in look_at_grid(path)]


def _check_weather(path: Path) -> list[Finding]:
    from twin.ledger import Ledger
    from twin.weather.files import read_weather

    ledger = Ledger()
    read_weather(path, ledger)
    # What is doubted but used as it stands is for the ledger of a run; here is what had to be worked round.
    rules = (*ledger.assumptions, *(rule for rule in ledger.statements if not rule.text.startswith("doubt")))
    return [finding(str(path), "weather-doubtful", f"{rule.text} ({rule.reference})") for rule in rules]


def _check_series(path: Path) -> list[Finding]:
    from twin.scenario.series_file import columns_of_series, read_series

    for column in columns_of_series(path):
        read_series(path, column, utc_offset_s=0)  # whose clock it is, the scenario says
    return []


def _check_scenario(path: Path) -> list[Finding]:
    from twin.ledger import Ledger
    from twin.scenario.prepare import harmonized
    from twin.scenario.read import read_scenario

    harmonized(read_scenario(path, allow_code=None), Ledger())
    return []
