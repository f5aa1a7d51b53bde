"""Reading MATPOWER's case files (``.m``): the matrices of buses, branches and generators, and what converts them.

Source: MATPOWER User's Manual, appendix B ("Data File Format"), version 2 of the case format. A case file is a program;
of its statements, assignments of numbers and matrices are read, and those that scale columns of them (loads in kW,
impedances in ohm) are followed. Anything else is a problem that names its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError
from twin.grid.formats.arithmetic import NotArithmeticError, evaluate
from twin.grid.formats.case import GridCase, case_of
from twin.grid.formats.frame import Frame
from twin.grid.formats.per_unit import grid_per_unit

__all__ = ["read_matpower"]

Floats = NDArray[np.float64]

# Names of columns, from 0, as idx_bus, idx_brch and idx_gen number them
COLUMNS = {
    "bus": ("BUS_I", "BUS_TYPE", "PD", "QD", "GS", "BS", "BUS_AREA", "VM", "VA", "BASE_KV", "ZONE", "VMAX", "VMIN"),
    "branch": ("F_BUS", "T_BUS", "BR_R", "BR_X", "BR_B", "RATE_A", "RATE_B", "RATE_C", "TAP", "SHIFT", "BR_STATUS"),
    "gen": ("GEN_BUS", "PG", "QG", "QMAX", "QMIN", "VG", "MBASE", "GEN_STATUS"),
}
_PQ, _PV, _SLACK, _ISOLATED = 1, 2, 3, 4
# What says nothing about power flow
_IGNORED = re.compile(
    r"(function\b|mpc\.version|mpc\.(gencost|bus_name|areas|dcline\w*)\b|define_constants|return|end\b|\[.*\]\s*=\s*idx_)"
)
_ASSIGNED = re.compile(
    r"(?P<name>[A-Za-z]\w*(?:\.\w+)?)\s*(?:\((?P<index>[^=]*)\))?\s*=(?!=)\s*(?P<value>.*)", re.DOTALL
)


@dataclass(frozen=True)
class _Statement:
    line: int
    text: str


def read_matpower(path: Path, problems: Problems) -> GridCase:
    """Return the grid of a case file."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="strict")
    except (OSError, UnicodeDecodeError) as error:
        raise TwinError(Problem(f"cannot be read: {error}", file=path)) from None
    case = _Case(path, problems)
    for statement in _statements(text):
        case.run(statement)
    problems.raise_if_any()
    return case_of(case.grid())


def _statements(text: str) -> list[_Statement]:
    """Return the statements of a program, without comments, with brackets and cells in one piece."""
    found: list[_Statement] = []
    held, start, depth = "", 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        line = re.sub(r"'[^']*'", "''", line).split("%")[0].replace("...", " ")
        for piece in re.split(r"(;)", line + "\n"):
            if not held.strip():
                held, start = "", number
            depth += sum(piece.count(c) for c in "[{(") - sum(piece.count(c) for c in "]})")
            held += piece
            if (depth <= 0 and piece == ";") or (depth <= 0 and piece.endswith("\n")):
                if body := held.strip().rstrip(";").strip():
                    found.append(_Statement(start, body))
                held, depth = "", 0
    return found


