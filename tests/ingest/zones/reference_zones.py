"""Zone values once more, reading by reading and without numpy: what the vectorised ones are held against."""

from dataclasses import dataclass, field
from statistics import median

from venueair.block import Flag, Why

STEP, WINDOW, GRACE, HOLD = 5_000, 60_000, 15_000, 1_800_000
AGAINST = (
    Why.FLAT_LINE, Why.FLOOR, Why.ORDER, Why.CROSS_SENSOR, Why.HUMID, Why.INTERFERENCE, Why.DEVICE_FAULT,
    Why.BELOW_OUTDOOR,
)  # fmt: skip
DISAGREES = 65536


@dataclass
class Row:
    t: int
    value: float
    flag: int
    why: int


@dataclass
class Sensor:
    rows: list[Row] = field(default_factory=list)
    newest: int | None = None
    finding: str = ""
    since: int = 0
    step: int | None = None
    verdict: str = ""

    def window(self, t: int) -> list[Row]:
        return [r for r in self.rows if t - WINDOW < r.t <= t and r.flag in (Flag.GOOD, Flag.SUSPECT)]

    def find(self, t: int, finding: str) -> None:
        if finding != self.finding or self.step is None or t - self.step != STEP:
            self.since = t
        self.finding, self.step = finding, t
        if t - self.since < HOLD:
            return
        if finding == "agrees":
            self.verdict = ""
        elif finding == "deviates" or (finding == "one of two" and self.verdict != "out"):
            self.verdict = "out" if finding == "deviates" else "disagrees"


@dataclass
class Reference:
    zone_of: dict[int, int]
    accuracy: float
    share: float
    sensors: dict[int, Sensor] = field(default_factory=dict)
    said: dict[int, int] = field(default_factory=dict)
    values: list[tuple[int, int, float, int, int]] = field(default_factory=list)  # zone, t, value, flag, why
    means: list[tuple[int, int, float, int, int]] = field(default_factory=list)  # the same of sensors
    reflagged: list[tuple[int, int, int, int]] = field(default_factory=list)  # sensor, t, flag, why
    passed: list[tuple[int, int]] = field(default_factory=list)
    left_out: dict[int, int] = field(default_factory=dict)
    since: dict[int, int] = field(default_factory=dict)  # of those in left_out

    def take(self, series: int, t: int, value: float, flag: int, why: int) -> None:
        zone, sensor = self.zone_of[series], self.sensors.setdefault(series, Sensor())
        if t <= max(self.said.get(zone, t - 1), t - 1 if sensor.newest is None else sensor.newest):
            self.passed.append((series, t))
            return
        sensor.rows.append(Row(t, value, flag, why))
        sensor.newest = t
        mine = {s: self.sensors[s] for s in sorted(self.sensors) if self.zone_of[s] == zone}
        times = [s.newest for s in mine.values() if s.newest is not None]
        until = (max(min(times), max(times) - GRACE) - 1) // STEP * STEP
        start = max(
            self.said.get(zone, 0), (min(r.t for s in mine.values() for r in s.rows) - 1) // STEP * STEP
        )
        for step in range(start + STEP, until + 1, STEP):
            self._step(zone, step, {n: s for n, s in mine.items() if s.window(step)})
        said = self.said[zone] = max(self.said.get(zone, until), until)
        for s in mine.values():
            s.rows = [r for r in s.rows if r.t > said - WINDOW]

    def _step(self, zone: int, t: int, mine: dict[int, Sensor]) -> None:
        if not mine:
            return
        windows = {n: s.window(t) for n, s in mine.items()}
        mean = {n: sum(round(r.value * 1e6) for r in w) / (len(w) * 1e6) for n, w in windows.items()}
        share = {n: sum(not any(r.why & a for a in AGAINST) for r in w) / len(w) for n, w in windows.items()}
        good = {n: any(r.why & ~Why.SPIKE == 0 for r in w) for n, w in windows.items()}
        clean = [n for n in mine if share[n]]
        for n, finding in self._compare({n: mean[n] for n in clean}).items():
            mine[n].find(t, finding)
        for n in set(mine) - set(clean):
            mine[n].find(t, "alone")
        trusted = [n for n in clean if mine[n].verdict != "out"]
        voters = trusted if self._suffice(clean, trusted, mean) else clean or list(mine)
        value = self._middle({n: mean[n] for n in voters}, {n: len(windows[n]) for n in voters}, share)
        at_odds = sum(mine[n].verdict == "disagrees" for n in voters) > 1
        suspect = at_odds or not trusted or not any(good[n] for n in voters)
        self.values.append((zone, t, value, 3 if suspect else 1, Why.CROSS_SENSOR if at_odds else 0))
        for n, sensor in mine.items():
            out = sensor.verdict == "out"
            cross = Why.CROSS_SENSOR if out else 0
            self.means.append((n, t, mean[n], 3 if out or not good[n] else 1, cross))
            bits = (0 if n in voters else cross) | (
                DISAGREES if at_odds and sensor.verdict == "disagrees" else 0
            )
            if n not in clean and n not in voters:
                bits |= windows[n][-1].why & sum(AGAINST)
            self.left_out.pop(n, None)
            if bits:
                self.left_out[n] = bits
                self.since.setdefault(n, t)
            else:
                self.since.pop(n, None)
            if out:
                rows = [r for r in windows[n] if r.t > t - STEP]
                self.reflagged += [(n, r.t, max(r.flag, 3), r.why | Why.CROSS_SENSOR) for r in rows]

    def _limit(self, middle: float) -> float:
        return 2 * (self.accuracy + self.share * abs(middle))

    def _compare(self, mean: dict[int, float]) -> dict[int, str]:
        if len(mean) < 2:
            return dict.fromkeys(mean, "alone")
        middle = median(mean.values())
        if max(mean.values()) - min(mean.values()) <= self._limit(middle):
            return dict.fromkeys(mean, "agrees")
        if len(mean) == 2:
            return dict.fromkeys(mean, "one of two")
        away = {n: abs(x - middle) for n, x in mean.items()}
        limit = max(3 * 1.4826 * median(away.values()), self._limit(middle))
        return {n: "deviates" if d > limit else "agrees" for n, d in away.items()}

    def _suffice(self, clean: list[int], trusted: list[int], mean: dict[int, float]) -> bool:
        if len(clean) <= 2 or len(trusted) != 2:
            return len(trusted) > 2 or (len(clean) <= 2 and len(trusted) > 0)
        a, b = (mean[n] for n in trusted)
        return abs(a - b) <= self._limit((a + b) / 2)

    def _middle(self, mean: dict[int, float], rows: dict[int, int], share: dict[int, float]) -> float:
        if len(mean) <= 2:
            return median(mean.values())
        # A weight is half for having spoken, half by the clean share, in whole 1024ths rounded up.
        weight = {n: 1024 + -(-1024 * round(share[n] * rows[n]) // rows[n]) for n in mean}
        order, total, upto = sorted(mean, key=mean.__getitem__), sum(weight.values()), 0
        low = high = None
        for n in order:
            upto += weight[n]
            low = mean[n] if low is None and 2 * upto >= total else low
            high = mean[n] if high is None and 2 * upto > total else high
        return (low + high) / 2
