"""Sensors whose readings have failed a test for long, and wrong clocks: which alarms should stand. Pure.

Per series the newest reading decides, and since when, in event time, it and those before it failed the same
test. One alarm per device and reason, however many of its quantities fail.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ingest.equipment import ALL, Wanted, of_device, standing
from ingest.silence import Expected
from venueair.block import Block, Flag, Int64, Why
from venueair.equipment_alarms import FAULTS
from venueair.messages import AlarmEdge

RULES: Final = frozenset(FAULTS.values())
FOR_MS: Final = 1_800_000
_TESTS: Final = tuple(FAULTS)
_ANY: Final = np.uint16(sum(FAULTS))
_NEVER: Final = -(2**62)

Doubt = Mapping[tuple[str, str], Mapping[Why, int]]
"""(device, quantity) -> test -> since when it fails, ms UTC; only what fails now."""


class Doubts:
    """By series number: the newest t, and since when each test fails. Changes in place."""

    def __init__(self) -> None:
        self._last: Int64 = np.full(0, _NEVER)
        self._since: Int64 = np.full((0, len(_TESTS)), _NEVER)

    def update(self, rows: Block) -> None:
        """`rows` with their final flags, in any order. Missing and late ones say nothing about now."""
        rows = rows.where((rows.flag != Flag.MISSING) & ((rows.why & Why.LATE) == 0)).sorted()
        if not len(rows):
            return
        self._grow(int(rows.series[-1]) + 1)
        if not (rows.why & _ANY).any():
            self._all_well(rows.where(np.append(rows.series[1:] != rows.series[:-1], True)))
            return
        rows = rows.where(rows.t >= self._last[rows.series])
        if not len(rows):
            return
        first = np.flatnonzero(np.append(True, rows.series[1:] != rows.series[:-1]))
        last = np.append(first[1:], len(rows)) - 1
        series = rows.series[first]
        nth = np.arange(len(rows))
        for column, test in enumerate(_TESTS):
            fails = (rows.why & test) != 0
            passed = np.maximum.reduceat(np.where(fails, -1, nth), first)  # the last that did; -1: none
            before = self._since[series, column]
            began = rows.t[np.minimum(np.where(passed < 0, first, passed + 1), last)]
            since = np.where((passed < 0) & (before != _NEVER), before, began)
            self._since[series, column] = np.where(fails[last], since, _NEVER)
        self._last[series] = rows.t[last]

    def _all_well(self, newest: Block) -> None:
        """One row of each series, which fails nothing."""
        is_newer = newest.t >= self._last[newest.series]
        series = newest.series[is_newer]
        self._last[series] = newest.t[is_newer]
        self._since[series] = _NEVER

    def of(self, names: Sequence[tuple[str, str]]) -> Doubt:
        """`names`: (source, quantity) by series number."""
        rows, columns = np.nonzero(self._since != _NEVER)
        found: dict[tuple[str, str], dict[Why, int]] = {}
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            found.setdefault(names[row], {})[_TESTS[column]] = int(self._since[row, column])
        return found

    def _grow(self, size: int) -> None:
        if size > len(self._last):
            room = max(size, 2 * len(self._last)) - len(self._last)
            self._last = np.append(self._last, np.full(room, _NEVER))
            self._since = np.concatenate([self._since, np.full((room, len(_TESTS)), _NEVER)])


def faulty(
    doubt: Doubt,
    expected: Mapping[str, Expected],
    heard: Mapping[tuple[str, str], int],
    now_ms: int,
    open_alarms: Mapping[str, AlarmEdge],
) -> set[Wanted]:
    """The fault alarms that should stand: what has failed for FOR_MS (a wrong clock: at once).

    What stands open ends when no reading of the device fails that test any more; as long as nothing of the
    device was `heard` since the start (as for silence), it stays.
    """
    failing: dict[tuple[str, Why], dict[str, int]] = {}
    for (device, quantity), tests in doubt.items():
        for test, since in tests.items():
            if device in expected:
                failing.setdefault((device, test), {})[quantity] = since
    stands = {alarm.alarm: alarm for alarm in standing(open_alarms, RULES)}
    found = {
        alarm
        for alarm in stands.values()
        if (what := expected.get(alarm.scope)) and not any((alarm.scope, q) in heard for q in what.quantities)
    }
    for (device, test), since_of in failing.items():
        quantity = next(iter(since_of)) if len(since_of) == 1 else ALL
        alarm = of_device(FAULTS[test], device, quantity)
        is_due = test is Why.CLOCK or now_ms - min(since_of.values()) >= FOR_MS
        if is_due or alarm.alarm in stands:
            found.add(stands.get(alarm.alarm, alarm))
    return found
