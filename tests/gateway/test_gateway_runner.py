import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.runner import Gateway
from gateway.serial_link import SerialLink
from gateway.spool import Spool
from gateway.spool_file import SpoolError, SpoolFull
from tests.gateway.fake_link import FakeLink
from tests.gateway.wire import pms, s8_reply
from tests.gateway.wires import Wire, eventually
from venueair.clock import SystemClock
from venueair.messages import Committed, encode
from venueair.mqtt_link import Address
from venueair.settings import Settings

NOWHERE = Address("127.0.0.1", 1, "u", "p", mqtt5=False)
COMMITTED = "venueair/v1/hall/gw1/committed"
FRAME = pms([1, 2, 3, 4, 5, 6, 700, 600, 500, 400, 300, 200])

pytestmark = pytest.mark.integration


@pytest.fixture
def pm(tmp_path: Path) -> Wire:
    return Wire(tmp_path / "ttyPM")


@pytest.fixture
def co2(tmp_path: Path) -> Wire:
    return Wire(tmp_path / "ttyCO2")


@pytest.fixture
def settings(tmp_path: Path, pm: Wire, co2: Wire) -> Settings:
    name = {"ko": "홀", "en": "Hall"}
    return Settings(
        data=tmp_path / "data",
        gateway={"venue": "hall"},
        venue=[{"id": "hall", "name": name}],
        hall=[{"id": "h", "venue": "hall", "name": name}],
        zone=[{"id": "z", "hall": "h", "name": name, "volume_m3": 100}],
        sensor=[
            {"id": "pm", "zone": "z", "model": "pms5003", "port": str(pm.path)},
            {"id": "co2", "zone": "z", "model": "senseair_s8", "port": str(co2.path), "interval_s": 0.05},
            {"id": "node", "zone": "z", "model": "canonical-node", "quantities": ["voc_index"]},
        ],
    )


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def gateway(settings: Settings, link: FakeLink) -> Iterator[Gateway]:
    gateway = Gateway(settings, SystemClock(), NOWHERE, link=link)
    yield gateway
    gateway.stop()


def commit_all(gateway: Gateway, link: FakeLink) -> None:
    upto = {device: {gateway.boot: max(link.seqs(device))} for device in ("pm", "co2") if link.seqs(device)}
    link.arrive(COMMITTED, encode(Committed(upto=upto)))


def send_frames(gateway: Gateway, wire: Wire, readings: int) -> None:
    """The first may come before the port is open."""

    def is_accepted() -> bool:
        wire.send(FRAME)
        return gateway.accepted >= readings

    eventually(is_accepted)


def test_readings_travel_from_port_to_broker_and_leave_the_spool_when_committed(
    gateway: Gateway, link: FakeLink, pm: Wire, co2: Wire
) -> None:
    answering = co2.answer(lambda _request: s8_reply(0, 0, 0, 704), 3)
    gateway.start()
    answering.join(5)
    send_frames(gateway, pm, 9)
    gateway.stop_sensors()
    accepted = gateway.accepted
    assert accepted == gateway.spooled >= 3 + 9
    eventually(lambda: len(link.seqs("pm")) * 9 + len(link.seqs("co2")) == accepted)
    assert link.seqs("co2") == [0, 1, 2]
    assert not gateway.drain(0.05)
    commit_all(gateway, link)
    assert gateway.drain(5)
    assert (gateway.accepted, gateway.spooled, gateway.dropped) == (accepted, 0, 0)
    values = {device: data.q for device, data in link.data()}
    assert values["pm"].keys() == {"pm1", "pm2_5", "pm10", "n0_3", "n0_5", "n1", "n2_5", "n5", "n10"}


