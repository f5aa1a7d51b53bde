"""The engine: time, ports, links and the coupling graph that runs simulators window by window."""

from twin.engine.ports import Read, Simulator, Stateless, Storage, Write
from twin.engine.time import CivilTime, TimeAxis

__all__ = ["CivilTime", "Read", "Simulator", "Stateless", "Storage", "TimeAxis", "Write"]
