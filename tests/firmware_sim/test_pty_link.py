"""Simulated ports on real ptys."""

import os
import random
import select
import time

import pytest

from firmware_sim.faults import Fault
from firmware_sim.hall import Air
from firmware_sim.pty_link import PortTakenError, PtyLink
from firmware_sim.sensors import SENSORS
from firmware_sim.wired_sensor import WiredSensor

pytestmark = pytest.mark.integration

AIR = Air(co2=900.0, pm2_5=40.0, temperature=23.0, humidity=45.0, voc_index=120.0)
KERNEL_MAX = 80_000  # bytes a Linux pty holds when its worker does not get to run
TRAPS = bytes(range(256))
READ_CO2 = bytes.fromhex("FE 04 00 00 00 04 E5 C6")


def rng():
    return random.Random(7)


def read(fd, count, deadline_s=2.0):
    data, deadline = b"", time.monotonic() + deadline_s
    while len(data) < count and time.monotonic() < deadline:
        if select.select([fd], [], [], 0.05)[0]:
            data += os.read(fd, count - len(data))
    return data


@pytest.fixture
def link(tmp_path):
    link = PtyLink(tmp_path / "ports" / "pm1")
    link.plug()
    yield link
    link.unplug()


@pytest.fixture
def client(link):
    fd = os.open(link.path, os.O_RDWR | os.O_NOCTTY)
    yield fd
    os.close(fd)


def test_every_byte_passes_in_both_directions(link, client):
    link.write(TRAPS, rng())
    assert read(client, 256) == TRAPS
    os.write(client, TRAPS)
    assert read(link.fileno(), 256) == TRAPS
    assert link.read() == b""  # no echo


def test_unplugging_ends_the_reader_and_takes_the_path_away(link, client):
    link.unplug()
    assert not os.path.lexists(link.path)
    with pytest.raises(OSError, match="Input/output error"):
        os.write(client, b"x")
    assert link.fileno() == -1
    assert link.read() == b""
    link.write(b"lost", rng())
    assert link.dropped_bytes == 4
    link.unplug()


def test_plugging_in_again_makes_a_new_pty_under_the_same_path(link, client):
    link.unplug()
    link.replug()
    again = os.open(link.path, os.O_RDWR | os.O_NOCTTY)
    link.write(b"hello", rng())
    assert read(again, 5) == b"hello"
    os.close(again)


def test_nobody_reading_never_blocks_and_is_counted(link):
    total = 32 * 5000
    for _ in range(5000):
        link.write(b"x" * 32, rng())
    assert link.dropped_bytes >= total - KERNEL_MAX
    client = os.open(link.path, os.O_RDWR | os.O_NOCTTY)
    assert len(read(client, total - link.dropped_bytes)) == total - link.dropped_bytes
    os.close(client)


def test_a_dead_symlink_is_replaced_and_a_real_file_is_not(tmp_path):
    path = tmp_path / "port"
    path.symlink_to(tmp_path / "gone")
    link = PtyLink(path)
    link.plug()
    assert path.exists()
    link.unplug()
    path.write_text("a real device")
    with pytest.raises(PortTakenError, match="does not replace real ports"):
        link.plug()
    assert path.read_text() == "a real device"


def test_the_path_of_another_simulator_is_left_alone(link, tmp_path):
    other = PtyLink(link.path)
    other.plug()
    link.unplug()
    assert link.path.exists()
    other.unplug()


@pytest.fixture
def s8(tmp_path):
    sensor = WiredSensor(tmp_path / "s8", SENSORS["senseair_s8"], rng())
    sensor.power_on(100.0)
    yield sensor
    sensor.power_off()


def ask(sensor, fd, now):
    os.write(fd, READ_CO2)
    assert select.select([sensor.link.fileno()], [], [], 2)[0]
    sensor.answer(now, AIR)
    return read(fd, 13, deadline_s=0.3)


def test_a_polled_sensor_answers_and_a_silent_one_does_not(s8):
    fd = os.open(s8.link.path, os.O_RDWR | os.O_NOCTTY)
    assert int.from_bytes(ask(s8, fd, 130.0)[9:11], "big") == pytest.approx(900, abs=25)
    s8.fault = Fault.SILENCE
    assert ask(s8, fd, 140.0) == b""
    s8.fault = None
    assert len(ask(s8, fd, 150.0)) == 13
    os.close(fd)


def test_plugging_in_is_a_new_power_on_with_a_new_warm_up(s8):
    s8.fault = Fault.UNPLUG
    s8.turn(200.0, AIR)
    assert not os.path.lexists(s8.link.path)
    s8.fault = None
    s8.turn(300.0, AIR)
    fd = os.open(s8.link.path, os.O_RDWR | os.O_NOCTTY)
    assert ask(s8, fd, 305.0)[9:11] == b"\0\0"
    assert ask(s8, fd, 315.0)[9:11] != b"\0\0"
    os.close(fd)


def test_a_streaming_sensor_sends_a_frame_a_second_cut_anywhere(tmp_path):
    sensor = WiredSensor(tmp_path / "pm", SENSORS["pms5003"], rng())
    sensor.power_on(0.0)
    fd = os.open(sensor.link.path, os.O_RDWR | os.O_NOCTTY)
    for second in range(40, 50):
        sensor.turn(float(second), AIR)
    data = read(fd, 320)
    assert [data[i : i + 4] for i in range(0, 320, 32)] == [b"BM\x00\x1c"] * 10
    sensor.fault = Fault.DUPLICATE_FRAME
    sensor.turn(60.0, AIR)
    data = read(fd, 64)
    assert data[:32] == data[32:]
    os.close(fd)
    sensor.power_off()
