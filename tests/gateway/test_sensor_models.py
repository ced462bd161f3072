import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.decode import lines, parse_hex
from gateway.frames import Reject
from gateway.sensors import MODELS
from gateway.sensors.model import Decoded, Model
from tests.gateway.wire import mhz19b, modbus, pms, s8_reply
from venueair.quantities import QUANTITIES

PMS5003, S8, MHZ19B = MODELS["pms5003"], MODELS["senseair_s8"], MODELS["mhz19b"]


def values(model: Model, frame: bytes, request: bytes | None = None) -> dict[str, float]:
    [line] = lines(model, frame, request)
    return line["values"]


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_model_names_known_quantities_and_polls_with_an_intact_request(model: Model) -> None:
    assert set(model.quantities) <= set(QUANTITIES)
    if model.poll is not None:
        assert [line["values"] for line in lines(model, model.poll)] == [{}]  # only an echo


def test_every_co2_value_of_an_mhz19b_is_read() -> None:
    """About one checksum in 256 is 00: the whole range, not a sample."""
    assert all(values(MHZ19B, mhz19b(ppm, 63, 64)) == {"co2": ppm} for ppm in range(1, 10001))


def test_every_co2_value_of_an_s8_is_read() -> None:
    assert all(values(S8, s8_reply(0, 0, 0, ppm)) == {"co2": ppm} for ppm in range(1, 5001))
    assert all(isinstance(S8.decode(s8_reply(0, 0, 0, ppm)), Reject) for ppm in (0, -1, -32768))


@given(st.lists(st.integers(0, 65535), min_size=12, max_size=12), st.integers(0, 255), st.integers(0, 255))
def test_every_pms_frame_is_read_word_for_word(words: list[int], version: int, error: int) -> None:
    decoded = PMS5003.decode(pms(words, version, error))
    if not any(words) and not error:
        assert isinstance(decoded, Reject)
        return
    assert isinstance(decoded, Decoded)
    assert list(decoded.native.values()) == [*words, version, error]
    assert (decoded.fault is not None) == (error > 0)
    if any(words):
        assert list(decoded.values) == list(PMS5003.quantities)
        assert list(decoded.values.values()) == [*words[3:6], *(word / 100 for word in words[6:])]


def test_all_zero_frame_with_an_error_code_is_a_fault_without_values() -> None:
    decoded = PMS5003.decode(pms([0] * 12, error=4))
    assert isinstance(decoded, Decoded)
    assert decoded.values == {}
    assert decoded.fault


@given(st.integers(0, 65535), st.integers(1, 32767))
def test_s8_keeps_the_value_beside_any_meter_status(status: int, ppm: int) -> None:
    decoded = S8.decode(s8_reply(status, 0, 0, ppm))
    assert isinstance(decoded, Decoded)
    assert decoded.values == {"co2": ppm}
    assert (decoded.fault is not None) == (status != 0)


@given(st.integers(0, 30), st.integers(1, 8), st.data())
def test_s8_registers_are_named_by_the_request(first: int, count: int, data: st.DataObject) -> None:
    words = data.draw(st.lists(st.integers(1, 32767), min_size=count, max_size=count))
    request = modbus(0xFE, 4, 0, first, 0, count)
    decoded = S8.decode(s8_reply(*words), request)
    assert isinstance(decoded, Decoded)
    expected = {"co2": float(words[3 - first])} if first <= 3 < first + count else {}
    assert decoded.values == expected
    assert list(decoded.native.values())[2:] == words


@pytest.mark.parametrize("address", [1, 0x68, 247])
def test_s8_at_its_own_address_answers_with_it(address: int) -> None:
    request = modbus(address, 4, 0, 3, 0, 1)
    assert values(S8, s8_reply(850, address=address), request) == {"co2": 850}
    assert next(lines(S8, s8_reply(850, address=address)))["reject"] == "header"


@pytest.mark.parametrize(
    ("model", "request_hex"),
    [
        ("senseair_s8", "FE 04 00 03 00 01 C5 D5"),
        ("senseair_s8", "FE 04 00 03 00 01"),
        ("senseair_s8", modbus(0xFE, 0x44, 0, 8, 0, 2).hex()),
        ("senseair_s8", modbus(0xFE, 4, 0, 0, 0, 9).hex()),
        ("mhz19b", "FF 01 86 00 00 00 00 00 78"),
        ("mhz19b", "FF 86 02 20 00 00 00 00 58"),
    ],
)
def test_impossible_request_is_refused_with_a_sentence(model: str, request_hex: str) -> None:
    with pytest.raises(ValueError, match="request is"):
        list(lines(MODELS[model], b"", parse_hex(request_hex)))


@pytest.mark.parametrize("text", ["424d001c", "42 4D 00 1C", "0x42,0x4D, 0x00 0X1c", " 42\n4d\t00 1c "])
def test_hex_is_read_as_people_write_it(text: str) -> None:
    assert parse_hex(text) == b"BM\x00\x1c"


@pytest.mark.parametrize("text", ["", "  ", "4", "42 4G", "hello"])
def test_text_that_is_no_hex_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        parse_hex(text)


@given(st.binary(max_size=200), st.sampled_from(sorted(MODELS)))
def test_any_bytes_are_accounted_for_and_printed_in_order(data: bytes, name: str) -> None:
    out = b"".join(
        bytes.fromhex(line.get("frame", "") or line["bytes"]) for line in lines(MODELS[name], data)
    )
    assert out == data
