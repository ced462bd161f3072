"""The encoders against published frames, and the behaviour of the three sensors on the wire."""

import random

import pytest

from firmware_sim import hall
from firmware_sim.faults import Fault
from firmware_sim.hall import Air
from firmware_sim.sensors import SENSORS, mhz19b, pms, s8
from firmware_sim.sensors.mhz19b import MhZ19b
from firmware_sim.sensors.pms import Pms
from firmware_sim.sensors.s8 import S8

AIR = Air(co2=900.0, pm2_5=40.0, temperature=23.0, humidity=45.0, voc_index=120.0)


def rng():
    return random.Random(1)


def frames(device, seconds, air=AIR, fault=None, start=0):
    return [f for t in range(start, start + seconds) for f in device.stream(air, float(t), fault)]


def word(frame, number):
    """Plantower data word 1..13."""
    return int.from_bytes(frame[2 + 2 * number : 4 + 2 * number], "big")


@pytest.mark.parametrize(
    ("published", "cf1", "atmospheric", "counts", "version"),
    [
        pytest.param(
            "42 4D 00 1C 00 03 00 04 00 07 00 04 00 05 00 08 03 1B 00 F9 00 1B 00 06 00 03 00 03 9A 00 02 A2",
            (3, 4, 7), (4, 5, 8), (795, 249, 27, 6, 3, 3), 0x9A,
            id="RT-Thread pmsxx package README",
        ),
        pytest.param(
            "42 4D 00 1C 00 01 00 01 00 01 00 01 00 01 00 01 01 92 00 4E 00 03 00 00 00 00 00 00 71 00 02 06",
            (1, 1, 1), (1, 1, 1), (402, 78, 3, 0, 0, 0), 0x71,
            id="Zephyr pms7003 driver comment",
        ),
        pytest.param(
            "42 4D 00 1C 00 05 00 0D 00 16 00 05 00 0D 00 16 02 FD 00 FC 00 1D 00 0F 00 06 00 06 97 00 03 C5",
            (5, 13, 22), (5, 13, 22), (765, 252, 29, 15, 6, 6), 0x97,
            id="PyPMS tests test_message.py",
        ),
    ],
)  # fmt: skip
def test_pms_encodes_published_frames(published, cf1, atmospheric, counts, version):
    assert pms.encode(cf1, atmospheric, counts, version) == bytes.fromhex(published)


def test_pms_is_silent_then_all_zero_then_rises():
    sent = frames(Pms(rng(), version=0x97), 120)
    masses = [word(frame, 5) for frame in sent]
    assert 115 <= len(sent) <= 118  # one a second after the first 2.5 s
    assert masses[0] == 0
    assert all(word(sent[0], n) == 0 for n in range(1, 13))
    assert masses[3] < 15
    assert sum(masses[-60:]) / 60 == pytest.approx(40, abs=2)
    assert len(set(masses[-60:])) > 3


def test_pms_checksums_lengths_and_orders_hold_for_any_air():
    for pm2_5 in (0.0, 0.4, 17.0, 499.0, 5000.0):
        air = Air(co2=500, pm2_5=pm2_5, temperature=22, humidity=40, voc_index=100)
        for frame in frames(Pms(rng(), version=0x97), 30, air, start=60):
            assert len(frame) == 32
            assert int.from_bytes(frame[30:], "big") == sum(frame[:30]) & 0xFFFF
            assert word(frame, 4) <= word(frame, 5) <= word(frame, 6)
            counts = [word(frame, n) for n in range(7, 13)]
            assert counts == sorted(counts, reverse=True)
            assert any(word(frame, n) for n in range(1, 13))


def test_pms_faults_change_what_it_says():
    device = Pms(rng(), version=0x97)
    (frame,) = frames(device, 1, fault=Fault.ERROR_CODE, start=60)
    assert frame[29] != 0
    (frame,) = frames(device, 1, fault=Fault.HEADER_IN_PAYLOAD, start=62)
    assert frame.find(b"\x42\x4d", 2) > 0
    assert len(set(frames(device, 20, fault=Fault.STUCK_VALUE, start=64))) == 1


def test_pms_does_not_make_up_for_a_pause():
    device = Pms(rng(), version=0x97)
    frames(device, 10)
    assert len(frames(device, 3, start=500)) == 3


