import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import serial

from gateway.rows import Sample
from gateway.sensors import MODELS
from gateway.serial_link import SerialLink
from gateway.warm_up import WarmUp
from tests.gateway.wire import mhz19b, modbus, pms, s8_reply
from tests.gateway.wires import Ear, Wire, eventually
from venueair.clock import ManualClock

FIRST = pms([1, 2, 3, 4, 5, 6, 700, 600, 500, 400, 300, 200])
SECOND = pms([1, 2, 3, 7, 8, 9, 700, 600, 500, 400, 300, 200])

pytestmark = pytest.mark.integration


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    return Wire(tmp_path / "ttyPM1")


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


Reading = Callable[[str], AbstractContextManager[Callable[[], None]]]


@pytest.fixture
def reading(wire: Wire, ear: Ear, clock: ManualClock) -> Reading:
    @contextmanager
    def read(model_name: str) -> Iterator[Callable[[], None]]:
        stopping = threading.Event()
        model = MODELS[model_name]
        link = SerialLink("dev1", model, str(wire.path), model.interval_s, clock, ear)
        thread = threading.Thread(target=link.run, args=(stopping,), daemon=True)
        scanners = [link._scanner]
        thread.start()

        def opened() -> None:
            """Opening a port flushes it: what is sent earlier is lost. Each opening has a new scanner."""
            eventually(lambda: link._scanner is not scanners[-1])
            scanners.append(link._scanner)

        try:
            yield opened
        finally:
            stopping.set()
            thread.join(3)
            assert not thread.is_alive()

    return read


def pm2_5(samples: list[Sample]) -> list[float]:
    return [sample.values["pm2_5"] for sample in samples]


def test_frames_in_pieces_garbage_and_bad_checksums_lose_nothing_else(
    wire: Wire, ear: Ear, reading: Reading
) -> None:
    with reading("pms5003") as opened:
        opened()
        wire.send(b"\x00\x13noise" + FIRST[:11])
        eventually(lambda: ear.counts["header"] == 0)
        wire.send(FIRST[11:] + SECOND[:-1] + b"\xff" + SECOND)
        eventually(lambda: len(ear.samples) == 2)
    assert pm2_5(ear.samples) == [5.0, 8.0]
    assert ear.counts == {"header": 1, "checksum": 1}
    assert ear.states == [("online", None)]


def test_every_byte_value_passes_the_line_unchanged(wire: Wire, ear: Ear, reading: Reading) -> None:
    """A line that is not raw eats 0D, 11, 13 or 1A, or stops at 03."""
    frames = [pms([b << 8 | b] * 12) for b in range(1, 256)]
    with reading("pms5003") as opened:
        opened()
        for i, frame in enumerate(frames, start=1):
            wire.send(frame)
            eventually(lambda n=i: len(ear.samples) == n)
    assert pm2_5(ear.samples) == [float(b << 8 | b) for b in range(1, 256)]


def test_half_a_frame_is_rejected_after_half_a_second_of_silence(
    wire: Wire, ear: Ear, reading: Reading
) -> None:
    with reading("pms5003") as opened:
        opened()
        wire.send(FIRST[:20])
        eventually(lambda: ear.counts["incomplete"] == 1)
        wire.send(SECOND)
        eventually(lambda: ear.samples)
    assert pm2_5(ear.samples) == [8.0]


def test_sample_time_is_that_of_the_first_byte(
    wire: Wire, ear: Ear, clock: ManualClock, reading: Reading
) -> None:
    start = clock.now_ms()
    with reading("pms5003") as opened:
        opened()
        wire.send(FIRST)
        eventually(lambda: len(ear.samples) == 1)
        wire.send(SECOND[:10])
        pause = threading.Event()
        pause.wait(0.15)  # the piece must have been read before time goes on
        clock.advance(40)
        wire.send(SECOND[10:])
        eventually(lambda: len(ear.samples) == 2)
    assert [sample.t - start for sample in ear.samples] == [0, 0]


def test_rows_are_warming_after_power_on_and_after_a_long_silence(
    wire: Wire, ear: Ear, clock: ManualClock, reading: Reading
) -> None:
    with reading("pms5003") as opened:
        opened()
        for n, seconds in enumerate([0, 29.9, 0.2, 59.9, 60.1, 29.8, 0.3], start=1):
            clock.advance(seconds)
            wire.send(FIRST)
            eventually(lambda n=n: len(ear.samples) == n)
    assert [s.status for s in ear.samples] == ["warming", "warming", "ok", "ok", "warming", "warming", "ok"]


def test_silent_sensor_is_offline_and_counted_once_and_online_with_its_next_frame(
    wire: Wire, ear: Ear, clock: ManualClock, reading: Reading
) -> None:
    with reading("pms5003") as opened:
        opened()
        wire.send(FIRST)
        eventually(lambda: ear.samples)
        clock.advance(61)
        eventually(lambda: len(ear.states) == 2)
        clock.advance(61)
        wire.send(FIRST)
        eventually(lambda: len(ear.samples) == 2)
    assert [state for state, _ in ear.states] == ["online", "offline", "online"]
    assert "check the sensor's power" in str(ear.states[1][1])
    assert ear.counts == {"silent": 1}


def test_vanished_port_is_reported_and_used_again_when_it_comes_back(
    wire: Wire, ear: Ear, clock: ManualClock, reading: Reading
) -> None:
    with reading("pms5003") as opened:
        for round_ in range(1, 4):
            opened()
            clock.advance(100)
            wire.send(FIRST)
            eventually(lambda n=round_: len(ear.samples) == n)
            wire.unplug()
            eventually(lambda n=round_: ear.counts["port_lost"] == n)
            eventually(lambda n=round_: ear.counts["port_missing"] >= n)
            wire.plug()
    assert {state for state, _ in ear.states} == {"online", "offline"}
    assert f"port {wire.path} is gone: check cable and plug" in [detail for _, detail in ear.states]
    assert [sample.status for sample in ear.samples][1:] == ["warming"] * 2


