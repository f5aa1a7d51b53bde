"""Errors a user can act on: every problem of a file at once, each with its place and what was expected.

TwinError          anything a user can mend: bad input, an impossible scenario
Problem            one finding: file, place, message, expected, suggestion
Problems           a collector that raises one TwinError for all of them
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Problem", "Problems", "TwinError", "nearest"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    message
        What was found, in one sentence.
    file
        The file it was found in.
    place
        Where in the file: ``"12"`` or ``"12:4"`` (line and column), a JSON pointer, an object's id, a table row.
    expected
        What would have been right.
    suggestion
        The nearest right spelling, for "did you mean".
    """

    message: str
    file: str | Path | None = None
    place: str | None = None
    expected: str | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.place) if part is not None)
        text = f"{where}: {self.message}" if where else self.message
        if self.expected:
            text += f"; expected {self.expected}"
        if self.suggestion:
            text += f"; did you mean {self.suggestion!r}?"
        return text


class TwinError(Exception):
    """A mistake in what the user gave; carries every problem found, never just the first."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(Problem(p) if isinstance(p, str) else p for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class Problems:
    """Collect problems while checking, raise them together.

    Use as a context manager: leaving the block raises one `TwinError` if anything was added.
    A `TwinError` raised inside the block joins the others.
    """

    def __init__(self, file: str | Path | None = None) -> None:
        self.file = file
        self.found: list[Problem] = []

    def add(
        self,
        message: str,
        place: str | None = None,
        expected: str | None = None,
        suggestion: str | None = None,
        file: str | Path | None = None,
    ) -> None:
        """Note one problem; ``file`` defaults to the collector's own."""
        self.found.append(Problem(message, file or self.file, place, expected, suggestion))

    def raise_if_any(self) -> None:
        """Raise one `TwinError` holding everything noted so far, each problem once."""
        if self.found:
            raise TwinError(*dict.fromkeys(self.found))

    def __enter__(self) -> Problems:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TwinError):
            raise TwinError(*dict.fromkeys([*self.found, *error.problems])) from error
        if error is None:
            self.raise_if_any()


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word closest to ``word``, or None when nothing is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None
