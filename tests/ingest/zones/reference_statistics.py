"""Statistics of windows once more, value by value and without numpy: what the vectorised are held against."""

from dataclasses import dataclass, field
from statistics import median

MINUTE = 60_000


@dataclass
class Reference:
    signals: list[tuple[int, str, int, int]]  # source, kind, minutes, s between readings
    seen: dict[int, dict[int, tuple[float, int]]] = field(default_factory=dict)  # source -> t -> value, flag
    said: list[tuple[int, int, float, int]] = field(default_factory=list)  # signal, t, value, flag

    def take(self, source: int, t: int, value: float, flag: int) -> None:
        seen = self.seen.setdefault(source, {})
        seen[t] = (value, flag)
        for signal, (mine, kind, minutes, interval_s) in enumerate(self.signals):
            if mine != source:
                continue
            if kind == "value":
                self.said.append((signal, t, value, flag))
            elif kind == "rise" and t - MINUTE in seen:
                before = seen[t - MINUTE]
                self.said.append((signal, t, value - before[0], max(flag, before[1])))
            elif kind != "rise" and t % MINUTE == 0:
                window = [seen[u] for k in range(minutes) if (u := t - k * MINUTE) in seen]
                expected = minutes if interval_s <= 60 else max(minutes * 60 // interval_s, 1)
                if len(window) >= 0.75 * expected:
                    suspect = sum(f == 3 for _, f in window) > len(window) / 2
                    self.said.append((signal, t, self._of(kind, [v for v, _ in window]), 3 if suspect else 1))

    def _of(self, kind: str, values: list[float]) -> float:
        if kind == "mean":
            return sum(round(value * 1e6) for value in values) / (len(values) * 1e6)
        return median(values) if kind == "median" else max(values)
