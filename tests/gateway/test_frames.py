from collections.abc import Callable

import pytest

from gateway.frames import Frame, Reject
from gateway.sensors import MODELS
from tests import streams
from tests.gateway.wire import mhz19b, modbus, pms, s8_reply
from tests.streams import Case, run


def ending_in(byte: int, encode: Callable[[int], bytes]) -> bytes:
    return next(frame for i in range(65536) if (frame := encode(i))[-1] == byte)


PMS = Case(
    name="pms5003",
    scanner=MODELS["pms5003"].scanner,
    frame=bytes.fromhex("424D001C000300040007000400050008031B00F9001B0006000300039A0002A2"),
    neighbour=bytes.fromhex("424D001C0009000B000C0009000B000C095A01E3002B0004000100009100 02F3"),
    header=b"\x42\x4d\x00\x1c",
    longest=32,
    checksum_00=ending_in(0x00, lambda i: pms([i, *[0] * 11])),
    checksum_ff=ending_in(0xFF, lambda i: pms([i, *[1] * 11])),
    header_inside=pms([1, 2, 3, 4, 5, 6, 0x424D, 0x001C, 9, 8, 7, 6]),
)
MHZ19B = Case(
    name="mhz19b",
    scanner=MODELS["mhz19b"].scanner,
    frame=bytes.fromhex("FF8602200000000058"),
    neighbour=mhz19b(1215, 64),
    header=b"\xff\x86",
    longest=9,
    checksum_00=ending_in(0x00, mhz19b),
    checksum_ff=ending_in(0xFF, mhz19b),
    header_inside=mhz19b(800, 64, u=0xFF86),
)
S8 = Case(
    name="senseair_s8",
    scanner=MODELS["senseair_s8"].scanner,
    frame=bytes.fromhex("FE0408000000000000019016E6"),
    neighbour=s8_reply(0, 0, 1, 704),
    header=b"\xfe\x04\x08",
    longest=21,
    checksum_00=ending_in(0x00, lambda i: s8_reply(0, 0, 0, i)),
    checksum_ff=ending_in(0xFF, lambda i: s8_reply(0, 0, 0, i)),
    header_inside=s8_reply(0, 0xFE04, 0x0802, 500),
)


@pytest.mark.parametrize("check", streams.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", [PMS, MHZ19B, S8], ids=lambda case: case.name)
def test_scanner_survives(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


def test_a_corrupt_frame_is_one_reject_and_so_is_a_stretch_of_noise() -> None:
    corrupt = PMS.frame[:10] + b"\xee" + PMS.frame[11:]
    assert run(PMS.scanner(), b"\x01\x02" + corrupt + PMS.frame) == [
        Reject("header", b"\x01\x02"),
        Reject("checksum", corrupt),
        Frame(PMS.frame, 34),
    ]


def test_two_corrupt_frames_are_two_rejects() -> None:
    corrupt = MHZ19B.frame[:-1] + b"\x59"
    assert run(MHZ19B.scanner(), corrupt * 2, end=True) == [Reject("checksum", corrupt)] * 2


def test_frame_size_of_another_model_is_named() -> None:
    pms3003 = bytes.fromhex("424D00140051006A00770035 0046004F33D20F28003F041A")
    assert run(PMS.scanner(), pms3003, end=True) == [Reject("length", pms3003)]


def test_unsolicited_bm_packet_of_an_mhz19c_is_no_pms_frame() -> None:
    packet = b"BM\x02\x58" + bytes(12)  # UedaTakeyuki/mh-z19#52: 16 bytes, layout unknown
    assert streams.frames(run(PMS.scanner(), packet + PMS.frame)) == [PMS.frame]


def test_inserted_byte_costs_one_frame_only() -> None:
    """As seen in the field: one byte too many in the middle, good frames directly behind."""
    spoilt = PMS.frame[:15] + b"\x00" + PMS.frame[15:]
    assert streams.frames(run(PMS.scanner(), spoilt + PMS.neighbour)) == [PMS.neighbour]


def test_replies_shifted_by_two_bytes_are_no_frames() -> None:
    """Drivers that look at bytes 3 and 4 of whatever arrives read 17410 ppm here."""
    shifted = S8.frame[2:] + S8.frame[:2]
    assert streams.frames(run(S8.scanner(), shifted, end=True)) == []


def test_frames_of_another_modbus_address_are_rejected() -> None:
    other = bytes.fromhex("680408000000000000 02A3B589")
    assert streams.frames(run(S8.scanner(), other, end=True)) == []


def test_echo_of_the_request_is_a_frame_of_its_own() -> None:
    poll = MODELS["senseair_s8"].poll
    assert poll is not None
    for cut in range(1, len(poll)):
        found = run(S8.scanner(), poll[:cut], poll[cut:] + S8.frame)
        assert streams.frames(found) == [poll, S8.frame]


def test_exception_and_write_echo_have_their_own_lengths() -> None:
    exception, written = modbus(0xFE, 0x84, 2), bytes.fromhex("FE0600017C066CC7")
    assert streams.frames(run(S8.scanner(), exception + written + S8.frame)) == [exception, written, S8.frame]
