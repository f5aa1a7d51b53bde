"""What the command line shows: progress, tables and complaints."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from twin.errors import Problem
from twin.report.rails import draw_rails
from twin.results.compare import Comparison

__all__ = [
    "Drawing",
    "print_best",
    "print_checked",
    "print_city",
    "print_comparison",
    "print_explanation",
    "print_findings",
    "print_problems",
]


class Drawing:
    """Progress on stderr: a bar per phase on a terminal, one line per finished phase elsewhere."""

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.description:<24}"), BarColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=self._console, disable=not (enabled and self._console.is_terminal))
        self._tasks: dict[str, TaskID] = {}
        self._finished: set[str] = set()

    def __enter__(self) -> Drawing:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, phase: str, done: float, total: float) -> None:
        """Show how far a phase is."""
        if phase not in self._tasks:
            self._tasks[phase] = self._bars.add_task(phase, total=total)
        self._bars.update(self._tasks[phase], completed=done, total=total)
        if done >= total and phase not in self._finished:
            self._finished.add(phase)
            if self._enabled and not self._console.is_terminal:
                print(f"{phase}: done", file=sys.stderr, flush=True)


def print_comparison(comparison: Comparison) -> None:
    """Print the comparison table: every option absolute, and against the first; rows of nothing but 0 are left out."""
    table = Table(title=escape(comparison.title), title_justify="left", title_style="bold", header_style="bold")
    longest = max((len(row.indicator) for row in comparison.rows), default=0)
    table.add_column("indicator", no_wrap=True, min_width=longest)
    grouped = any(row.group for row in comparison.rows)
    if grouped:
        table.add_column("group")
    table.add_column("unit")
    for name in comparison.options:
        table.add_column(escape(name), justify="right")
    for row in comparison.rows:
        if not any(row.values):
            continue
        cells = [
            _number(value) + ("" if k == 0 or value is None else f" {_change(change, row.direction)}")
            for k, (value, change) in enumerate(zip(row.values, row.change, strict=True))
        ]
        table.add_row(row.indicator, *([escape(row.group)] if grouped else []), row.unit, *cells)
    _out().print(table)
    judged = [
        f"{name} against {other}" for name, other in zip(comparison.options, comparison.against, strict=True) if other
    ]
    if any(row.values[0] is None for row in comparison.rows) and judged:
        _out().print(f"Judged for a year: {escape(', '.join(judged))}", style="dim", highlight=False)


def print_best(found: Mapping[str, Any]) -> None:
    """Print for how many buildings each option is the best."""
    table = Table("option", title=f"Best by {escape(found['indicator'])}", title_justify="left", header_style="bold")
    table.add_column("buildings", justify="right")
    for name, count in found["counts"].items():
        table.add_row(escape(name), f"{count:,}")
    _out().print(table)


def print_explanation(explained: Mapping[str, Any]) -> None:
    """Print what ``twin explain`` found."""
    out = _out()
    out.print(f"[bold]{escape(explained['title'])}[/]")
    for span in explained["spans"]:
        counts = f", counts {span['weight']:g} times" if span["weight"] != 1.0 else ""
        out.print(f"period {span['start']} to {span['end']}, warm-up {explained['warm_up']}{counts}")
    for graph in explained["graphs"]:
        _print_graph(out, graph)
    for option in explained["options"]:
        share = f"{option['assumed_share']:.0%} of what the simulators read is assumed"
        out.print(f"\n[bold]Option {escape(repr(option['name']))}[/]: {share}")
        for chosen in option["selections"]:
            out.print(f"  {escape(chosen['measure'])}: {chosen['count']} of {chosen['of']} {chosen['table']}s")
    for name, seconds in explained["seconds"].items():
        slowest = sorted(seconds.items(), key=lambda item: -item[1])
        out.print(f"\n[bold]Time of the last run, {escape(repr(name))}[/]: {sum(seconds.values()):.2f} s")
        out.print("  " + ", ".join(f"{simulator} {s:.2f} s" for simulator, s in slowest), highlight=False)
    out.print("\n[bold]Assumptions[/] (share of heated floor area)")
    for rule in explained["assumptions"]:
        out.print(Padding(_assumption(rule), (0, 0, 0, 2)), highlight=False)


def _print_graph(out: Console, graph: Mapping[str, Any]) -> None:
    out.print(f"\n[bold]Coupling graph of {escape(', '.join(repr(n) for n in graph['options']))}[/]")
    loops = "; ".join(f"{' <-> '.join(loop['members'])}, every {loop['step']}" for loop in graph["loops"])
    windows = f"{graph['windows']} window(s) of at most {graph['longest_window']}"
    out.print(f"{windows}, stepped finely: {loops or 'nothing'}", highlight=False)
    for line in draw_rails(graph, out.options.ascii_only):
        out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    for node in graph["simulators"]:
        out.print(f"  [bold]{node['name']}[/] every {node['step']}")
        for port in node["reads"]:
            who = (", ".join(port["from"]) or "nobody") + (", one step late" if port["late"] else "")
            out.print(f"    reads  {port['quantity']} per {port['per']} [dim]<- {who}[/]", highlight=False)
        for port in node["writes"]:
            out.print(f"    writes {port['quantity']} per {port['per']} \\[{port['unit']}]", highlight=False)


def _assumption(rule: Mapping[str, Any]) -> str:
    """Return one assumption: how far it reaches, what, who says so, and which fields it filled."""
    fields = rule["fields"][:3] + ([f"{len(rule['fields']) - 3} more"] if len(rule["fields"]) > 3 else [])
    filled = f" -> {', '.join(fields)}" if fields else ""
    return f"{rule['share']:>4.0%} {escape(rule['reason'])} [dim]({escape(rule['reference'])}){filled}[/]"


def print_city(name: str, city: Mapping[str, Any]) -> None:
    """Print what ``twin info`` found."""
    out = _out()
    lods = ", ".join(city["lods"]) or "none"
    out.print(f"[bold]{escape(name)}[/]: {city['crs'] or 'no reference system'}, levels of detail {lods}")
    counts = {"buildings": city["n_buildings"], "building parts": city["n_building_parts"], **city["objects"]}
    out.print("  " + ", ".join(f"{count:,} {kind}" for kind, count in counts.items()), highlight=False)
    surfaces = Table(header_style="bold")
    for heading in ("surfaces", "count", "m2"):
        surfaces.add_column(heading, justify="left" if heading == "surfaces" else "right")
    for kind, sums in city["surfaces"].items():
        surfaces.add_row(kind, f"{sums['count']:,}", f"{sums['area_m2']:,.0f}")
    out.print(surfaces)
    methods = ", ".join(f"{count:,} by {method.replace('_', ' ')}" for method, count in city["volume_method"].items())
    out.print(f"  volume     {city['volume_m3']:>14,.0f} m3 [dim]({methods})[/]", highlight=False)
    for heading, key in (
        ("footprint", "footprint_m2"),
        ("party walls", "party_wall_m2"),
        ("interior", "interior_wall_m2"),
    ):
        value = "not looked for" if city[key] is None else f"{city[key]:,.0f}"
        out.print(f"  {heading:<11}{value:>13} m2", highlight=False)
    if city["attributes"]:
        filled = (f"{name} {share:.0%}" for name, share in city["attributes"].items())
        out.print("[bold]Attributes[/] (share of buildings that state them)")
        out.print(Padding(escape(", ".join(filled)), (0, 0, 0, 2)), highlight=False)
    if city["findings"]:
        found = ", ".join(f"{code}: {count}" for code, count in city["findings"].items())
        out.print(f"[bold]Findings[/] (twin check says which) {escape(found)}", highlight=False)


_SHOWN = 5  # findings of one kind in one file


def print_checked(checked: Mapping[str, Any]) -> None:
    """Print what ``twin check`` found: of each file its format, of each kind of finding the first few."""
    out = _out()
    for file in checked["files"]:
        found = [one for one in checked["findings"] if one["file"] == file["file"]]
        kind = f" ({file['format']})" if file["format"] else ""
        colour = {"error": "red", "warning": "yellow"}.get(file["status"], "green")
        out.print(f"[bold]{escape(file['file'])}[/]{kind}: [{colour}]{file['status']}[/]", highlight=False)
        for code, count in Counter(one["code"] for one in found).items():
            alike = [one for one in found if one["code"] == code]
            lines = [one["message"] for one in alike[:_SHOWN]]
            lines += [f"{count - _SHOWN} more (--json lists all)"] if count > _SHOWN else []
            for line in lines:
                out.print(f"  {alike[0]['severity']} {code}: {escape(line)}", highlight=False, soft_wrap=True)
    total = Counter(one["severity"] for one in checked["findings"])
    print(f"{total['error']} errors, {total['warning']} warnings in {len(checked['files'])} files")


def print_findings(findings: Sequence[Mapping[str, Any]]) -> None:
    """Print what was doubtful in a file to stderr: of every kind the first, and how many there are."""
    for code, count in Counter(finding["code"] for finding in findings).items():
        first = next(finding for finding in findings if finding["code"] == code)
        more = f" ({count} of this kind; twin check lists them)" if count > 1 else ""
        print(f"{first['severity']}: {first['message']}{more}", file=sys.stderr)


def print_validation(found: Mapping[str, Any]) -> None:
    """Print what a suite found, row by row."""
    shown = [name for name in found["rows"][0] if name != "pass"] if found["rows"] else []
    table = Table(*shown, "", title=f"twin validate {found['suite']}")
    for row in found["rows"]:
        verdict = "skipped" if row["pass"] is None else "pass" if row["pass"] else "FAIL"
        cells = [str(row[name]) if isinstance(row[name], str) else _number(row[name]) for name in shown]
        table.add_row(*cells, verdict)
    _out().print(table)
    print(f"{found['n_pass']} pass, {found['n_fail']} fail, {found['n_skipped']} skipped")


def print_problems(problems: Sequence[Problem], severity: str) -> None:
    """Print problems to stderr, one line each."""
    for problem in problems:
        print(f"{severity}: {problem}", file=sys.stderr)
    if len(problems) > 1:
        print(f"{len(problems)} problems", file=sys.stderr)


def _out() -> Console:
    """Return stdout as wide as it is, and wide enough to keep a table whole where it is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def _change(change: float | None, direction: str) -> str:
    if change is None:
        return ""
    better = {"lower": change < 0, "higher": change > 0}.get(direction)
    colour = "dim" if better is None or abs(change) < 0.0005 else "green" if better else "red"
    return f"[{colour}]({change:+.0%})[/]"
