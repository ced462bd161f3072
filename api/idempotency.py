"""Idempotency-Key: the same request sent twice acts once. The last LIMIT keys since the start are kept."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

LIMIT: Final = 1000


class KeyReusedError(Exception):
    """The key was used before for another request."""


class Idempotency:
    def __init__(self) -> None:
        self._done: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()
        self._lock = threading.Lock()

    def once(self, principal: str, key: str | None, request: str, act: Callable[[], str]) -> str:
        """The result of `act`, or that of the first time. What raised may be tried again.

        `request` is all that the request says; raises KeyReusedError when it differs from the first one's.
        """
        if key is None:
            return act()
        with self._lock:  # also while acting: the second of two at once must wait for the first
            known = self._done.get((principal, key))
            if known is not None:
                if known[0] != request:
                    raise KeyReusedError(f"the Idempotency-Key {key[:40]!r} was used for another request")
                return known[1]
            result = act()
            self._done[principal, key] = (request, result)
            while len(self._done) > LIMIT:
                self._done.popitem(last=False)
            return result