@pytest.mark.parametrize(
    ("request_hex", "reply_hex"),
    [
        ("FE 06 00 00 00 00 9D C5", "FE 06 00 00 00 00 9D C5"),
        ("FE 06 00 01 7C 06 6C C7", "FE 06 00 01 7C 06 6C C7"),
        ("FE 03 00 1F 00 01 A1 C3", "FE 03 02 00 B4 AC 27"),
        ("FE 06 00 1F 00 00 AC 03", "FE 06 00 1F 00 00 AC 03"),
    ],
    ids=["clear acknowledgement", "background calibration", "ABC period", "ABC off"],
)
def test_s8_answers_as_in_tde2067(request_hex, reply_hex):
    assert S8(rng()).reply(bytes.fromhex(request_hex), AIR, 60, None) == [bytes.fromhex(reply_hex)]


def test_s8_encodes_the_400_ppm_example_of_tde2067():
    device = S8(rng())
    device._co2, device._measured_s = 400, 60.0
    (reply,) = device.reply(bytes.fromhex("FE 04 00 00 00 04 E5 C6"), AIR, 61, None)
    assert reply == bytes.fromhex("FE 04 08 00 00 00 00 00 00 01 90 16 E6")
    (reply,) = device.reply(bytes.fromhex("FE 04 00 03 00 01 D5 C5"), AIR, 61, None)
    assert reply == bytes.fromhex("FE 04 02 01 90 AC D8")


def test_s8_reports_calibration_done_after_the_special_command():
    device = S8(rng())
    device.reply(bytes.fromhex("FE 06 00 01 7C 06 6C C7"), AIR, 60, None)
    (reply,) = device.reply(bytes.fromhex("FE 03 00 00 00 01 90 05"), AIR, 63, None)
    assert reply == bytes.fromhex("FE 03 02 00 20 AD 88")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("FE 01 00 00 00 01", 1),
        ("FE 10 00 00 00 01 02 00 05", 1),
        ("FE 04 00 00 00 09", 3),
        ("FE 04 00 00 00 00", 3),
        ("FE 04 00 1E 00 04", 2),
        ("FE 03 00 05 00 01", 2),
        ("FE 06 00 44 00 01", 2),
    ],
)
def test_s8_refuses_well_formed_illegal_requests_with_an_exception(body, code):
    (reply,) = S8(rng()).reply(s8.with_crc(bytes.fromhex(body)), AIR, 60, None)
    assert reply[1] == bytes.fromhex(body)[1] | 0x80
    assert reply[2] == code
    assert s8.crc16(reply) == 0


@pytest.mark.parametrize("count", range(1, 9))
@pytest.mark.parametrize("start", [0, 3, 0x15, 0x18])
def test_s8_answers_reads_of_any_range_of_up_to_8_registers(start, count):
    (reply,) = S8(rng()).reply(s8.with_crc(bytes((0xFE, 4, 0, start, 0, count))), AIR, 60, None)
    assert reply[:3] == bytes((0xFE, 4, 2 * count))
    assert len(reply) == 5 + 2 * count
    assert s8.crc16(reply) == 0


@pytest.mark.parametrize(
    "garbage",
    ["FE 04 00 00 00 04 E5 C7", "00 00 00 00 00 00 00 00", "68 04 00 00 00 04 F8 F0"],
    ids=["wrong CRC", "zeros", "another address"],
)
def test_s8_says_nothing_to_what_is_not_for_it_and_answers_the_next(garbage):
    device = S8(rng())
    assert device.reply(bytes.fromhex(garbage), AIR, 60, None) == []
    assert len(device.reply(bytes.fromhex("FE 04 00 03 00 01 D5 C5"), AIR, 60, None)) == 1


def test_s8_gives_up_half_a_request_after_a_pause():
    device = S8(rng())
    assert device.reply(bytes.fromhex("FE 04 00"), AIR, 60, None) == []
    device.forget()
    assert len(device.reply(bytes.fromhex("FE 04 00 03 00 01 D5 C5"), AIR, 60, None)) == 1


def test_s8_answers_a_request_that_comes_byte_by_byte():
    device = S8(rng())
    replies = [device.reply(bytes((b,)), AIR, 60, None) for b in bytes.fromhex("FE 04 00 03 00 01 D5 C5")]
    assert [len(r) for r in replies] == [0, 0, 0, 0, 0, 0, 0, 1]


def s8_status_and_co2(device, age_s, fault=None, air=AIR):
    (reply,) = device.reply(bytes.fromhex("FE 04 00 00 00 04 E5 C6"), air, age_s, fault)
    return int.from_bytes(reply[3:5], "big"), int.from_bytes(reply[9:11], "big", signed=True)


def test_s8_warms_up_for_ten_seconds_and_then_measures():
    device = S8(rng())
    status, co2 = s8_status_and_co2(device, 5)
    assert status != 0
    assert co2 == 0
    assert s8_status_and_co2(device, 10) == (0, pytest.approx(900, abs=25))


