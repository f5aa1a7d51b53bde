"""What a scenario will do, without doing it: graph, windows, loops, selections, assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from twin.engine.coupling import Coupling
from twin.engine.graph import Graph, Loop
from twin.ledger import LedgerRow
from twin.quantities import QUANTITIES
from twin.results.model import OptionResult
from twin.scenario.option import account, make_job
from twin.scenario.plan import Scenario
from twin.scenario.prepare import prepare

__all__ = ["explain"]


def explain(scenario: Scenario, option: str | None = None) -> dict[str, Any]:
    """Return what ``twin explain`` prints, as plain data.

    Parameters
    ----------
    option
        Only this option; all if None. Options with the same graph share one entry.
    """
    wanted = [scenario.option(option)] if option else list(scenario.options)
    graphs: list[dict[str, Any]] = []
    accounts: list[OptionResult] = []
    for ready in prepare(scenario, wanted):
        _add(graphs, ready.option.name, _describe(make_job(scenario, ready).graph, scenario))
        accounts.append(account(ready))
    return {
        "title": scenario.title,
        "spans": [{"start": _stamp(s.start), "end": _stamp(s.end), "weight": s.weight} for s in scenario.spans],
        "warm_up": _span(scenario.warm_up_s),
        "graphs": graphs,
        "options": [{"name": a.name, "assumed_share": a.assumed_share, "selections": a.selections} for a in accounts],
        "assumptions": _assumptions([row for account_ in accounts for row in account_.ledger]),
    }


def _add(graphs: list[dict[str, Any]], option: str, described: dict[str, Any]) -> None:
    for known in graphs:
        if {k: v for k, v in known.items() if k != "options"} == described:
            known["options"].append(option)
            return
    graphs.append({"options": [option], **described})


def _describe(graph: Graph, scenario: Scenario) -> dict[str, Any]:
    coupling = Coupling(graph, iteration=scenario.iteration)
    windows = [
        window
        for span in scenario.spans
        for window in coupling.windows(span.start - scenario.warm_up_s, span.end, [span.start])
    ]
    nodes: list[dict[str, Any]] = []
    loops: list[dict[str, Any]] = []
    for item in graph.order:
        members = item.members if isinstance(item, Loop) else (item,)
        if isinstance(item, Loop):
            step_s = min(graph.simulators[m].step_s for m in members)
            loops.append({"members": [graph.simulators[m].name for m in members], "step": _span(step_s)})
        nodes += [_describe_simulator(graph, m) for m in members]
    return {
        "simulators": nodes,
        "loops": loops,
        "windows": len(windows),
        "longest_window": _span(max(w.end - w.start for w in windows)),
    }


def _describe_simulator(graph: Graph, index: int) -> dict[str, Any]:
    simulator = graph.simulators[index]
    reads = []
    for read in simulator.reads:
        writers = [graph.simulators[c.writer].name for c in graph.feeding(index, read)]
        reads.append({"quantity": read.quantity, "per": read.per, "from": writers, "late": bool(read.delay)})
    writes = [{"quantity": w.quantity, "per": w.per, "unit": QUANTITIES[w.quantity].unit} for w in simulator.writes]
    return {"name": simulator.name, "step": _span(simulator.step_s), "reads": reads, "writes": writes}


def _assumptions(ledger: Sequence[LedgerRow]) -> list[dict[str, Any]]:
    """Return one entry per reason, with the fields it filled in any option, the most far-reaching first."""
    by_reason: dict[tuple[str, str], list[LedgerRow]] = {}
    for row in ledger:
        if row.source.startswith("assumed") or row.source == "stated":
            by_reason.setdefault((row.reason, row.reference), []).append(row)
    rules = [
        {
            "reason": reason,
            "reference": reference,
            "fields": list(dict.fromkeys(f"{r.table}.{r.field}" for r in rows if r.field)),
            "share": max(r.share_of_floor_area for r in rows),
        }
        for (reason, reference), rows in by_reason.items()
    ]
    return sorted(rules, key=lambda rule: -rule["share"])


def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _span(seconds: int) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
