"""LiveValues: the newest known value of every series, as ingest published it, and how old it is.

A value is *current* when it came in a message that was not retained, is not older than the bound below, and
is not from the future. Everything else is only *last known* and is never called good. The bound is
max(3 x interval, 60 s) in hall time, and at least three live messages, which come once a real second.
"""

import threading
from dataclasses import dataclass
from math import isfinite
from typing import Final

from venueair.block import Flag
from venueair.messages import LeftOut, Live

MIN_BOUND_S: Final = 60.0
AHEAD_S: Final = 60.0  # a value further in the future has a time that cannot be trusted
_WORDS: Final = {flag.value: flag.name.lower() for flag in Flag}


def quality_word(flag: int) -> str:
    """good, not_evaluated, suspect, fail or missing; a code that is not ours is not_evaluated."""
    return _WORDS.get(flag, "not_evaluated")


def stale_bound_s(interval_s: float | None, speed: float) -> float:
    return max(3 * (interval_s or 0.0), MIN_BOUND_S, 3 * speed)


@dataclass(frozen=True, slots=True)
class Latest:
    t: int  # ms UTC
    value: float | None
    flag: int
    retained: bool = False
    left_out: tuple[LeftOut, ...] = ()  # sensors that this value, of a zone, leaves out or doubts

    def age_s(self, now: int) -> float:
        return (now - self.t) / 1000

    def is_stale(self, now: int, bound_s: float) -> bool:
        return self.retained or not -AHEAD_S <= self.age_s(now) <= bound_s

    def is_good(self, now: int, bound_s: float) -> bool:
        return self.flag == Flag.GOOD and self.value is not None and not self.is_stale(now, bound_s)


class LiveValues:
    """May be used from any thread. Keys are "source quantity"."""

    def __init__(self) -> None:
        self._latest: dict[str, Latest] = {}
        self._newest_by_source: dict[str, int] = {}
        self._lock = threading.Lock()

    def update(self, live: Live, now: int, *, retained: bool = False) -> list[int]:
        """Takes what is new; returns the positions in the columns of what changed.

        Columns of unequal length are refused whole (ValueError): which value is whose cannot be known.
        """
        lengths = {len(live.series), len(live.t), len(live.value), len(live.flag)}
        if len(lengths) != 1:
            raise ValueError(f"a live message has columns of unequal length {sorted(lengths)}")
        taken = []
        columns = zip(live.series, live.t, live.value, live.flag, strict=True)
        with self._lock:
            for i, (series, t, value, flag) in enumerate(columns):
                known = self._latest.get(series)
                # A known time in the future must not keep out all that comes after it.
                if known and t < known.t <= now + AHEAD_S * 1000:
                    continue
                aside = tuple(live.left_out.get(series, ()))
                is_number = value is not None and isfinite(value)
                shown = (value, flag) if is_number else (None, Flag.MISSING)
                new = Latest(t, *shown, retained, aside)
                if new == known:
                    continue
                self._latest[series] = new
                source = series.partition(" ")[0]
                self._newest_by_source[source] = max(t, self._newest_by_source.get(source, t))
                taken.append(i)
        return taken

    def latest(self) -> dict[str, Latest]:
        with self._lock:
            return dict(self._latest)

    def last_seen(self, source: str) -> int | None:
        """Newest sample time of a device or zone, ms UTC."""
        with self._lock:
            return self._newest_by_source.get(source)
