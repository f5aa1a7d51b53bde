"""Thicker cables, larger transformers, and more of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.city.model import City
from twin.errors import Problem, Problems, TwinError
from twin.grid.catalogue import cables, column, transformers
from twin.grid.measures.shared import Params, blanked, chosen, first_few
from twin.grid.model import COLUMNS
from twin.table import Table

__all__ = [
    "LARGEST_LOW_VOLTAGE_V",
    "ReinforceLines",
    "ReinforceTransformers",
    "reinforce_lines",
    "reinforce_transformers",
]

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Types = dict[str, dict[str, Any]]

LARGEST_LOW_VOLTAGE_V = 1000.0
"""Up to which the standard cables, of 0.6/1 kV, may be laid: low voltage as in IEC 60038."""

_OF_OTHER_CABLES = ("g_s_m", "c0_f_m")
_OF_OTHER_TRANSFORMERS = ("vk0_pct", "vkr0_pct")


class _Reinforce(Params):
    """Another type, or more of the same."""

    type: str | None = None
    add_parallel: int | None = Field(None, ge=1, le=10)
    """Instead of another type: how many more like those that are there are laid or put beside them."""

    @model_validator(mode="after")
    def _one_way(self) -> _Reinforce:
        if self.type is not None and self.add_parallel is not None:
            raise ValueError("has both type and add_parallel")
        return self


class ReinforceLines(_Reinforce):
    """Lay thicker cables, or more of them side by side."""

    type: Literal[tuple(cables())] | None = None  # type: ignore[valid-type]
    """Standard cable laid instead of those that are thinner (of no standard type: that resist more per metre, or whose
    resistance is not known). If left out, each gets the next thicker standard cable, in
    as many systems as before; the thickest one, a line of no standard type and one above 1 kV get one system more."""


class ReinforceTransformers(_Reinforce):
    """Put in larger transformers, or more of them side by side."""

    type: Literal[tuple(transformers())] | None = None  # type: ignore[valid-type]
    """Standard transformer put in instead of those that are smaller. If left out, each is replaced by the next larger
    standard one of its rated voltages, as many as before; where there is none, one more is put beside it."""


def reinforce_lines(city: City, rows: NDArray[Any], params: ReinforceLines, code: int) -> City:
    """Return the city with stronger lines in the rows chosen; those that are as strong as asked for stay.

    Raises
    ------
    TwinError
        If every line chosen is, or if one is not of low voltage that a standard cable shall replace.
    """
    table = city.table("line")
    where, rank = chosen(table, rows), _rank(table, list(cables()))
    low = city.table("bus")["v_nom_v"][table["from_bus"]] <= LARGEST_LOW_VOLTAGE_V
    if params.add_parallel is not None:
        return city.with_table(_more(table, where, params.add_parallel, code))
    if params.type is None:
        steps_up = where & low & (rank >= 0) & (rank < len(cables()) - 1)
        table = _more(table, where & ~steps_up, 1, code)
        return _laid(city.with_table(table), steps_up, rank + 1, code)
    target = list(cables()).index(params.type)
    with Problems() as problems:
        for name in table.ids[where & ~low]:
            problems.add(
                f"reinforce_lines: line {name} is above 1 kV", expected="lines of low voltage, or add_parallel"
            )
    thinner = where & np.where(rank < 0, _resists_more(table, cables()[params.type]), rank < target)
    _need_some(thinner, "reinforce_lines", f"line chosen is {params.type}", "thicker")
    return _laid(city, thinner, np.full(len(table), target), code)


def reinforce_transformers(city: City, rows: NDArray[Any], params: ReinforceTransformers, code: int) -> City:
    """Return the city with stronger transformers in the rows chosen; those that are as large as asked for stay.

    The vector group stays, so that others still run in parallel; so do taps.

    Raises
    ------
    TwinError
        If every transformer chosen is, or if the standard one is made for other voltages.
    """
    table = city.table("transformer")
    where = chosen(table, rows)
    if params.add_parallel is not None:
        return city.with_table(_more(table, where, params.add_parallel, code))
    fits = _fitting(table)
    if params.type is None:
        grows = where & fits.any(axis=1)
        table = _more(table, where & ~grows, 1, code)
        return city.with_table(_put_in(table, grows, np.argmax(fits, axis=1), code))
    target = list(transformers()).index(params.type)
    larger = where & (table["s_rated_va"] < transformers()[params.type]["s_rated_va"])
    _need_some(larger, "reinforce_transformers", f"transformer chosen is as large as {params.type}", "larger")
    unfit = table.ids[larger & ~fits[:, target]]
    if len(unfit):
        message = f"reinforce_transformers: {params.type} has other rated voltages or phases than {first_few(unfit)}"
        raise TwinError(Problem(message, expected="another type, or add_parallel"))
    return city.with_table(_put_in(table, larger, np.full(len(table), target), code))


def _need_some(where: Mask, kind: str, all_are: str, more: str) -> None:
    if not where.any():
        raise TwinError(Problem(f"{kind}: every {all_are} or {more} already", expected="others, or add_parallel"))


def _rank(table: Table, names: Sequence[str]) -> Ints:
    """Return the place of each row's type among the standard ones, -1 for others, shape ``(n,)``."""
    of = table["type"] if "type" in table else np.full(len(table), "")
    kinds, which = np.unique(of, return_inverse=True)
    place = [names.index(kind) if kind in names else -1 for kind in kinds.tolist()]
    return np.array(place, dtype=np.int64)[which]


