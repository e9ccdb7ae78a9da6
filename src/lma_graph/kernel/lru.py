"""A least-recently-used cache bounded by number and by weight. Enter at `BoundedLru`."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedLru(Generic[K, V]):
    """Keeps what was used last, up to `max_items` values whose weights sum up to at most `max_weight` bytes.

    Clients choose the keys, so both bounds matter: a thousand small values are harmless, a thousand large
    ones are not. A value heavier than an eighth of the whole is not kept at all, so that one request
    cannot push out everybody else's.
    """

    def __init__(self, *, max_items: int, max_weight: int) -> None:
        self._max_items = max_items
        self._max_weight = max_weight
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: K) -> bool:
        return key in self._values

    @property
    def weight(self) -> int:
        """Sum of the weights of what is kept, in bytes."""
        return self._weight

    def get(self, key: K) -> V | None:
        """The value, which thereby becomes the last to be dropped; None if it is not kept."""
        entry = self._values.get(key)
        if entry is None:
            return None
        self._values.move_to_end(key)
        return entry[0]

    def put(self, key: K, value: V, weight: int) -> bool:
        """Keep a value of so many bytes, dropping the longest unused; False if it is too heavy to keep."""
        self._drop(key)
        if weight > self._max_weight // 8 or self._max_items < 1:
            return False
        self._values[key] = (value, weight)
        self._weight += weight
        while self._weight > self._max_weight or len(self._values) > self._max_items:
            self._drop(next(iter(self._values)))
        return True

    def _drop(self, key: K) -> None:
        entry = self._values.pop(key, None)
        if entry is not None:
            self._weight -= entry[1]