def test_s8_keeps_its_value_for_a_lamp_period():
    device = S8(rng())
    other = Air(co2=2000, pm2_5=1, temperature=22, humidity=40, voc_index=100)
    first = s8_status_and_co2(device, 20)
    assert s8_status_and_co2(device, 23, air=other) == first
    assert s8_status_and_co2(device, 24, air=other)[1] > 1900


def test_s8_faults_change_what_it_says():
    device = S8(rng())
    assert s8_status_and_co2(device, 20, Fault.ERROR_CODE)[0] & 1
    other = Air(co2=2000, pm2_5=1, temperature=22, humidity=40, voc_index=100)
    stuck = s8_status_and_co2(device, 60, Fault.STUCK_VALUE, other)[1]
    assert stuck == pytest.approx(900, abs=25)
    (reply,) = device.reply(bytes.fromhex("FE 04 00 00 00 04 E5 C6"), AIR, 70, Fault.HEADER_IN_PAYLOAD)
    assert b"\xfe\x04" in reply[2:]


READ = bytes.fromhex("FF 01 86 00 00 00 00 00 79")


def test_mhz19b_encodes_the_544_ppm_example_of_its_manual():
    assert mhz19b.encode(544, None) == bytes.fromhex("FF 86 02 20 00 00 00 00 58")


def test_mhz19b_checksum_fits_in_a_byte_for_every_value():
    for ppm in range(5001):
        frame = mhz19b.encode(ppm, 23)
        assert len(frame) == 9
        assert sum(frame[1:]) & 0xFF == 0


def test_mhz19b_boots_as_real_units_do():
    device = MhZ19b(rng())
    seen = [device.reply(READ, AIR, float(t), None)[0] for t in range(0, 300, 5)]
    assert sum(seen[0][1:]) & 0xFF != 0  # one frame with a wrong checksum
    assert all(sum(frame[1:]) & 0xFF == 0 for frame in seen[1:])
    assert all(frame[5] == 1 and frame[6:8] == bytes.fromhex("3A 98") for frame in seen[1:4])
    assert [int.from_bytes(frame[2:4], "big") for frame in seen[4:16]] == [410] * 12
    assert all(frame[5] == 0 for frame in seen[4:])
    settled = [int.from_bytes(frame[2:4], "big") for frame in seen[40:]]
    assert sum(settled) / len(settled) == pytest.approx(900, abs=15)


@pytest.mark.parametrize("command", ["79 A0", "79 00", "87 00", "88 07", "99 00"])
def test_mhz19b_acknowledges_commands_with_an_echo(command):
    request = mhz19b.with_checksum(bytes.fromhex(f"FF 01 {command} 00 00 00 00"))
    (reply,) = MhZ19b(rng()).reply(request, AIR, 300, None)
    assert reply[:3] == bytes((0xFF, request[2], 1))
    assert sum(reply[1:]) & 0xFF == 0


def test_mhz19b_ignores_a_wrong_checksum_and_unknown_commands_and_answers_the_next():
    device = MhZ19b(rng())
    # Range 10000 with the wrong sum that an older manual prints.
    assert device.reply(bytes.fromhex("FF 01 99 00 00 00 27 10 8F"), AIR, 300, None) == []
    assert device.reply(mhz19b.with_checksum(bytes.fromhex("FF 01 42 00 00 00 00 00")), AIR, 300, None) == []
    assert len(device.reply(b"\x00\xff" + READ + READ, AIR, 300, None)) == 2


def test_mhz19b_answers_a_request_cut_anywhere():
    for cut in range(1, 9):
        device = MhZ19b(rng())
        assert device.reply(READ[:cut], AIR, 300, None) == []
        assert len(device.reply(READ[cut:], AIR, 300, None)) == 1


def test_mhz19b_faults_change_what_it_says():
    device = MhZ19b(rng())
    (reply,) = device.reply(READ, AIR, 300, Fault.HEADER_IN_PAYLOAD)
    assert b"\xff\x86" in reply[2:]
    (reply,) = device.reply(READ, AIR, 300, Fault.ERROR_CODE)
    assert reply[5] not in (0, 1)
    assert len({device.reply(READ, AIR, 300.0 + t, Fault.STUCK_VALUE)[0] for t in range(20)}) == 1


def test_every_wired_model_of_the_demo_can_be_simulated():
    assert set(SENSORS) == {"pms5003", "pms7003", "senseair_s8", "mhz19b"}
    room_air = hall.Air(co2=430, pm2_5=17, temperature=22, humidity=40, voc_index=100)
    assert SENSORS["pms7003"](rng()).stream(room_air, 60, None)[0][28] == 0x71
