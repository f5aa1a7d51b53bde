"""Work on many chunks by several processes, which share what was made before they began."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

__all__ = ["available", "mapped"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_work: Callable[[Any], Any] | None = None  # what a forked process finds here it need not be sent


def available() -> int:
    """Return how many processes are worth starting: one where a process cannot be forked."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mapped(work: Callable[[_Item], _Result], items: Sequence[_Item], workers: int) -> Iterator[_Result]:
    """Yield ``work(item)`` of all items in order; what ``work`` holds need not be picklable, its results must be."""
    global _work
    if workers <= 1 or len(items) <= 1:
        yield from map(work, items)
        return
    _work = work
    try:
        with ProcessPoolExecutor(min(workers, len(items)), multiprocessing.get_context("fork")) as pool:
            with warnings.catch_warnings():  # the children call nothing that other threads could hold a lock of
                warnings.simplefilter("ignore", DeprecationWarning)
                results = pool.map(_call, items, chunksize=1)
            try:
                yield from results
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        _work = None


def _call(item: Any) -> Any:
    assert _work is not None
    return _work(item)
