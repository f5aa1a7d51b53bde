"""The nominal voltage of every bus of a feeder."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from twin.grid.formats.opendss_elements import Capacitor, Circuit, Load
from twin.grid.formats.opendss_windings import pairs_of

__all__ = ["nominal_voltages"]

_SQRT3 = float(np.sqrt(3.0))


def nominal_voltages(circuit: Circuit) -> dict[str, float]:
    """Return the nominal voltage to ground of every bus, V.

    Where none is given, voltages spread from the sources over lines as they are and over transformers by their rated
    ones; of the bases that the file names, the nearest is taken, as OpenDSS does at no load.
    """
    found = {source.at.bus: source.voltage_v / _SQRT3 for source in circuit.sources}
    links: dict[str, list[tuple[str, float]]] = {}
    for one, other, ratio in _links(circuit):
        links.setdefault(one, []).append((other, ratio))
        links.setdefault(other, []).append((one, 1 / ratio))
    ahead = list(found)
    while ahead:
        bus = ahead.pop()
        for other, ratio in links.get(bus, ()):
            if other not in found:
                found[other] = found[bus] * ratio
                ahead.append(other)
    connected: list[Load | Capacitor] = [*circuit.loads, *circuit.capacitors]
    for element in connected:
        own = element.voltage_v if element.phases == 1 and not element.delta else element.voltage_v / _SQRT3
        found.setdefault(element.at.bus, own)
    for bus in links:
        found.setdefault(bus, circuit.sources[0].voltage_v / _SQRT3 if circuit.sources else 1.0)
    bases = np.array(circuit.voltage_bases) / _SQRT3
    if len(bases):
        found = {bus: float(bases[np.argmin(np.abs(1 - bases / v))]) for bus, v in found.items()}
    return found | circuit.base_v


def _links(circuit: Circuit) -> Iterable[tuple[str, str, float]]:
    """Yield two buses and the voltage to ground of the second over that of the first."""
    for line in circuit.lines:
        yield line.ends[0].bus, line.ends[1].bus, 1.0
    for transformer in circuit.transformers:
        rated = []
        for winding in transformer.windings:
            to_ground = all(0 in pair for pair in pairs_of(winding.at, transformer.phases, winding.delta))
            single = transformer.phases == 1 and to_ground
            rated.append(winding.voltage_v if single else winding.voltage_v / _SQRT3)
        for winding, volts in zip(transformer.windings[1:], rated[1:], strict=True):
            yield transformer.windings[0].at.bus, winding.at.bus, volts / rated[0]
