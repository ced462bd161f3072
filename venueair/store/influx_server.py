"""An InfluxDB as the settings name it, and whether it has and permits what a process needs.

Readings, minutes and hours have a bucket each, for each has a retention of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from venueair.store.influx_reader import DAY_S, Bucket, InfluxReader
from venueair.store.influx_writer import CONFIGURATION_S, StoreRetry
from venueair.store.line_protocol import READINGS, ROLLUPS

log = structlog.get_logger(__name__)

ENDINGS: Final = {READINGS: "", ROLLUPS[60]: "_1m", ROLLUPS[3600]: "_1h"}


@dataclass(frozen=True, slots=True)
class Server:
    """`write_token` may be "" where nothing is written, `read_token` where it is the same.

    `speaks_flux` False: a server that takes writes and answers nothing.
    """

    url: str
    org: str
    bucket: str
    write_token: str
    read_token: str = ""
    raw_days: int = 90
    minutes_days: int = 730
    hours_days: int = 3650
    speaks_flux: bool = True

    @property
    def buckets(self) -> dict[str, str]:
        """Name by measurement."""
        return {measurement: self.bucket + ending for measurement, ending in ENDINGS.items()}

    @property
    def days(self) -> dict[str, int]:
        """How long each bucket is to keep what it has, by its name."""
        keeps = (self.raw_days, self.minutes_days, self.hours_days)
        return dict(zip(self.buckets.values(), keeps, strict=True))

    def reader(self) -> InfluxReader:
        return InfluxReader(self.url, self.read_token or self.write_token, self.org)


def check(server: Server, reader: InfluxReader, *, may_write: bool) -> int | None:
    """ms that the bucket of readings keeps (None: for ever); makes missing ones. Raises StoreRetry."""
    reader.is_alive()
    if may_write:
        maker = InfluxReader(server.url, server.write_token, server.org)
        try:
            found = [
                reader.bucket(name) or maker.make_bucket(name, days) for name, days in server.days.items()
            ]
        finally:
            maker.close()
    else:
        found = [reader.bucket(name) for name in server.days]
    missing = [name for name, bucket in zip(server.days, found, strict=True) if bucket is None]
    if missing:
        raise StoreRetry(_missing_text(server, missing), "configuration", CONFIGURATION_S)
    for name in server.days:
        reader.may_read(name)
    buckets = [bucket for bucket in found if bucket is not None]
    if may_write:
        _compare(server, buckets)
    return None if buckets[0].keeps_s is None else buckets[0].keeps_s * 1000


def _compare(server: Server, buckets: Sequence[Bucket]) -> None:
    for bucket in buckets:
        days = server.days[bucket.name]
        if bucket.keeps_s != days * DAY_S:
            keeps = "for ever" if bucket.keeps_s is None else f"{bucket.keeps_s / DAY_S:g} days"
            said = f"it keeps {keeps}, venueair.toml says {days} days; the bucket's own rule holds"
            log.warning("bucket", name=bucket.name, problem=said)


def _missing_text(server: Server, missing: Sequence[str]) -> str:
    commands = "\n".join(
        f"  influx bucket create --org '{server.org}' --name {name} --retention {server.days[name]}d"
        for name in missing
    )
    return (
        f"there is no bucket {', '.join(missing)} that the store's tokens may see, and they may make none."
        f" With an operator's token run\n{commands}\n"
        "and let the tokens of ingest and api use them (docs/influxdb.md)."
    )