def test_statuses_say_who_is_there_and_at_the_end_that_the_gateway_was_stopped(
    gateway: Gateway, link: FakeLink, pm: Wire, co2: Wire
) -> None:
    co2.unplug()
    gateway.start()
    send_frames(gateway, pm, 9)
    eventually(lambda: link.statuses("pm") and link.statuses("co2") and link.statuses("gw1"))
    online = link.statuses("pm")[-1]
    assert (online.state, online.boot, online.model, online.interval_s) == (
        "online",
        gateway.boot,
        "pms5003",
        1.0,
    )
    assert link.statuses("co2")[-1].state == "offline"
    assert str(co2.path) in str(link.statuses("co2")[-1].detail)
    assert link.statuses("gw1")[-1].state == "online"
    gateway.stop()
    assert {link.statuses(device)[-1].state for device in ("pm", "co2", "gw1")} == {"offline"}
    assert link.is_stopped
    assert link.statuses("node") == []
    assert gateway.counts["co2", "port_missing"] >= 1


def test_what_was_not_committed_is_sent_by_the_next_run(
    settings: Settings, gateway: Gateway, link: FakeLink, pm: Wire
) -> None:
    link.connected = False
    gateway.start()
    send_frames(gateway, pm, 27)
    gateway.stop()
    accepted = gateway.accepted
    assert gateway.spooled == accepted
    again_link = FakeLink()
    again = Gateway(settings, SystemClock(), NOWHERE, link=again_link)
    again.start()
    eventually(lambda: len(again_link.seqs("pm", resent=True)) * 9 == accepted)
    assert {data.boot for _, data in again_link.data()} == {gateway.boot}
    assert again.accepted == accepted
    again.stop()
    again.stop()


def test_crash_in_one_sensor_is_counted_and_stops_no_other(
    gateway: Gateway,
    link: FakeLink,
    pm: Wire,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = SerialLink.run

    def crash_for_co2(self: SerialLink, stopping: object) -> None:
        if self._device == "co2":
            raise ZeroDivisionError
        run(self, stopping)

    monkeypatch.setattr(SerialLink, "run", crash_for_co2)
    with caplog.at_level(logging.CRITICAL):
        gateway.start()
        eventually(lambda: gateway.counts["co2", "crash"] >= 2)
        send_frames(gateway, pm, 9)


def test_full_disk_keeps_samples_waiting_and_says_so(
    gateway: Gateway, link: FakeLink, pm: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Spool.append

    def full(self: Spool, samples: object) -> None:
        raise SpoolFull("the disk is full: make room")

    monkeypatch.setattr(Spool, "append", full)
    gateway.start()

    def is_said() -> bool:
        pm.send(FRAME)
        return any(status.state == "fault" for status in link.statuses("gw1"))

    eventually(is_said)
    assert "make room" in str(link.statuses("gw1")[-1].detail)
    assert gateway.accepted == 0
    monkeypatch.setattr(Spool, "append", append)
    eventually(lambda: gateway.accepted >= 9)
    eventually(lambda: link.statuses("gw1")[-1].state == "online")
    assert gateway.counts["pm", "spool_full"] == 0


def test_unreadable_committed_message_is_counted_and_forgets_nothing(
    gateway: Gateway, link: FakeLink, pm: Wire
) -> None:
    gateway.start()
    send_frames(gateway, pm, 9)
    for payload in (b"", b"{", b'{"v":1,"upto":{"pm":{"b":-1}}}', b'{"v":1,"upto":{"pm":{"b":1e400}}}'):
        link.arrive(COMMITTED, payload)
    link.arrive(COMMITTED, b'{"v":1,"upto":{"pm":{"another boot":99}}}')
    gateway.stop()
    assert gateway.spooled == gateway.accepted
    counted = {reason: n for (device, reason), n in gateway.counts.items() if device == "gw1"}
    assert sum(counted.values()) == 4


def test_unusable_spool_is_refused_before_any_port_is_touched(settings: Settings) -> None:
    settings.data.mkdir()
    (settings.data / "spool.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(SpoolError, match=r"spool\.sqlite cannot be opened"):
        Gateway(settings, SystemClock(), NOWHERE, link=FakeLink())
