"""Simulators of the user's own: a Python file beside the scenario, run only where that is allowed."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from twin.engine.ports import Simulator
from twin.errors import Problem, TwinError
from twin.quantities import QUANTITIES, Quantity, declare
from twin.registry import Indicator, Setup
from twin.scenario.plan import OwnSimulator

__all__ = ["build_own", "load_own", "own_indicators", "takes_part"]


def takes_part(own: OwnSimulator, option: str) -> bool:
    """Whether a simulator of the user's own takes part in an option."""
    return own.options is None or option in own.options


def load_own(file: Path) -> ModuleType:
    """Run the user's file, once, and declare the quantities that it brings.

    Raises
    ------
    TwinError
        If it fails, naming its line, or offers no ``build``.
    """
    name = f"twin_own_{file.stem}"
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(file):
        return known
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise TwinError(Problem("is no Python file", file, expected="a file that ends in .py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise TwinError(_failure(file, error)) from error
    if not callable(getattr(module, "build", None)):
        del sys.modules[name]
        raise TwinError(Problem("has no function build", file, expected="def build(setup): return a simulator"))
    for quantity in getattr(module, "QUANTITIES", ()):
        _declare(quantity, file)
    return module


def build_own(own: OwnSimulator, setup: Setup) -> Simulator | None:
    """Build a simulator of the user's own.

    Raises
    ------
    TwinError
        If its file fails, does not take the parameters given, or returns no simulator.
    """
    build = load_own(own.file).build
    try:
        inspect.signature(build).bind(setup, **own.params)
    except TypeError as error:
        message = f"build does not take these parameters: {error}"
        raise TwinError(Problem(message, own.file, expected=f"build{inspect.signature(build)}")) from None
    try:
        simulator = build(setup, **own.params)
    except TwinError:
        raise
    except Exception as error:
        raise TwinError(_failure(own.file, error)) from error
    if simulator is None or isinstance(simulator, Simulator):
        return simulator
    members = ("name", "version", "step_s", "reads", "writes", "start", "advance", "state", "restore")
    missing = [member for member in members if not hasattr(simulator, member)]
    message = f"build returns a {type(simulator).__name__} without {', '.join(missing)}"
    raise TwinError(Problem(message, own.file, expected="a simulator, or None"))


def own_indicators(own: OwnSimulator) -> tuple[Indicator, ...]:
    """Return the indicators that a user's file brings.

    Raises
    ------
    TwinError
        If one is built from a quantity that nobody declared.
    """
    indicators: tuple[Indicator, ...] = tuple(getattr(load_own(own.file), "INDICATORS", ()))
    for indicator in indicators:
        for term in (*indicator.terms, *indicator.over):
            if term.quantity not in QUANTITIES:
                message = f"indicator {indicator.id} needs {term.quantity}, which is no quantity"
                raise TwinError(Problem(message, own.file, expected="a Quantity of that name in QUANTITIES"))
    return indicators


def _declare(quantity: Any, file: Path) -> None:
    if not isinstance(quantity, Quantity):
        raise TwinError(Problem(f"QUANTITIES holds {quantity!r}", file, expected="Quantity(...)"))
    try:
        declare(quantity)
    except TwinError as error:
        raise TwinError(*(Problem(p.message, file, p.place, p.expected) for p in error.problems)) from None


def _failure(file: Path, error: Exception) -> Problem:
    """Say what went wrong in the user's file, and on which of its lines."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(file)]
    line = getattr(error, "lineno", None) or (frames[-1].lineno if frames else None)
    return Problem(f"{type(error).__name__}: {error}", file, str(line) if line else None)
