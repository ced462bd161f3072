"""Threshold detection once more, row by row and without numpy: what the vectorised one is held against."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Channel:
    signal: int
    ladder: int
    level: int
    limit: float
    clear_at: float
    above: bool
    on_ms: int
    off_ms: int
    samples: int
    gap_ms: int = 180_000


@dataclass
class Standing:
    on: bool = False
    since: int | None = None
    count: int = 0


@dataclass
class Reference:
    channels: list[Channel]
    edges: list[tuple[int, int, int, float, float]] = field(default_factory=list)
    last: dict[int, float] = field(default_factory=dict)

    def __post_init__(self):
        self.state = [Standing() for _ in self.channels]

    def take(self, signal: int, t: int, value: float) -> None:
        last = self.last.get(signal, -math.inf)
        if t <= last:
            return
        self.last[signal], pause = t, t - last
        for ladder in sorted({c.ladder for c in self.channels if c.signal == signal}):
            mine = [(c, s) for c, s in zip(self.channels, self.state, strict=True) if c.ladder == ladder]
            before = max((c.level for c, s in mine if s.on), default=0)
            turned = [c for c, s in mine if self._turns(c, s, t, value, pause)]
            now = max((c.level for c, s in mine if s.on), default=0)
            if now != before:
                self.edges.append((t, ladder, now, value, turned[-1].limit))

    def _turns(self, c: Channel, s: Standing, t: int, value: float, pause: float) -> bool:
        edge = c.clear_at if s.on else c.limit
        wants = value > edge if c.above != s.on else value < edge
        if pause > c.gap_ms or not wants:
            s.since, s.count = None, 0
        if wants:
            s.since, s.count = t if s.since is None else s.since, s.count + 1
        long = wants and t - s.since >= (c.off_ms if s.on else c.on_ms)
        if not long or not (s.on or s.count >= c.samples):
            return False
        s.on, s.since, s.count = not s.on, None, 0
        return True
