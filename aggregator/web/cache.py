"""Rendered documents, the least recently used forgotten when they take too many bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """A mapping that holds at most `max_bytes`, as its users count them. For one thread."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.size = 0

    def get(self, key: K) -> V | None:
        """Return what is kept under the key, and count that as a use."""
        found = self._items.get(key)
        if found is None:
            return None
        self._items.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, *, size: int) -> None:
        """Keep a value of so many bytes; one that is larger than all the room is not kept."""
        self.drop(key)
        if size > self._max_bytes:
            return
        self._items[key] = (value, size)
        self.size += size
        while self.size > self._max_bytes:
            _, (_, freed) = self._items.popitem(last=False)
            self.size -= freed

    def drop(self, key: K) -> None:
        """Forget a key, if it is there."""
        _, freed = self._items.pop(key, (None, 0))
        self.size -= freed