def _resists_more(table: Table, cable: dict[str, Any]) -> Mask:
    """Return which lines have more resistance than a cable, or one that is not known."""
    if "r_ohm_m" not in table:
        return np.ones(len(table), dtype=bool)
    return np.asarray(table.missing("r_ohm_m") | (table["r_ohm_m"] > cable["r_ohm_m"]))


def _fitting(table: Table) -> Mask:
    """Return which standard transformers, smallest first, are larger than each and could stand in for it.

    Shape ``(n, types)``.
    """
    size, high, low = (
        np.array([kind[name] for kind in transformers().values()])
        for name in ("s_rated_va", "hv_rated_v", "lv_rated_v")
    )
    alike = np.isclose(table["hv_rated_v"][:, None], high) & np.isclose(table["lv_rated_v"][:, None], low)
    whole = np.ones(len(table), dtype=bool)
    if "phases" in table:
        whole = table.missing("phases") | (table["phases"] == "abc")
    return np.asarray(alike & (table["s_rated_va"][:, None] < size) & whole[:, None])


def _more(table: Table, where: Mask, count: int, code: int) -> Table:
    return table.put(table.column("parallel"), table["parallel"] + count, code, where) if where.any() else table


def _laid(city: City, where: Mask, target: Ints, code: int) -> City:
    """Return the city with standard cables, by their place in the catalogue, in some lines.

    A line whose capacitance was left out stays without, so that all of a grid's cables are modelled alike.
    """
    if not where.any():
        return city
    table = _standard(city.table("line"), cables(), where, target, code, without=("c_f_m",))
    if "c_f_m" in table:
        values = _of_type(table, cables(), where, target, "c_f_m")
        table = table.put(table.column("c_f_m"), values, code, where & ~table.missing("c_f_m"))
    city = city.with_table(blanked(table, _OF_OTHER_CABLES, where))
    if "line_matrix" not in city.tables:
        return city
    matrix = city.table("line_matrix")
    return city.with_table(matrix.take(~where[matrix["line"]]))


def _put_in(table: Table, where: Mask, target: Ints, code: int) -> Table:
    """Return the table with standard transformers, by their place in the catalogue, in some rows."""
    if not where.any():
        return table
    table = _standard(table, transformers(), where, target, code, without=("vector_group",))
    return blanked(table, _OF_OTHER_TRANSFORMERS, where)


def _standard(table: Table, types: Types, where: Mask, target: Ints, code: int, without: Sequence[str]) -> Table:
    """Return a table with all that the catalogue knows of some rows' new types."""
    for name in next(iter(types.values())):
        if name not in without:
            values = _of_type(table, types, where, target, name)
            table = table.put(COLUMNS[table.name][name], values, code, where)
    return table


def _of_type(table: Table, types: Types, where: Mask, target: Ints, name: str) -> NDArray[Any]:
    """Return one property of the types that some rows shall have, shape ``(n,)``; of the first type elsewhere."""
    return column(types, np.array(list(types))[np.where(where, target, 0)], name)
