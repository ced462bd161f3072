import json

import pytest
from typer.testing import CliRunner

from venueair.cli import app

FRAME = "42 4D 00 1C 00 03 00 04 00 07 00 04 00 05 00 08 03 1B 00 F9 00 1B 00 06 00 03 00 03 9A 00 02 A2"


@pytest.fixture
def venueair():
    runner = CliRunner()
    return lambda *arguments, **more: runner.invoke(app, list(arguments), **more)


def test_decode_prints_one_json_line_per_frame_and_per_reject(venueair):
    result = venueair("decode", "pms5003", "--hex", f"00 {FRAME}")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert lines[0] == {"reject": "header", "bytes": "00"}
    assert lines[1]["frame"] == FRAME
    assert lines[1]["values"]["pm2_5"] == 5
    assert lines[1]["native"]["pm2_5_cf1_ug_m3"] == 4
    assert set(lines[1]) == {"frame", "values", "native"}


def test_decode_reads_files_and_standard_input_as_raw_bytes(venueair, tmp_path):
    raw = bytes.fromhex(FRAME)
    (tmp_path / "capture").write_bytes(raw)
    from_file = venueair("decode", "pms5003", str(tmp_path / "capture"))
    from_stdin = venueair("decode", "pms5003", "-", input=raw)
    assert from_file.exit_code == from_stdin.exit_code == 0
    assert from_file.stdout == from_stdin.stdout


def test_decode_of_nothing_good_exits_1(venueair):
    result = venueair("decode", "pms5003", "--hex", FRAME[:-2] + "A3")
    assert result.exit_code == 1
    assert all("reject" in json.loads(line) for line in result.stdout.splitlines())


def test_an_unfinished_frame_is_rejected_at_the_end_of_input(venueair):
    result = venueair("decode", "pms5003", "--hex", FRAME[:30])
    assert result.exit_code == 1
    assert "".join(json.loads(line)["bytes"] for line in result.stdout.splitlines()).replace(
        " ", ""
    ) == FRAME[:30].replace(" ", "")


def test_decode_with_the_request_tells_other_registers_replies_from_values(venueair):
    co2 = "FE 04 02 01 90 AC D8"
    asked = venueair("decode", "senseair_s8", "--hex", co2, "--request", "FE 04 00 03 00 01 D5 C5")
    unasked = venueair("decode", "senseair_s8", "--hex", co2)
    assert json.loads(asked.stdout)["values"] == {"co2": 400}
    assert json.loads(unasked.stdout).get("values") in ({}, None)


@pytest.mark.parametrize(
    "arguments",
    [
        ("decode", "pms9999", "--hex", "00"),
        ("decode", "pms5003"),
        ("decode", "pms5003", "file", "--hex", "00"),
        ("decode", "pms5003", "--hex", "zz"),
        ("decode", "pms5003", "/no/such/file"),
        ("decode", "senseair_s8", "--hex", "00", "--request", "FE"),
        ("check", "--config", "/no/such/file"),
        ("run", "--config", "/no/such/file"),
        ("gateway", "--config", "/no/such/file"),
        ("key", "create", "Kim", "--config", "/no/such/file"),
    ],
    ids=lambda arguments: " ".join(arguments[:4]),
)
def test_wrong_usage_exits_2_with_a_sentence_and_prints_nothing(venueair, arguments):
    result = venueair(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("venueair: ")


def test_init_writes_a_file_that_check_finds_right_and_never_writes_over_one(venueair, tmp_path):
    path = tmp_path / "venueair.toml"
    assert venueair("init", str(path)).exit_code == 0
    checked = venueair("check", "--config", str(path))
    assert checked.exit_code == 0, checked.stderr
    assert "zones: 1" in checked.stdout
    path.write_text("mine")
    assert venueair("init", str(path)).exit_code == 2
    assert path.read_text() == "mine"


def test_check_lists_all_mistakes_with_their_lines(venueair, tmp_path):
    path = tmp_path / "venueair.toml"
    venueair("init", str(path))
    text = (
        path.read_text()
        .replace('model = "pms5003"', 'model = "pms9"')
        .replace("cadr_m3h = 5400", "cadr_m3h = -1")
    )
    path.write_text(text)
    result = venueair("check", "--config", str(path))
    assert result.exit_code == 2
    for wrong in ('model = "pms9"', "cadr_m3h = -1"):
        number = next(n for n, line in enumerate(text.splitlines(), start=1) if wrong in line)
        assert f"line {number}:" in result.stderr


def test_key_create_prints_a_key_once(venueair, tmp_path):
    path = tmp_path / "venueair.toml"
    venueair("init", str(path))
    path.write_text(path.read_text().replace('data = "data"', f'data = "{tmp_path}/data"'))
    result = venueair("key", "create", "Kim", "--role", "operator", "--config", str(path))
    assert result.exit_code == 0
    key = result.stdout.strip()
    assert key.startswith("vk_")
    assert key.encode() not in (tmp_path / "data" / "ops.sqlite").read_bytes()
    assert venueair("key", "create", "Kim", "--role", "king", "--config", str(path)).exit_code == 2


def test_sensors_lists_every_model(venueair):
    result = venueair("sensors")
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "pms5003",
        "pms7003",
        "senseair_s8",
        "mhz19b",
    ]


def test_gateway_alone_refuses_the_embedded_broker(venueair, tmp_path):
    path = tmp_path / "venueair.toml"
    venueair("init", str(path))
    result = venueair("gateway", "--config", str(path))
    assert result.exit_code == 2
    assert "broker" in result.stderr


def test_a_gateway_with_an_unusable_spool_says_which_file(venueair, tmp_path):
    path = tmp_path / "venueair.toml"
    venueair("init", str(path))
    text = path.read_text().replace('broker = "embedded"', 'broker = "127.0.0.1"')
    path.write_text(text.replace('data = "data"', f'data = "{tmp_path}"'))
    (tmp_path / "spool.sqlite").write_bytes(b"no database" * 100)
    result = venueair("gateway", "--config", str(path))
    assert result.exit_code == 2
    assert "spool.sqlite" in result.stderr
