"""OpenDSS scripts as commands: comments, quotes, continuation and other files resolved, every word with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError
from twin.grid.formats.opendss_elements import Place

__all__ = ["Command", "Value", "read_script"]

_QUOTES = {'"': '"', "'": "'", "(": ")", "[": "]", "{": "}"}
_SPACE = " \t,"
_MOST_FILES = 1000
_LARGEST = 1e15  # of any number in its unit
_BINARY = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power}
_UNARY = {"sqrt": np.sqrt, "sqr": np.square, "inv": np.reciprocal, "ln": np.log, "exp": np.exp, "log10": np.log10}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([ed][+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Value:
    """What stands behind a name's equals sign, without its quotes."""

    text: str
    place: Place
    folder: Path

    @property
    def word(self) -> str:
        """Text in lower case: names and words have no case."""
        return self.text.strip().lower()

    def words(self) -> list[str]:
        """Return the entries of an array of words."""
        return [word for word in re.split(r"[\s,|]+", self.word) if word]

    def number(self) -> float:
        """Return a number, or the result of one in reverse Polish notation such as ``8 1000 /``.

        Raises
        ------
        ValueError
            If it is none.
        """
        stack: list[float] = []
        for word in self.words():
            try:
                if word in _BINARY:
                    behind, before = stack.pop(), stack.pop()
                    stack.append(float(_BINARY[word](before, behind)))
                elif word in _UNARY:
                    stack.append(float(_UNARY[word](stack.pop())))
                else:
                    stack.append(_number(word))
            except IndexError:
                raise ValueError(self.text) from None
        if len(stack) != 1 or not abs(stack[0]) < _LARGEST:
            raise ValueError(self.text)
        return stack[0]

    def numbers(self) -> NDArray[np.float64]:
        """Return the entries of an array of numbers.

        Raises
        ------
        ValueError
            If one of them is none.
        """
        return np.array([_number(word) for word in self.words()], dtype=np.float64)

    def matrix(self, n: int) -> NDArray[np.float64]:
        """Return a symmetric matrix given by its rows or by their lower triangle, rows parted by ``|``.

        Raises
        ------
        ValueError
            If it has other rows, or is not symmetric.
        """
        rows = [[_number(word) for word in re.split(r"[\s,]+", row.strip()) if word] for row in self.word.split("|")]
        lengths = [len(row) for row in rows]
        matrix = np.zeros((n, n))
        if lengths == [n] * n:
            matrix[:] = rows
        elif lengths == list(range(1, n + 1)):
            for k, row in enumerate(rows):
                matrix[k, : k + 1] = matrix[: k + 1, k] = row
        else:
            raise ValueError(self.text)
        if not np.allclose(matrix, matrix.T):
            raise ValueError(self.text)
        return matrix

    def path(self) -> Path:
        """Return the file that it names, beside the script it stands in; where there is none, one of other case."""
        path = self.folder / self.text.strip().replace("\\", "/")
        if path.exists() or not path.parent.is_dir():
            return path
        alike = [other for other in path.parent.iterdir() if other.name.lower() == path.name.lower()]
        return min(alike, default=path)


def _number(word: str) -> float:
    number = float(word.lower().replace("d", "e")) if _NUMBER.fullmatch(word) else np.nan
    if not abs(number) < _LARGEST:
        raise ValueError(word)
    return number


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its first word, and what follows by name (None where a value has none)."""

    verb: str
    place: Place
    parameters: tuple[tuple[str | None, Value], ...]


def read_script(path: Path, problems: Problems) -> Iterator[Command]:
    """Yield the commands of a script and of the scripts that it calls, in their order.

    Lines that cannot be understood are added to ``problems``.

    Raises
    ------
    TwinError
        If a script cannot be read or calls itself, or if there are too many of them.
    """
    yield from _commands(path, problems, (), [])


def _commands(path: Path, problems: Problems, callers: tuple[Place, ...], opened: list[Path]) -> Iterator[Command]:
    opened.append(path)
    for place, line in _lines(path, callers, len(opened)):
        try:
            words = list(_words(line, place, path.parent))
        except ValueError as error:
            problems.add(str(error), place.where, file=place.file)
            continue
        (name, first), *rest = words
        verb = first.word if name is None else ""
        if verb not in ("redirect", "compile"):
            yield Command(verb, place, tuple(words if name is not None else rest))
        elif rest:
            yield from _commands(rest[0][1].path(), problems, (*callers, place), opened)
        else:
            problems.add(f"{verb} names no file", place.where, file=place.file)


def _lines(path: Path, callers: tuple[Place, ...], count: int) -> Iterator[tuple[Place, str]]:
    """Yield the lines of a file that hold something, without whole-line and block comments."""
    called = f"called in {callers[-1].file}:{callers[-1].where}, " if callers else ""
    if any(path.resolve() == caller.file.resolve() for caller in callers):
        raise TwinError(Problem(f"{called}calls itself", file=path))
    if count > _MOST_FILES:
        raise TwinError(Problem(f"{called}is one of more than {_MOST_FILES} scripts", file=path))
    try:
        if path.exists() and not path.is_file():
            raise TwinError(Problem(f"{called}is no file", file=path))
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise TwinError(Problem(f"{called}cannot be read: {error.strerror or error}", file=path)) from None
    within = False
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        within = within or stripped.startswith("/*")
        if not within and stripped.strip(_SPACE) and not stripped.startswith(("!", "//")):
            yield Place(path, str(number)), stripped
        within = within and "*/" not in stripped


def _words(line: str, place: Place, folder: Path) -> Iterator[tuple[str | None, Value]]:
    """Yield name and value of every word of a line; ``~`` and ``?`` are words by themselves.

    Raises
    ------
    ValueError
        If a quote is not closed, or a name has no value.
    """
    at = 0
    if line[0] in "~?":
        yield None, Value(line[0], place, folder)
        at = 1
    name: str | None = None
    while True:
        while at < len(line) and line[at] in _SPACE:
            at += 1
        if at >= len(line) or line[at] == "!" or line.startswith("//", at):
            break
        if line[at] in _QUOTES:
            end = line.find(_QUOTES[line[at]], at + 1)
            if end < 0:
                raise ValueError(f"the quote {line[at]} is not closed")
            word, at = line[at + 1 : end], end + 1
        else:
            start = at
            while at < len(line) and line[at] not in f"{_SPACE}=!":
                at += 1
            word = line[start:at]
        after = at
        while after < len(line) and line[after] in " \t":
            after += 1
        if after < len(line) and line[after] == "=" and name is None:
            name, at = word.lower(), after + 1
            continue
        if line[at : at + 1] == "=":
            raise ValueError(f"the = behind {word!r} has no name before it")
        yield name, Value(word, place, folder)
        name = None
    if name is not None:
        raise ValueError(f"{name} has no value")
