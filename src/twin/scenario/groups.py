"""Groups of buildings by what stands in a column, for results by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from twin.engine.groups import GROUP, Groups
from twin.errors import Problem
from twin.table import Table

__all__ = ["MISSING_LABEL", "group_problems", "grouping_columns", "groups_of"]

MOST_GROUPS = 100  # more groups than that are no summary
MISSING_LABEL = "missing"


def grouping_columns(groups: Sequence[str], series: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the columns that group buildings: those stated, and those by whose groups series are asked for."""
    by_series = [level.removeprefix(GROUP) for level in series if level.startswith(GROUP)]
    return tuple(dict.fromkeys([*groups, *by_series]))


def groups_of(buildings: Table, columns: Iterable[str]) -> dict[str, Groups]:
    """Return the groups that buildings form by each of some columns, by level; columns not there are left out.

    Groups come in the order of the column's categories, else of their values; buildings without a value come last, as
    ``missing``.
    """
    return {GROUP + name: _grouped(buildings, name) for name in columns if name in buildings}


def _grouped(buildings: Table, name: str) -> Groups:
    values, missing = buildings[name], buildings.missing(name)
    column = buildings.column(name)
    kinds, inverse = np.unique(values, return_inverse=True)
    if column.categories:
        order = {category: k for k, category in enumerate(column.categories)}
        ranks = np.array([order.get(str(kind), len(order)) for kind in kinds], dtype=np.int64)
        inverse = np.argsort(np.argsort(ranks, kind="stable"))[inverse]
        kinds = kinds[np.argsort(ranks, kind="stable")]
    labels = [str(kind).lower() if column.kind == "bool" else str(kind) for kind in kinds] + [MISSING_LABEL]
    member = np.where(missing, len(kinds), inverse)
    present, member = np.unique(member, return_inverse=True)
    return Groups(tuple(labels[k] for k in present), member.astype(np.int64))


def group_problems(tables: Sequence[Table], columns: Iterable[str]) -> list[Problem]:
    """Return what is wrong with grouping the buildings of all options by some columns."""
    problems = []
    for name in columns:
        sizes = [len(groups.labels) for table in tables for groups in groups_of(table, [name]).values()]
        if not sizes:
            problems.append(Problem(f"record.groups: no building of any option has a {name}"))
        elif max(sizes) > MOST_GROUPS:
            message = f"record.groups: buildings have {max(sizes)} different values of {name}"
            problems.append(Problem(message, expected=f"at most {MOST_GROUPS}"))
    return problems
