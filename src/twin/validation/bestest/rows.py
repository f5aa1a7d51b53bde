"""Tables of reference ranges, and rows that hold what we find against them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import Problem, Problems, TwinError

__all__ = ["Range", "read_ranges", "row"]

_TEXTS = ("case", "quantity", "unit")
_NUMBERS = ("ref_min", "ref_max", "accept_low", "accept_high")


@dataclass(frozen=True)
class Range:
    """What other programs found for a quantity of a case, and the limits of acceptance where there are any."""

    case: str
    quantity: str
    unit: str
    ref_min: float | None
    ref_max: float | None
    accept_low: float | None
    accept_high: float | None

    @property
    def limits(self) -> tuple[float | None, float | None, str]:
        """Lower and upper limit, and what they are: ``acceptance``, else ``range``."""
        if self.accept_low is not None and self.accept_high is not None:
            return self.accept_low, self.accept_high, "acceptance"
        return self.ref_min, self.ref_max, "range"


def read_ranges(path: Path) -> list[Range]:
    """Read a CSV of ranges: case, quantity, unit, ref_min, ref_max, accept_low, accept_high, and more that is not read.

    Raises
    ------
    TwinError
        With all problems: a column that is missing, what is no number, limits the wrong way round.
    """
    problems = Problems(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in (*_TEXTS, *_NUMBERS) if name not in (reader.fieldnames or ())]
        if missing:
            raise TwinError(Problem(f"the columns {', '.join(missing)} are missing", path, "1", "a table of ranges"))
        found = [_range(line, reader.line_num, problems) for line in reader]
    problems.raise_if_any()
    return found


def _range(line: Mapping[str, Any], number: int, problems: Problems) -> Range:
    case, quantity, unit = (str(line[name] or "").strip() for name in _TEXTS)
    values = [_number(line[name], name, number, problems) for name in _NUMBERS]
    for (low, high), names in zip((values[:2], values[2:]), (_NUMBERS[:2], _NUMBERS[2:]), strict=True):
        if low is not None and high is not None and low > high:
            problems.add(f"{names[0]} {low:g} is above {names[1]} {high:g}", str(number))
    return Range(case, quantity, unit, *values)


def _number(text: str | None, name: str, number: int, problems: Problems) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        problems.add(f"{name} is {text!r}", str(number), "a number, or nothing")
        return None


def row(limits: Range, found: Mapping[str, float], note: str = "") -> dict[str, Any]:
    """Return what a suite says of one quantity; ``pass`` is None where there is nothing of ours, or no limit."""
    low, high, basis = limits.limits
    ours = found.get(limits.quantity)
    verdict = None if ours is None or low is None or high is None else bool(low <= ours <= high)
    return {
        "case": limits.case,
        "quantity": limits.quantity,
        "unit": limits.unit,
        "ours": None if ours is None else float(ours),
        "ref_min": limits.ref_min,
        "ref_max": limits.ref_max,
        "accept_low": limits.accept_low,
        "accept_high": limits.accept_high,
        "basis": basis,
        "pass": verdict,
        "note": note or ("" if found.get(limits.quantity) is not None else _why_none(limits, found)),
    }


def _why_none(limits: Range, found: Iterable[str]) -> str:
    return f"{limits.quantity} is not worked out for this case" if list(found) else "no such case in the file"
