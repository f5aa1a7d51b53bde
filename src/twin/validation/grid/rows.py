"""Rows of the suite: how far we are from a reference at worst, and whether that is allowed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Row", "compared", "failed", "skipped"]

Row = dict[str, Any]


def compared(case: str, quantity: str, off: ArrayLike, tolerance: float, unit: str, note: str = "") -> Row:
    """Return the row for the distances ``off`` to a reference, any shape; the largest counts.

    A distance that is no number fails. Nothing to compare is skipped.
    """
    distances = np.abs(np.asarray(off, dtype=np.float64))
    if not distances.size:
        return skipped(case, quantity, note or "the reference states none")
    worst = float(distances.max())
    if not np.isfinite(worst):
        return failed(case, quantity, note or "no number came out", tolerance, unit)
    return _row(case, quantity, worst, tolerance, unit, worst <= tolerance, note)


def failed(case: str, quantity: str, note: str, tolerance: float | None = None, unit: str = "") -> Row:
    """Return the row for what could not be held against anything, with the reason."""
    return _row(case, quantity, None, tolerance, unit, False, note)


def skipped(case: str, quantity: str, note: str) -> Row:
    """Return the row for what was not compared, with the reason."""
    return _row(case, quantity, None, None, "", None, note)


def _row(
    case: str, quantity: str, worst: float | None, tolerance: float | None, unit: str, good: bool | None, note: str
) -> Row:
    return {
        "case": case,
        "quantity": quantity,
        "worst": worst,
        "tolerance": tolerance,
        "unit": unit,
        "pass": good,
        "note": note,
    }
