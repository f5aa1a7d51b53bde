"""The electric grid: its tables, power flow, files, and a grid made up where none is known.

>>> from twin.grid import power_flow, read_grid
>>> case = read_grid("folder")                                        # doctest: +SKIP
>>> state = power_flow(case.grid, case.nodes, case.power_va)          # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.grid.files import read_grid
    from twin.grid.flow import power_flow

__all__ = ["power_flow", "read_grid"]

_HOME = {"power_flow": "twin.grid.flow", "read_grid": "twin.grid.files"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'twin.grid' has no attribute {name!r}")
