"""Arithmetic in text, such as ``loads / 1e3`` or ``p * tan(acos(pf))``: numbers, names, operators, a few functions."""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["NotArithmeticError", "evaluate"]

_BINARY: dict[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "acos": np.arccos, "asin": np.arcsin, "atan": np.arctan,
    "sqrt": np.sqrt, "abs": np.abs,
}  # fmt: skip


class NotArithmeticError(ValueError):
    """Text that is no arithmetic over what is known."""


def evaluate(text: str, known: Mapping[str, Any]) -> Any:
    """Return the value of an expression over named numbers and arrays.

    Raises
    ------
    NotArithmeticError
        If it is anything but numbers, known names, ``+ - * / **``, parentheses and elementary functions.
    """
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, known)
    except (SyntaxError, RecursionError) as error:
        raise NotArithmeticError(str(error)) from None


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, known)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, known), _value(right, known))
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(inner, known))
    raise NotArithmeticError(f"{ast.unparse(node)!r} is not known")
