"""Our kernels against published references: ``twin validate``."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from threadpoolctl import threadpool_limits

from twin.errors import Problem, Problems, TwinError, nearest
from twin.progress import Progress, silent
from twin.registry import Suite, resolve, wings

__all__ = ["validate"]


def validate(name: str, stated: Mapping[str, Any], progress: Progress = silent) -> dict[str, Any]:
    """Run a suite of validation cases.

    Parameters
    ----------
    stated
        What the suite is to work on (``cases``, ``weather`` ...), as far as somebody said so.

    Returns
    -------
    dict
        ``suite, rows, n_pass, n_fail, n_skipped``.

    Raises
    ------
    TwinError
        If there is no such suite, it does not take something stated, or a file is not in order.
    """
    suites: dict[str, Suite] = {suite.name: suite for wing in wings() for suite in wing.suites}
    if name not in suites:
        expected, suggestion = "one of " + ", ".join(suites), nearest(name, suites)
        raise TwinError(Problem(f"there is no suite {name!r}", expected=expected, suggestion=suggestion))
    run = resolve(suites[name].run)
    known = inspect.signature(run).parameters
    with Problems() as problems:
        for key in stated:
            if key not in known:
                problems.add(f"--{key} means nothing to the suite {name}")
    with threadpool_limits(1, user_api="blas"):
        rows = run(**stated, **({"progress": progress} if "progress" in known else {}))
    verdicts = [row["pass"] for row in rows]
    return {
        "suite": name,
        "rows": rows,
        "n_pass": sum(v is True for v in verdicts),
        "n_fail": sum(v is False for v in verdicts),
        "n_skipped": sum(v is None for v in verdicts),
    }
