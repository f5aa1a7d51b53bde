"""How library code says how far it is: it reports, and only the command line draws."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "silent"]


class Progress(Protocol):
    """Called with the phase, how much of it is done, and how much there is."""

    def __call__(self, phase: str, done: float, total: float) -> None: ...


def silent(phase: str, done: float, total: float) -> None:
    """Report nothing."""
