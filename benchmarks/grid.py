"""Time our power flow beside power-grid-model's on the IEEE European low-voltage feeder, all node voltages, one core.

Usage: OPENBLAS_NUM_THREADS=1 python benchmarks/grid.py [FOLDER]

FOLDER holds the feeder as in the corpus (data/grids/ieee_european_lv); power-grid-model must be installed. What is
timed is the calculation of the day's 1,440 minutes alone: models are built, and power-grid-model's update arrays
filled, before the clock starts. Rounds take turns; the median of CPU time counts. Both solve to 1e-9 per unit.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from grid_candidate import candidate
from numpy.typing import NDArray
from power_grid_model import CalculationMethod, ComponentType, DatasetType, PowerGridModel, initialize_array

from twin.grid.assemble import assemble
from twin.grid.files import GridCase, read_grid
from twin.grid.powerflow.solve import PowerFlow

__all__ = ["candidate"]  # for the comparison of libraries: grid_peers.py --candidate grid:candidate

STEPS = 1440
ROUNDS = 5
TOLERANCE = 1e-9
FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "grids" / "ieee_european_lv"


class Ours:
    """The feeder as scenarios have it: loads of 55 houses, a transformer, a source behind its impedance."""

    def __init__(self, case: GridCase) -> None:
        made = assemble(case.grid)
        self.flow = PowerFlow(made.network, made.connected)
        self.power = made.power_of(case.power_over_time)
        self.shape = STEPS, len(case.grid.bus), 3

    def all_nodes(self) -> NDArray[np.complex128]:
        return self.flow.solve(self.power, nodes="all").voltage

    def loads_only(self) -> NDArray[np.complex128]:
        return self.flow.solve(self.power).voltage

    def magnitudes(self) -> NDArray[np.float64]:
        """Shape ``(step, bus, phase)``."""
        return np.abs(self.all_nodes()).reshape(self.shape)

    def one_step_us(self, calls: int = 200) -> float:
        begun = time.process_time()
        for k in range(calls):
            self.flow.solve(self.power[k : k + 1])
        return (time.process_time() - begun) / calls * 1e6


class Peer:
    """The same grid in power-grid-model's terms."""

    def __init__(self, case: GridCase) -> None:
        grid = case.grid
        n, lines, loads = len(grid.bus), len(grid.line), len(case.nodes)
        line, unit, source = grid.line, grid.transformer, grid.grid_source
        length = line["length_m"]
        self.input = {
            ComponentType.node: _array("node", n, id=np.arange(n), u_rated=grid.bus["v_nom_v"]),
            ComponentType.line: _array(
                "line",
                lines,
                id=n + np.arange(lines),
                from_node=line["from_bus"],
                to_node=line["to_bus"],
                from_status=1,
                to_status=1,
                r1=line["r_ohm_m"] * length,
                x1=line["x_ohm_m"] * length,
                r0=line["r0_ohm_m"] * length,
                x0=line["x0_ohm_m"] * length,
                c1=0.0,
                tan1=0.0,
                c0=0.0,
                tan0=0.0,
                i_n=line["max_current_a"],
            ),
            ComponentType.transformer: _array(
                "transformer",
                1,
                id=n + lines,
                from_node=unit["hv_bus"],
                to_node=unit["lv_bus"],
                from_status=1,
                to_status=1,
                u1=unit["hv_rated_v"],
                u2=unit["lv_rated_v"],
                sn=unit["s_rated_va"],
                uk=unit["vk_pct"] / 100,
                pk=unit["vkr_pct"] / 100 * unit["s_rated_va"],
                i0=0.0,
                p0=0.0,
                winding_from=2,
                winding_to=1,
                clock=1,
                tap_side=0,
                tap_pos=0,
                tap_min=0,
                tap_max=0,
                tap_nom=0,
                tap_size=0.0,
            ),
            ComponentType.source: _array(
                "source",
                1,
                id=n + lines + 1,
                node=source["bus"],
                status=1,
                u_ref=source["voltage_pu"],
                sk=source["short_circuit_va"],
                rx_ratio=source["rx_ratio"],
                z01_ratio=source["z0_z1_ratio"],
            ),
            ComponentType.asym_load: _array(
                "asym_load",
                loads,
                id=n + lines + 2 + np.arange(loads),
                node=grid.phase_node["bus"][case.nodes],
                status=1,
                type=0,
                p_specified=np.zeros((loads, 3)),
                q_specified=np.zeros((loads, 3)),
            ),
        }
        self.model = PowerGridModel(self.input)
        update = initialize_array(DatasetType.update, ComponentType.asym_load, (STEPS, loads))
        update["id"] = self.input[ComponentType.asym_load]["id"]
        phase = grid.phase_node["phase"][case.nodes]
        for part, values in (("p_specified", -case.power_va.real), ("q_specified", -case.power_va.imag)):
            update[part] = 0.0
            update[part][:, np.arange(loads), phase] = values
        self.update = {ComponentType.asym_load: update}

    def solve(self, method: CalculationMethod) -> NDArray[Any]:
        result = self.model.calculate_power_flow(
            symmetric=False,
            error_tolerance=TOLERANCE,
            max_iterations=100,
            calculation_method=method,
            update_data=self.update,
            threading=-1,
            output_component_types={ComponentType.node: ["u_pu", "u_angle"]},
        )
        nodes: NDArray[Any] = result[ComponentType.node]
        return nodes


def _array(component: str, n: int, **columns: Any) -> NDArray[Any]:
    array = initialize_array(DatasetType.input, ComponentType[component], n)
    for name, values in columns.items():
        array[name] = values
    return array


def _turns(candidates: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Return the median CPU seconds of each, taken in turns."""
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, call in candidates.items():
            begun = time.process_time()
            call()
            taken[name].append(time.process_time() - begun)
    return {name: median(seconds) for name, seconds in taken.items()}


def main() -> None:
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        sys.exit("set OPENBLAS_NUM_THREADS=1: CPU time is compared on one core")
    case = read_grid(sys.argv[1] if len(sys.argv) > 1 else FOLDER)
    ours, peer = Ours(case), Peer(case)
    agree = np.abs(ours.magnitudes() - peer.solve(CalculationMethod.newton_raphson)["u_pu"]).max()
    seconds = _turns(
        {
            "power-grid-model, Newton": lambda: peer.solve(CalculationMethod.newton_raphson),
            "power-grid-model, iterative current": lambda: peer.solve(CalculationMethod.iterative_current),
            "twin, all node voltages": ours.all_nodes,
            "twin, voltages at loads only": ours.loads_only,
        }
    )
    best = min(s for name, s in seconds.items() if name.startswith("power-grid-model"))
    print(f"IEEE European low-voltage feeder, {STEPS} steps; largest difference of any voltage {agree:.1e} pu")
    for name, taken in seconds.items():
        print(f"{name:38s} {STEPS / taken:10,.0f} steps/s   {best / taken:6.1f} x the faster peer")
    print(f"twin, one step at a time               {ours.one_step_us():10,.0f} us per call, voltages at loads")


if __name__ == "__main__":
    main()