def test_port_that_does_not_exist_is_a_message_and_a_count(wire: Wire, ear: Ear, reading: Reading) -> None:
    wire.unplug()
    with reading("pms5003"):
        eventually(lambda: ear.counts["port_missing"] >= 2)
    assert ear.states == [
        ("offline", f"port {wire.path} does not exist: check cable, plug and venueair.toml")
    ]


def test_port_in_use_by_another_program_is_named(wire: Wire, ear: Ear, reading: Reading) -> None:
    with serial.Serial(str(wire.path), exclusive=True), reading("pms5003"):
        eventually(lambda: ear.counts["port_busy"])
    assert "is in use" in str(ear.states[0][1])


def test_file_that_is_no_port_is_named(wire: Wire, ear: Ear, reading: Reading) -> None:
    wire.unplug()
    wire.path.write_text("no tty")
    with reading("pms5003"):
        eventually(lambda: ear.counts["port_error"])
    assert "cannot be opened" in str(ear.states[0][1])


def test_polled_sensor_is_asked_in_hall_time(
    wire: Wire, ear: Ear, clock: ManualClock, reading: Reading
) -> None:
    asked: list[bytes] = []

    def reply(request: bytes) -> bytes:
        asked.append(request)
        return s8_reply(0, 0, 0, 400 + len(asked))

    answering = wire.answer(reply, 5)
    with reading("senseair_s8"):
        answering.join(5)
        eventually(lambda: len(ear.samples) == 5)
    assert set(asked) == {MODELS["senseair_s8"].poll}
    assert [sample.values["co2"] for sample in ear.samples] == [401, 402, 403, 404, 405]
    times = [sample.t for sample in ear.samples]
    assert [b - a for a, b in pairwise(times)] == [4000] * 4
    assert [sample.status for sample in ear.samples] == ["warming"] * 3 + ["ok"] * 2


def test_echo_late_acknowledgement_and_boot_frame_are_no_readings(
    wire: Wire, ear: Ear, reading: Reading
) -> None:
    def reply(request: bytes) -> bytes:
        replies.append(request)
        if len(replies) == 1:
            return mhz19b(410, u=15000)
        return request + mhz19b(0x0100, command=0x79) + mhz19b(800)

    replies: list[bytes] = []
    answering = wire.answer(reply, 2)
    with reading("mhz19b"):
        answering.join(5)
        eventually(lambda: ear.samples)
    assert ear.samples[0].values == {"co2": 800}
    assert ear.counts["booting"] == ear.counts["echo"] == ear.counts["acknowledgement"] == 1


def test_device_that_does_not_answer_is_counted_and_the_next_poll_succeeds(
    wire: Wire, ear: Ear, reading: Reading
) -> None:
    replies = iter([b"", s8_reply(0, 0, 0, 500)[:-1], s8_reply(0, 0, 0, 600)])
    answering = wire.answer(lambda _request: next(replies), 3)
    with reading("senseair_s8"):
        answering.join(5)
        eventually(lambda: ear.samples)
    assert ear.samples[0].values == {"co2": 600}
    assert ear.counts["no_reply"] >= 2
    assert ear.counts["incomplete"] == 1


def test_bytes_that_nobody_asked_for_are_dropped_before_a_poll(
    wire: Wire, ear: Ear, reading: Reading
) -> None:
    replies = iter([s8_reply(0, 0, 0, 500) + s8_reply(0, 0, 0, 999), s8_reply(0, 0, 0, 600)])
    answering = wire.answer(lambda _request: next(replies), 2)
    with reading("senseair_s8"):
        answering.join(5)
        eventually(lambda: any(s.values["co2"] == 600 for s in ear.samples))


def test_device_at_fault_keeps_its_values_and_recovers(wire: Wire, ear: Ear, reading: Reading) -> None:
    replies = iter([s8_reply(0x41, 0, 0, 900), modbus(0xFE, 0x84, 2), s8_reply(0, 0, 0, 901)])
    answering = wire.answer(lambda _request: next(replies), 3)
    with reading("senseair_s8"):
        answering.join(5)
        eventually(lambda: len(ear.samples) == 2)
    assert [(s.values["co2"], s.status) for s in ear.samples] == [(900, "fault"), (901, "warming")]
    assert [state for state, _ in ear.states][:3] == ["fault", "fault", "online"]
    assert "fatal error, memory error" in str(ear.states[0][1])
    assert "illegal data address" in str(ear.states[1][1])
    assert ear.counts["exception"] == 1


def test_endless_noise_gives_counts_and_no_values(wire: Wire, ear: Ear, reading: Reading) -> None:
    with reading("pms5003") as opened:
        opened()
        for _ in range(100):
            wire.send(b"\x5a" * 256)
        eventually(lambda: ear.counts["header"] >= 90)
        wire.send(FIRST)
        eventually(lambda: ear.samples)
    assert pm2_5(ear.samples) == [5.0]


def test_slowly_asked_sensor_is_not_taken_for_a_silent_one() -> None:
    warm_up = WarmUp(MODELS["senseair_s8"], interval_s=300)
    warm_up.opened(0)
    warm_up.heard(300)
    assert warm_up.status(300, None) == "ok"
    assert not warm_up.is_silent(1100)
    assert warm_up.is_silent(1200)
