"""``where``: a condition on the rows of a table, as text."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError, nearest
from twin.table import Column, Table

__all__ = ["Where"]

Mask = NDArray[np.bool_]
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Mask]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ID = Column("id", "-", "str", "identifier")
_GRAMMAR = "comparisons (< <= > >= == != in) of columns with literals, joined by and, or, not and parentheses"


class Where:
    """A checked condition on the rows of a table.

    Comparisons, ``in``, ``and``, ``or``, ``not`` and parentheses over columns and literals, as in
    ``storeys_above_ground <= 3 and not use_type in ["OFFICE", "SCHOOL"]``. A missing value compares false. ``id`` is
    the identifier of a row.

    Parameters
    ----------
    columns
        The columns that may be named.

    Raises
    ------
    TwinError
        With everything that is wrong in the text: grammar, unknown columns and categories, text against number.
    """

    def __init__(self, text: str, columns: Mapping[str, Column]) -> None:
        self.text = text
        self._columns = {_ID.name: _ID, **columns}
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise TwinError(Problem(f"where = {text!r} cannot be understood", expected=_GRAMMAR)) from None
        with Problems() as problems:
            self._check(self._tree, problems)

    def __call__(self, table: Table) -> Mask:
        """Return which rows fulfil the condition, shape ``(n,)``."""
        return self._mask(self._tree, table)

    # -- checking

    def _check(self, node: ast.expr, problems: Problems) -> None:
        match node:
            case ast.BoolOp(values=parts):
                for part in parts:
                    self._check(part, problems)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                self._check(inner, problems)
            case ast.Compare():
                self._check_comparison(node, problems)
            case ast.Name(id=name) if self._kind(node) == "bool" or name not in self._columns:
                self._check_column(name, problems)
            case _:
                problems.add(f"where: {ast.unparse(node)!r} is no condition", expected=_GRAMMAR)

    def _check_comparison(self, node: ast.Compare, problems: Problems) -> None:
        sides = [node.left, *node.comparators]
        columns = [s.id for s in sides if isinstance(s, ast.Name)]
        for name in columns:
            self._check_column(name, problems)
        if not columns:
            problems.add(f"where: {ast.unparse(node)!r} names no column", expected=_GRAMMAR)
        for side in sides:
            if not isinstance(side, ast.Name):
                self._check_literal(side, [c for c in columns if c in self._columns], problems)
        for op in node.ops:
            if type(op) not in _COMPARE and not isinstance(op, ast.In | ast.NotIn):
                problems.add(f"where: {ast.unparse(node)!r} uses an operator we do not have", expected=_GRAMMAR)

    def _check_column(self, name: str, problems: Problems) -> None:
        if name not in self._columns:
            problems.add(f"where: there is no column {name!r}", suggestion=nearest(name, self._columns))

    def _check_literal(self, node: ast.expr, columns: list[str], problems: Problems) -> None:
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError):
            problems.add(f"where: {ast.unparse(node)!r} is no column and no literal", expected=_GRAMMAR)
            return
        for single in value if isinstance(value, list | tuple | set) else [value]:
            for column in (self._columns[c] for c in columns):
                if (column.kind == "str") != isinstance(single, str):
                    kind = "text" if column.kind == "str" else "a number"
                    problems.add(f"where: {column.name} is compared with {single!r}", expected=kind)
                elif column.categories and single not in column.categories:
                    problems.add(
                        f"where: {column.name} is never {single!r}",
                        expected=column.expectation(),
                        suggestion=nearest(str(single), column.categories),
                    )

    def _kind(self, node: ast.Name) -> str | None:
        return self._columns[node.id].kind if node.id in self._columns else None

    # -- evaluating

    def _mask(self, node: ast.expr, table: Table) -> Mask:
        match node:
            case ast.BoolOp(op=op, values=parts):
                masks = [self._mask(part, table) for part in parts]
                return np.asarray((np.logical_and if isinstance(op, ast.And) else np.logical_or).reduce(masks))
            case ast.UnaryOp(operand=inner):
                return ~self._mask(inner, table)
            case ast.Name(id=name):
                return np.asarray(~table.missing(name) & self._value(node, table))
            case ast.Compare():
                return self._compare(node, table)
        raise AssertionError(f"unchecked node {ast.dump(node)}")

    def _compare(self, node: ast.Compare, table: Table) -> Mask:
        mask = np.ones(len(table), dtype=bool)
        sides = [node.left, *node.comparators]
        for side in sides:
            if isinstance(side, ast.Name):
                mask &= side.id == _ID.name or ~table.missing(side.id)
        for op, left, right in zip(node.ops, sides[:-1], sides[1:], strict=True):
            a, b = self._value(left, table), self._value(right, table)
            if isinstance(op, ast.In | ast.NotIn):
                mask &= np.isin(a, b, invert=isinstance(op, ast.NotIn))
            else:
                mask &= _COMPARE[type(op)](a, b)
        return mask

    def _value(self, node: ast.expr, table: Table) -> Any:
        if isinstance(node, ast.Name):
            if node.id == _ID.name:
                return table.ids
            return table[node.id] if node.id in table else self._columns[node.id].blank(len(table))
        value = ast.literal_eval(node)
        return list(value) if isinstance(value, tuple | set) else value
