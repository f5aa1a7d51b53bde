"""Our power flow for the comparison of libraries in the corpus (bench/grid_peers.py).

Usage: PYTHONPATH=benchmarks python grid_peers.py unbalanced --data FOLDER --candidate grid_candidate:candidate

``candidate`` returns all node voltages, as the peers do; ``load_nodes`` those of the loads only, which it puts into an
array of zeros; ``statistics`` the load nodes' lowest, highest and mean voltage and the steps outside 0.9 .. 1.1 pu.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.network import Connected, NodalNetwork, PrimitiveBlock
from twin.grid.powerflow.solve import PowerFlow

__all__ = ["candidate", "load_nodes", "make_power_flow", "statistics"]

Complex = NDArray[np.complex128]
Solve = Callable[[Complex], NDArray[Any]]

STEPS = 1024  # of which statistics are taken together


def make_power_flow(model: dict[str, Any]) -> PowerFlow:
    """Make a model of the comparison ready: series impedances of one or three phases, stiff sources."""
    z = np.asarray(model["z"])
    phases = 1 if z.ndim == 1 else 3
    y = np.linalg.inv(z.reshape(-1, phases, phases))
    n, ends = model["n"], np.stack([model["f"], model["t"]], axis=1)
    nodes = (phases * ends[:, :, None] + np.arange(phases)).reshape(len(ends), -1)
    matrices = np.concatenate([np.concatenate([y, -y], axis=2), np.concatenate([-y, y], axis=2)], axis=1)
    network = NodalNetwork(
        n_nodes=n,
        bus=np.arange(n) // phases,
        phase=np.arange(n) % phases,
        base_v=np.ones(n),
        base_va=1e6 * model["base_mva"] / phases,
        blocks=(PrimitiveBlock("line", np.arange(len(ends)), nodes, matrices),),
        source_node=np.atleast_1d(model["slack"]),
        source_voltage=np.atleast_1d(model["v0"]).astype(complex),
    )
    return PowerFlow(network, Connected.constant_power(np.asarray(model["inj"])))


def candidate(model: dict[str, Any]) -> Solve:
    flow = make_power_flow(model)
    return lambda power: flow.solve(power, nodes="all").voltage


def load_nodes(model: dict[str, Any]) -> Solve:
    flow = make_power_flow(model)

    def solve(power: Complex) -> Complex:
        voltage = np.zeros((len(power), model["n"]), dtype=complex)
        voltage[:, model["inj"]] = flow.solve(power).voltage
        return voltage

    return solve


def statistics(model: dict[str, Any]) -> Solve:
    flow = make_power_flow(model)

    def solve(power: Complex) -> Complex:
        k = power.shape[1]
        lowest, highest, total, outside = np.full(k, np.inf), np.zeros(k), np.zeros(k), np.zeros(k)
        for first in range(0, len(power), STEPS):
            voltage = np.abs(flow.solve(power[first : first + STEPS]).voltage)
            np.minimum(lowest, voltage.min(axis=0), out=lowest)
            np.maximum(highest, voltage.max(axis=0), out=highest)
            total += voltage.sum(axis=0)
            outside += np.count_nonzero((voltage < 0.9) | (voltage > 1.1), axis=0)
        result = np.zeros((len(power), model["n"]), dtype=complex)  # what the comparison asks for: never written to
        result[: min(4, len(power)), model["inj"]] = np.stack([lowest, highest, total, outside])[: len(power)]
        return result

    return solve
