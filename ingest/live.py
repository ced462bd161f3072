"""Newest value of every series, in arrays, and what of it changed since it was last told."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from venueair.block import Block, Why
from venueair.messages import LeftOut, Live

LINES_PER_MESSAGE: Final = 500  # of the longest names they fill 64 KiB; one that is left out is two
NONE_LEFT_OUT: Final[Mapping[str, list[LeftOut]]] = MappingProxyType({})


class Latest:
    def __init__(self) -> None:
        self._rows = Block.empty()
        self._changed = np.zeros(0, dtype=np.bool_)

    def update(self, rows: Block) -> None:
        """Late rows and those of wrong clocks are history, never the latest."""
        is_live = (rows.why & (Why.LATE | Why.CLOCK)) == 0
        rows = (rows if is_live.all() else rows.where(is_live)).sorted()
        if not len(rows):
            return
        last = rows.where(np.append(rows.series[1:] != rows.series[:-1], True))
        self._grow(int(last.series[-1]) + 1)
        last = last.where(last.t >= self._rows.t[last.series])
        for mine, new in (
            (self._rows.t, last.t),
            (self._rows.value, last.value),
            (self._rows.flag, last.flag),
        ):
            mine[last.series] = new
        self._changed[last.series] = True

    def tell(
        self,
        names: list[tuple[str, str]],
        sources: set[str],
        left_out: Mapping[str, list[LeftOut]] = NONE_LEFT_OUT,
        *,
        full: bool,
    ) -> Live | None:
        """What changed of these sources (all of it when `full`), and forgets that it changed.

        `left_out` by series of zones; those of what is told here go with it.
        """
        wanted = np.flatnonzero((self._rows.t > 0) & (self._changed | full))
        mine = np.array([n for n in wanted.tolist() if names[n][0] in sources], dtype=np.int64)
        if not len(mine) and not full:
            return None
        self._changed[mine] = False
        value = self._rows.value[mine]
        series = [" ".join(names[n]) for n in mine.tolist()]
        return Live(
            series=series,
            t=self._rows.t[mine].tolist(),
            value=[None if np.isnan(x) else x for x in value.tolist()],
            flag=self._rows.flag[mine].tolist(),
            full=full,
            left_out={name: left_out[name] for name in series if name in left_out} if left_out else {},
        )

    def _grow(self, size: int) -> None:
        more = size - len(self._rows)
        if more > 0:
            room = Block.of(np.zeros(more), np.arange(len(self._rows), size), np.full(more, np.nan))
            self._rows = Block.concat([self._rows, room])
            self._changed = np.concatenate([self._changed, np.zeros(more, dtype=np.bool_)])


def in_parts(live: Live) -> Iterator[Live]:
    """Messages that are no longer than one may be; of nothing it is one too."""
    start = lines = 0
    for n, series in enumerate(live.series):
        aside = live.left_out.get(series)
        more = 2 + 2 * len(aside) if aside else 1
        if lines and lines + more > LINES_PER_MESSAGE:
            yield _part(live, start, n)
            start, lines = n, 0
        lines += more
    yield _part(live, start, len(live.series))


def _part(live: Live, start: int, end: int) -> Live:
    part = slice(start, end)
    series = live.series[part]
    return Live(
        series=series,
        t=live.t[part],
        value=live.value[part],
        flag=live.flag[part],
        full=live.full,
        left_out={name: live.left_out[name] for name in series if name in live.left_out},
    )
