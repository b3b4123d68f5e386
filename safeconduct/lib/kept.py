"""Values kept in the process for a while. Not shared between processes, empty after a start."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The values used last, each for so many seconds. Safe among threads; a value may be made twice, never mixed."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._rows: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """The value, None when there is none or it is too old."""
        with self._lock:
            row = self._rows.get(key)
            if row is None or time.monotonic() - row[0] > self._seconds:
                return None
            self._rows.move_to_end(key)
            return row[1]

    def put(self, key: Hashable, value: T) -> T:
        """Keep a value; the least used one goes when there are too many."""
        with self._lock:
            self._rows[key] = (time.monotonic(), value)
            self._rows.move_to_end(key)
            while len(self._rows) > self._most:
                self._rows.popitem(last=False)
        return value

    def of(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value, made when it is not kept."""
        kept = self.get(key)
        return kept if kept is not None else self.put(key, make())

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._rows.clear()
