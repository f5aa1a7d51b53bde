"""Validation as a page of Markdown: every suite's figures beside what they are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twin.errors import Problem, Problems, TwinError
from twin.progress import Progress, silent
from twin.registry import wings
from twin.validation.suites import validate

__all__ = ["document", "requested", "section"]

_HEAD = """# Validation

Our kernels against published references. This page is written by a command; do not edit it:

    {command}

A row passes if our figure lies within its limits: those of acceptance (`basis` acceptance) where the reference has any,
else the least and greatest result of the programs compared (`basis` range). The physics of BESTEST was chosen with the
references in view (what the sun does within an hour, how panes and rooms exchange heat), so this shows how close the
kernels come, not how well they would have been guessed; numbers were not fitted.
"""
_PATHS = ("cases", "ranges", "weather", "scene", "out")


def requested(words: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the suites to run and what they are to work on.

    Parameters
    ----------
    words
        One per run: ``SUITE`` or ``SUITE:KEY=VALUE,KEY=VALUE``; every suite with its own files if there are none.

    Raises
    ------
    TwinError
        If a word has another form.
    """
    if not words:
        return [(suite.name, {}) for wing in wings() for suite in wing.suites]
    found = []
    with Problems() as problems:
        for word in words:
            name, _, rest = word.partition(":")
            pairs = [pair.partition("=") for pair in rest.split(",")] if rest else []
            if any(not (key and equals and value) for key, equals, value in pairs):
                problems.add(f"{word!r} is no run of a suite", expected="SUITE or SUITE:KEY=VALUE,KEY=VALUE")
            found.append((name, {key: Path(value) if key in _PATHS else value for key, _, value in pairs}))
    return found


def document(words: Sequence[str], progress: Progress = silent) -> str:
    """Return the page for some runs, see `requested`; of files it holds the names alone.

    Raises
    ------
    TwinError
        If a suite does not run, or no row comes out of any.
    """
    runs = requested(words)
    parts = [section(validate(name, stated, progress), stated) for name, stated in runs]
    if not parts:
        raise TwinError(Problem("no wing has a suite"))
    shown = " ".join(["python -m twin.validation", *(_shown(name, stated) for name, stated in runs)])
    return "\n".join([_HEAD.format(command=f"{shown} > docs/VALIDATION.md"), *parts])


def _shown(name: str, stated: Mapping[str, Any]) -> str:
    """Return a run as one would ask for it, files by their names."""
    pairs = ",".join(f"{key}={value.name if isinstance(value, Path) else value}" for key, value in stated.items())
    return f"{name}:{pairs}" if pairs else name


def section(found: Mapping[str, Any], stated: Mapping[str, Any]) -> str:
    """Return what a suite found, `twin.validation.suites.validate`, as a section with a table of its judged rows.

    Rows that were skipped are listed below it with the reason.
    """
    meanings = {suite.name: suite.meaning for wing in wings() for suite in wing.suites}
    lines = [f"## {_shown(found['suite'], stated)}", "", _sentence(meanings.get(found["suite"], "")), ""]
    lines += [f"{found['n_pass']} pass, {found['n_fail']} fail, {found['n_skipped']} skipped.", ""]
    judged = [row for row in found["rows"] if row["pass"] is not None]
    names = [name for name in (judged[0] if judged else {}) if name not in ("pass", "note")]
    names = [name for name in names if any(row.get(name) not in (None, "") for row in judged)]
    if judged:
        lines += _table([*names, "pass"], [[*(_cell(row.get(n)) for n in names), _verdict(row)] for row in judged])
    skipped = sorted({(str(row["case"]), str(row.get("note", ""))) for row in found["rows"] if row["pass"] is None})
    if skipped:
        lines += ["Skipped:", "", *(f"- {case}: {note}" if note else f"- {case}" for case, note in skipped), ""]
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [*("| " + " | ".join(cells) + " |" for cells in lines), ""]


def _verdict(row: Mapping[str, Any]) -> str:
    return "yes" if row["pass"] else "**no**"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")
