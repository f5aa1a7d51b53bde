"""Reading TOML so that every later complaint can name its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import Problem, TwinError

__all__ = ["Document", "read_toml"]

Path_ = tuple[str | int, ...]
_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_INLINE_KEY = re.compile(r"""[{,]\s*([\w-]+)\s*=""")


@dataclass(frozen=True)
class Document:
    """A TOML file: its data, and the line on which each key stands."""

    file: Path
    data: dict[str, Any]
    lines: dict[Path_, int]

    def line(self, path: Sequence[str | int]) -> str | None:
        """Return the line of a key, or of the nearest table around it, as text; None for the file as a whole."""
        for length in range(len(path), 0, -1):
            if tuple(path[:length]) in self.lines:
                return str(self.lines[tuple(path[:length])])
        return None


def read_toml(file: Path) -> Document:
    """Read a TOML file.

    Raises
    ------
    TwinError
        If it is missing, no text in UTF-8, or no TOML; with the line where that can be said.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise TwinError(Problem("no such file", file=file)) from None
    except IsADirectoryError:
        raise TwinError(Problem("is a folder", file=file, expected="a TOML file")) from None
    except OSError as error:
        raise TwinError(Problem(f"cannot be read: {error.strerror}", file=file)) from None
    except UnicodeDecodeError as error:
        before = error.object[: error.start].count(b"\n") + 1
        raise TwinError(Problem("is not UTF-8 text", file=file, place=str(before), expected="a TOML file")) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TwinError(_syntax_problem(file, str(error))) from None
    except RecursionError:
        raise TwinError(Problem("is nested too deeply", file=file)) from None
    return Document(file, data, dict(_lines(text)))


def _syntax_problem(file: Path, message: str) -> Problem:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    place = f"{found[1]}:{found[2]}" if found else None
    return Problem("is no valid TOML: " + re.sub(r" \(at .*\)", "", message), file=file, place=place)


def _lines(text: str) -> Iterator[tuple[Path_, int]]:
    """Yield the path of every key and table header with its line, for text that is known to be valid."""
    table: Path_ = ()
    counts: dict[Path_, int] = {}
    open_value = ""
    for number, line in enumerate(text.splitlines(), 1):
        if open_value:
            open_value = _still_open(open_value + "\n" + line)
            continue
        if header := _HEADER.match(line):
            table = _table_path(_parts(header[2]), header[1] == "[[", counts)
            yield table, number
        elif key := _KEY.match(line):
            path = table + _parts(key[1])
            yield path, number
            value = line[key.end() :]
            if value.lstrip().startswith("{"):
                yield from (((*path, name), number) for name in _INLINE_KEY.findall(value))
            open_value = _still_open(value)


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _table_path(names: Sequence[str], is_array: bool, counts: dict[Path_, int]) -> Path_:
    """Return where a header leads, with the number of each array element on the way."""
    path: Path_ = ()
    for k, name in enumerate(names):
        path += (name,)
        if is_array and k == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path


def _still_open(value: str) -> str:
    """Return the value if it goes on in the next line (open bracket or multi-line string), else nothing."""
    bare = re.sub(r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'', "", value, flags=re.DOTALL)
    if '"""' in bare or "'''" in bare:
        return value
    bare = re.sub(r'"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', "", bare)
    return value if bare.count("[") + bare.count("{") > bare.count("]") + bare.count("}") else ""
