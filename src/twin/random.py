"""Random numbers that belong to what they are drawn for, not to the order of drawing.

A stream is keyed by the run's seed, its purpose and an entity's id, so that adding a simulator, an entity or an
option never changes another's draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Streams", "entity_keys", "uniform"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _digest(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def entity_keys(ids: Sequence[str]) -> NDArray[np.uint64]:
    """Return one stable 64-bit key per identifier, shape ``(n,)``."""
    return np.array([int.from_bytes(_digest(i, 8), "little") for i in ids], dtype=np.uint64)


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(
    seed: int, purpose: str, keys: NDArray[np.uint64], counter: int | NDArray[np.int64] = 0
) -> NDArray[np.float64]:
    """Draw one number in [0, 1) per key and counter, which broadcast, depending on nothing but the arguments.

    SplitMix64 (Steele, Lea & Flood 2014, doi 10.1145/2660193.2660195) used as a counter-based generator.
    """
    salt = np.frombuffer(_digest(f"{seed}/{purpose}", 8), dtype=np.uint64)
    with np.errstate(over="ignore"):
        state = _mix(np.asarray(keys, dtype=np.uint64) + salt)
        state = _mix(state + (np.asarray(counter).astype(np.uint64) + np.uint64(1)) * _GOLDEN)
    return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53


class Streams:
    """Generators keyed by purpose and entity, for event simulators."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def generator(self, purpose: str, entity: str = "") -> np.random.Generator:
        """Return the generator of one entity for one purpose; the same arguments give the same stream."""
        key = np.frombuffer(_digest(f"{purpose}\0{entity}", 16), dtype=np.uint32)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=tuple(int(k) for k in key)))
