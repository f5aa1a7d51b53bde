"""Between which nodes the elements of a feeder lie, and the tables' words for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from twin.grid.formats.opendss_elements import Terminal, Transformer, Winding

__all__ = ["letters", "lone_stars", "pairs_of", "vector_group"]

Pair = tuple[int, int]
_THREE = {1: "a", 2: "b", 3: "c"}
_PAIRS = {frozenset((1, 2)): "ab", frozenset((2, 3)): "bc", frozenset((1, 3)): "ca"}
# Hour of a unit with one winding from a phase to ground, by where the other winding begins and ends: so many phases
# after that one (IEC 60076-1: Yd1 has a to ground beside a - b, Dy1 a - c beside a to ground)
_STAR_DELTA = {(0, 1): 1, (0, 2): 11, (1, 0): 7, (2, 0): 5}
_DELTA_STAR = {(0, 2): 1, (0, 1): 11, (2, 0): 7, (1, 0): 5}


def pairs_of(at: Terminal, phases: int, delta: bool) -> list[tuple[int, int]]:
    """Return the pairs of nodes between which an element lies; a delta of one or two phases is open."""
    if not delta:
        *live, neutral = at.nodes(phases, phases + 1)
        return [(node, neutral) for node in live]
    nodes = at.nodes(phases, 3 if phases > 1 else 2)
    return list(pairwise(nodes)) + ([(nodes[2], nodes[0])] if phases == 3 else [])


def lone_stars(transformers: Sequence[Transformer]) -> list[Transformer]:
    """Return transformers in which stars whose neutral is a node of no other winding float, its node left out."""
    neutrals = {
        (one.name, k): neutral
        for one in transformers
        for k, winding in enumerate(one.windings)
        if (neutral := _neutral(one, winding)) is not None
    }
    count = Counter(neutrals.values())
    made = []
    for one in transformers:
        windings = [
            replace(winding, at=Terminal(winding.at.bus, winding.at.given[:3]), floats=True)
            if count[neutrals.get((one.name, k), ("", 0))] == 1
            else winding
            for k, winding in enumerate(one.windings)
        ]
        made.append(replace(one, windings=tuple(windings)))
    return made


def _neutral(transformer: Transformer, winding: Winding) -> tuple[str, int] | None:
    """Return the node that the neutral of a star of three phases is, if it has one of its own."""
    node = winding.at.nodes(3, 4)[3]
    own = transformer.phases == 3 and not winding.delta and node > 3
    return (winding.at.bus, node) if own else None


def letters(pairs: Sequence[Pair]) -> str | None:
    """Return the phases that pairs of nodes cover in the tables' words, None if there is no word for them."""
    live = sorted({node for pair in pairs for node in pair if node})
    grounded = all(0 in pair for pair in pairs)
    if len(pairs) != len({frozenset(pair) for pair in pairs}):
        return None
    if len(live) == 1 and grounded:
        return _THREE[live[0]]
    if len(live) == 2 and len(pairs) == (2 if grounded else 1):
        return _PAIRS[frozenset(live)]
    return "abc" if len(live) == 3 and len(pairs) == 3 else None


def vector_group(high: Sequence[Pair], low: Sequence[Pair], low_side_leads: bool = False) -> tuple[str, str]:
    """Return vector group and phases of a transformer whose windings lie between these pairs of nodes.

    Two empty texts if there are no words for it.

    Parameters
    ----------
    low_side_leads
        Whether the low side of three phases in star and delta leads instead of lagging.
    """
    sides = letters(high), letters(low)
    star = [all(0 in pair for pair in pairs) for pairs in (high, low)]
    if len(high) > 1:
        hour = 0 if star[0] == star[1] else (11 if low_side_leads else 1)
        alike = sides[0] == sides[1] and (len(high) == 3 or all(star))
        in_order = [pair[0] for pair in high] == [pair[0] for pair in low]
        return (_name(star, hour), sides[0] or "") if alike and in_order else ("", "")
    return _of_one(high[0], low[0], star)


def _of_one(high: Pair, low: Pair, star: Sequence[bool]) -> tuple[str, str]:
    if star[0] == star[1]:
        if frozenset(high) != frozenset(low):
            return "", ""
        return _name(star, 0 if high == low else 6), letters([high]) or ""
    (grounded, between), hours = ((high, low), _STAR_DELTA) if star[0] else ((low, high), _DELTA_STAR)
    if grounded[0] == 0:  # turned round, as the other one then is
        grounded, between = (grounded[1], 0), (between[1], between[0])
    steps = (between[0] - grounded[0]) % 3, (between[1] - grounded[0]) % 3
    return (_name(star, hours[steps]), letters([between]) or "") if steps in hours else ("", "")


def _name(star: Sequence[bool], hour: int) -> str:
    return f"{'YN' if star[0] else 'D'}{'yn' if star[1] else 'd'}{hour}"