class _Case:
    """The variables of a case file as its statements make them."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self.path, self.problems = path, problems
        self.scalars: dict[str, float] = {"pi": np.pi}
        self.matrices: dict[str, Floats] = {}
        self.lines: dict[str, int] = {}

    def run(self, statement: _Statement) -> None:
        """Follow one statement; note what we do not understand."""
        if _IGNORED.match(statement.text):
            return
        match = _ASSIGNED.fullmatch(statement.text)
        try:
            if match is None:
                raise NotArithmeticError(statement.text)
            self._assign(match["name"], match["index"], match["value"].strip(), statement.line)
        except (NotArithmeticError, ValueError, IndexError, ZeroDivisionError) as error:
            shown = " ".join(statement.text.split())[:80]
            self.problems.add(f"cannot follow {shown!r} ({error})", str(statement.line), file=self.path)

    def _assign(self, name: str, index: str | None, value: str, line: int) -> None:
        name = name.removeprefix("mpc.")
        if index is not None:
            rows, columns = self._select(name, index)
            target = self.matrices[name]
            target[np.ix_(rows, columns)] = np.broadcast_to(self._value(value), (len(rows), len(columns)))
        elif value.startswith("["):
            self.matrices[name] = _matrix(value)
            self.lines[name] = line
        else:
            self.scalars[name] = float(np.asarray(self._value(value)).reshape(()))

    def _value(self, text: str) -> Any:
        """Evaluate an expression in which parts of matrices stand as ``mpc.bus(:, [PD, QD])``."""
        parts: dict[str, Any] = dict(self.scalars)

        def held(match: re.Match[str]) -> str:
            name = match[1]
            rows, columns = self._select(name, match[2])
            key = f"part_{len(parts)}"
            parts[key] = self.matrices[name][np.ix_(rows, columns)]
            return key

        text = re.sub(r"mpc\.(\w+)\(([^()]*)\)", held, text).replace("mpc.", "")
        return evaluate(text.replace(".*", "*").replace("./", "/").replace(".^", "^").replace("^", "**"), parts)

    def _select(self, name: str, index: str) -> tuple[list[int], list[int]]:
        """Return the rows and columns that an index such as ``:, [PD, QD]`` or ``1, BASE_KV`` means."""
        name = name.removeprefix("mpc.")
        if name not in self.matrices or "," not in index:
            raise NotArithmeticError(f"no matrix {name}({index})")
        first, _, rest = index.partition(",")
        n, m = self.matrices[name].shape
        rows = list(range(n)) if first.strip() == ":" else [int(float(first)) - 1]
        known = COLUMNS.get(name, ())
        columns = [
            known.index(word) if word in known else int(word) - 1
            for word in re.split(r"[\s,]+", rest.strip(" []"))
            if word
        ]
        if rest.strip() == ":":
            columns = list(range(m))
        return rows, columns

    def grid(self) -> Any:
        """Return the tables of the case."""
        for name in COLUMNS:
            least = {"bus": 10, "branch": 5, "gen": 6}[name]
            if name not in self.matrices or self.matrices[name].shape[1] < least:
                raise TwinError(Problem(f"has no mpc.{name} of {least} columns or more", file=self.path))
        if "baseMVA" not in self.scalars:
            raise TwinError(Problem("has no mpc.baseMVA", file=self.path))
        bus, branch, gen = (self._frame(name) for name in COLUMNS)
        base = self.scalars["baseMVA"]
        kinds = bus.numbers("BUS_TYPE").astype(int)
        kind = dict(zip(bus.text("BUS_I"), kinds.tolist(), strict=True))
        fed = {name: k for name, k in kind.items() if k == _SLACK}
        gen = gen.take(gen.numbers("GEN_STATUS", 1.0) > 0)
        slack: dict[str, tuple[float, float]] = {}
        angles = dict(zip(bus.text("BUS_I"), bus.numbers("VA").tolist(), strict=True))
        kept = np.ones(len(gen), dtype=bool)
        for k, (name, volt) in enumerate(zip(gen.text("GEN_BUS"), gen.numbers("VG"), strict=True)):
            if name in fed:
                slack.setdefault(name, (float(volt), angles[name]))
                kept[k] = False
        for row, name in zip(gen.rows, gen.text("GEN_BUS"), strict=True):
            row["keeps"] = row["VG"] if kind.get(name) == _PV else None
        bus = bus.take(kinds != _ISOLATED)
        return grid_per_unit(
            _named(bus, BUS_I="bus", PD="p_load_mw", QD="q_load_mvar", GS="gs_mw", BS="bs_mvar", BASE_KV="base_kv"),
            _named(
                branch,
                F_BUS="from",
                T_BUS="to",
                BR_R="r_pu",
                BR_X="x_pu",
                BR_B="b_pu",
                RATE_A="rate_a_mva",
                TAP="tap",
                SHIFT="shift_deg",
                BR_STATUS="in_service",
            ),
            _named(
                gen.take(kept),
                GEN_BUS="bus",
                PG="p_mw",
                QG="q_mvar",
                QMAX="max_q_mvar",
                QMIN="min_q_mvar",
                keeps="vm_pu",
            ),
            base,
            slack,
            self.problems,
        )

    def _frame(self, name: str) -> Frame:
        values = self.matrices[name]
        rows = [dict(zip(COLUMNS[name], row.tolist(), strict=False)) for row in values]
        return Frame(
            rows, self.path, [f"{self.lines[name]} (mpc.{name}, row {k + 1})" for k in range(len(rows))], self.problems
        )


def _named(frame: Frame, **names: str) -> Frame:
    """Return a frame with some columns, renamed."""
    rows = [{new: row[old] for old, new in names.items() if row.get(old) is not None} for row in frame.rows]
    return Frame(rows, frame.file, frame.places, frame.problems)


def _matrix(text: str) -> Floats:
    rows = [row.split() for row in re.split(r"[;\n]", text.strip("[] \n").replace(",", " "))]
    cells = [row for row in rows if row]
    if len({len(row) for row in cells}) > 1:
        raise NotArithmeticError("rows of unlike length")
    values = np.array([[float(cell) for cell in row] for row in cells]).reshape(len(cells), -1)
    if np.isnan(values).any():
        raise NotArithmeticError("a cell that is no number")
    return values
