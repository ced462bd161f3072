"""Lines of line protocol, the writer they go through, and what arrived."""

import pytest

from tests.fake_influx import FakeInflux
from venueair.store.influx_writer import InfluxWriter, StoreRetry
from venueair.store.store import StoreError

T0 = 1_795_447_518_905
TOKEN = "a-secret-token"


def lines(n: int, bad: frozenset[int] = frozenset(), marker: bytes = FakeInflux.unparsable) -> list[bytes]:
    return [
        b"air,device=pm-1 pm2_5=%d.5%s %d" % (i, b"," + marker + b"=1" if i in bad else b"", T0 + 1000 * i)
        for i in range(n)
    ]


def stored(fake: FakeInflux) -> list[int]:
    """The rows of `lines` that are there."""
    return sorted((int(t) - T0) // 1000 for _, _, t in fake.points)


def writer_to(url: str, **how) -> InfluxWriter:
    return InfluxWriter(url, TOKEN, "venue", "공기 1", **how)


def refused(writer: InfluxWriter, what: list[bytes] | bytes) -> StoreRetry:
    """What a write raises; it never tells the token."""
    with pytest.raises(StoreRetry) as caught:
        writer.write(what)
    assert isinstance(caught.value, StoreError)
    assert TOKEN not in str(caught.value)
    assert writer._url in str(caught.value)
    return caught.value
