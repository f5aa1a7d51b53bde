"""twin: one city file and one scenario file in, answers for a planner out.

>>> import twin
>>> results = twin.run("scenarios/essen_heat.toml")    # doctest: +SKIP
>>> twin.compare(results)                              # doctest: +SKIP

Reading     ``read_city``, ``read_scenario``, ``read_results``
Running     ``run``, ``compare``
Errors      ``TwinError``

Importing the package loads next to nothing; each name brings its own module on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from twin.errors import TwinError

if TYPE_CHECKING:
    from twin.city.read import read_city
    from twin.results.compare import compare
    from twin.results.store import read_results
    from twin.scenario.read import read_scenario
    from twin.scenario.run import run

__all__ = ["TwinError", "compare", "read_city", "read_results", "read_scenario", "run"]

_HOME = {
    "compare": "twin.results.compare",
    "read_city": "twin.city.read",
    "read_results": "twin.results.store",
    "read_scenario": "twin.scenario.read",
    "run": "twin.scenario.run",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'twin' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
