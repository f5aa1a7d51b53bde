"""What is made when it is first asked for, and long sequences of few different items."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lookup", "Made", "Once"]

Item = TypeVar("Item", covariant=True)


class Once(Generic[Item]):
    """What a function returns, which is called when that is first asked for."""

    def __init__(self, make: Callable[[], Item]) -> None:
        self._make: Callable[[], Item] | None = make
        self._made: Item

    def __call__(self) -> Item:
        """Return it."""
        if (make := self._make) is not None:
            self._made = make()  # in two threads at worst twice
            self._make = None  # and what it holds
        return self._made


class _Lazy(Sequence[Item], Generic[Item]):
    """What both have in common; equal to any sequence of equal items."""

    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def __iter__(self) -> Iterator[Item]: ...

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __repr__(self) -> str:
        return repr(list(self))


class Made(_Lazy[Item]):
    """Items that a function returns, which is called when one is first asked for."""

    def __init__(self, make: Callable[[], Sequence[Item]]) -> None:
        self._made = Once(make)

    @property
    def items(self) -> Sequence[Item]:
        """All of them."""
        return self._made()

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, k: int) -> Item: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[Item]: ...
    def __getitem__(self, k: int | slice) -> Item | Sequence[Item]:
        return self.items[k]

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)


class Lookup(_Lazy[Item]):
    """A long sequence of few different items, which are held once: item ``k`` is ``items[numbers[k]]``.

    Parameters
    ----------
    numbers
        Shape ``(n,)``; negative ones count from the end.
    """

    def __init__(self, items: Sequence[Item], numbers: NDArray[np.integer[Any]]) -> None:
        self.items, self.numbers = items, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, k: int) -> Item: ...
    @overload
    def __getitem__(self, k: slice) -> Lookup[Item]: ...
    def __getitem__(self, k: int | slice) -> Item | Lookup[Item]:
        return self.take(k) if isinstance(k, slice) else self.items[int(self.numbers[k])]

    def __iter__(self) -> Iterator[Item]:
        items = self.items.items if isinstance(self.items, Made) else self.items
        return map(items.__getitem__, self.numbers.tolist())

    def take(self, rows: Any) -> Lookup[Item]:
        """Return the chosen items (indices, a mask or a slice)."""
        return Lookup(self.items, self.numbers[rows])
