"""A site whose sensor reads too much beside a reference, in a store: 24 days of five-minute readings."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from venueair.block import Block, Flag
from venueair.store.store import Store

T0 = 1_790_812_800_000  # 2026-10-01T00:00Z
HOUR = 3_600_000
DAYS = 24
STEP = 300_000
END = T0 + DAYS * 24 * HOUR
OFFSET, GAIN, HUMIDITY = -2.5, 0.62, -0.08  # what makes the sensor right

SITE = """data = "data"
[gateway]
venue = "expo"
[[venue]]
id = "expo"
name = { ko = "엑스포", en = "Expo" }
[[hall]]
id = "hall-a"
venue = "expo"
name = { ko = "A홀", en = "Hall A" }
[[zone]]
id = "stage"
hall = "hall-a"
name = { ko = "무대", en = "Stage" }
volume_m3 = 1200
[[sensor]]
id = "stage-pm"
zone = "stage"
model = "pms5003"
port = "/dev/serial/by-id/usb-1"
[[sensor]]
id = "stage-ref"
zone = "stage"
model = "canonical-node"
quantities = ["pm2_5"]
"""
_chance = np.random.default_rng(20_261_001)
T = np.arange(T0, END, STEP)
# Constant within each hour, so that hourly means keep the line exactly.
TRUTH = np.repeat(_chance.gamma(2, 12, DAYS * 24) + 5, HOUR // STEP)
RH = np.repeat(np.clip(45 + _chance.normal(0, 10, DAYS * 24), 15, 80), HOUR // STEP)
RAW = (TRUTH - OFFSET - HUMIDITY * RH) / GAIN


def rows(store: Store, device: str, quantity: str, raw, value=None, t=T) -> Block:
    block = Block.of(t, np.full(len(t), store.series(device, quantity)), raw)
    block.flag[:] = Flag.GOOD
    return Block(t, block.series, block.value if value is None else value, block.raw, block.flag, block.why)


def fill(store: Store) -> None:
    """The sensor's values are corrected wrongly; so are the raw ones of the reference."""
    store.write(
        Block.concat(
            [
                rows(store, "stage-pm", "pm2_5", RAW, value=RAW * 0 + 7),
                rows(store, "stage-pm", "humidity", RH),
                rows(store, "stage-ref", "pm2_5", TRUTH * 3, value=TRUTH),
            ]
        ),
        {},
    )


def write_reference(path: Path, *, late_h: int = 0) -> None:
    """Hourly means of the truth."""
    lines = ["time,value"]
    for t, value in zip(T[:: HOUR // STEP], TRUTH[:: HOUR // STEP], strict=True):
        when = datetime.fromtimestamp((int(t) + late_h * HOUR) / 1000, UTC)
        lines.append(f"{when:%Y-%m-%d %H:%M},{float(value)!r}")
    path.write_text("\n".join(lines), "utf-8-sig")
