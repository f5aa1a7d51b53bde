"""The engine: time, ports, links and the coupling graph that runs simulators window by window."""

from twin.engine.ports import Read, Simulator, Stateless, Write
from twin.engine.time import TimeAxis

__all__ = ["Read", "Simulator", "Stateless", "TimeAxis", "Write"]
