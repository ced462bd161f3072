"""Rows of two devices for the tests of quality, and both ways of judging them."""

from itertools import groupby, pairwise

import numpy as np

from ingest.quality import Limits, State, judge
from tests.ingest.quality.reference_quality import Reference, Row
from venueair.block import Block

T0 = 1_795_392_000_000  # 2026-11-23 00:00 UTC: all windows begin here
SERIES = [
    (device, quantity)
    for device in ("a", "b")
    for quantity in (
        "hcho",
        "pm10",
        "pm1",
        "pm2_5",
        "co2",
        "voc_index",
        "dew_point",
        "humidity",
        "temperature",
        "tvoc",
        "pressure",
        "fire",
    )
]
NUMBER = {name: n for n, name in enumerate(SERIES)}
LIMITS = Limits.of(SERIES)

Reading = tuple[str, str, int, float, int]  # device, quantity, t, raw, why
Flags = dict[tuple[str, str, int], tuple[int, int]]


def block_of(readings: list[Reading]) -> Block:
    """Sorted; of readings with one key the last."""
    rows = {(NUMBER[device, q], t): (raw, why) for device, q, t, raw, why in readings}
    keys = sorted(rows)
    block = Block.of([t for _, t in keys], [s for s, _ in keys], [rows[key][0] for key in keys])
    block.why[:] = [rows[key][1] for key in keys]
    return block


def flags_of(block: Block) -> Flags:
    """Of rows with one key the last."""
    columns = (block.series.tolist(), block.t.tolist(), block.flag.tolist(), block.why.tolist())
    return {(*SERIES[s], t): (flag, why) for s, t, flag, why in zip(*columns, strict=True)}


def judged(blocks: list[list[Reading]], state: State | None = None) -> Flags:
    state, flags = state or State(), {}
    for readings in blocks:
        before = block_of(readings)
        kept = before.take(np.arange(len(before)))
        block = judge(before, state, LIMITS)
        assert_sorted(block)
        assert_equal(before, kept)
        flags |= flags_of(block)
    return flags


def reference(blocks: list[list[Reading]]) -> Flags:
    scalar = Reference(set(SERIES))
    for readings in blocks:
        last = {reading[:3]: reading for reading in readings}
        scalar.take([Row(*reading) for reading in last.values()])
    return scalar.flags


def cut(readings: list[Reading], cuts: list[int]) -> list[list[Reading]]:
    """Anywhere, also into blocks of one reading and of none."""
    bounds = [0, *sorted(at % (len(readings) + 1) for at in cuts), len(readings)]
    return [readings[start:end] for start, end in pairwise(bounds)]


def cut_between_times(readings: list[Reading], cuts: list[int]) -> list[list[Reading]]:
    """Rows of one message stay together."""
    messages = [list(message) for _, message in groupby(readings, key=lambda reading: reading[2])]
    bounds = [0, *sorted(at % (len(messages) + 1) for at in cuts), len(messages)]
    return [[r for message in messages[start:end] for r in message] for start, end in pairwise(bounds)]


def series(quantity: str, values: list[float], every_s: float, start_s: float = 0) -> list[Reading]:
    return [
        ("a", quantity, T0 + int((start_s + n * every_s) * 1000), value, 0) for n, value in enumerate(values)
    ]


def by_time(*streams: list[Reading]) -> list[Reading]:
    return sorted((reading for stream in streams for reading in stream), key=lambda reading: reading[2])


def assert_sorted(block: Block) -> None:
    keys = list(zip(block.series.tolist(), block.t.tolist(), strict=True))
    assert keys == sorted(keys)


def assert_equal(left: Block, right: Block) -> None:
    for name in ("t", "series", "value", "raw", "flag", "why"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))
