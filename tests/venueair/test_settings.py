"""A scenario is a folder: venueair.toml and, when it is wrong, expected.txt with every mistake in it."""

import os
import re
from pathlib import Path

import pytest

from venueair.settings import SettingsError, load

SCENARIOS = Path(__file__).parents[1] / "scenarios" / "settings"
GOOD = SCENARIOS / "good" / "venueair.toml"
BAD = sorted(folder for folder in SCENARIOS.iterdir() if folder.name != "good")
MODELS = ("pms5003", "senseair_s8")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("VENUEAIR_"):
            monkeypatch.delenv(name)


def test_a_good_file_is_read_whole():
    settings = load(GOOD, MODELS)
    assert settings.data == Path("/var/lib/venueair")
    assert (settings.mqtt.broker, settings.mqtt.port, settings.api.port) == ("127.0.0.1", 1884, 0)
    assert settings.gateway.spool_max_mb == 1024
    assert [zone.id for zone in settings.site.zones] == ["stage", "foyer"]
    assert settings.site.venue_of_zone("foyer") == "expo"
    assert settings.site.sensor["foyer-node"].quantities == ("voc_index", "temperature", "humidity")
    assert [[level.limit for level in rule.levels] for rule in settings.rule] == [[50, 75], [1000]]
    assert settings.control.targets[0].down_below == 25
    assert settings.site.zone["stage"].automatic
    assert not settings.site.zone["foyer"].automatic


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_a_wrong_file_lists_all_its_mistakes_with_their_lines(folder):
    with pytest.raises(SettingsError) as caught:
        load(folder / "venueair.toml", MODELS)
    found = [str(mistake) for mistake in caught.value.mistakes]
    assert found == (folder / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert all(line in str(caught.value) for line in found)


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_the_line_of_a_mistake_holds_its_key_or_opens_its_table(folder):
    path = folder / "venueair.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    with pytest.raises(SettingsError) as caught:
        load(path, MODELS)
    for mistake in caught.value.mistakes:
        if mistake.line is None:
            continue
        line = lines[mistake.line - 1]
        names = re.sub(r"\[\d+\]", "", mistake.key).split(".")
        assert line.split("=")[0].strip() == names[-1] or set(line.strip(" []").split(".")) <= set(names)


def test_the_environment_wins_over_the_file(monkeypatch):
    monkeypatch.setenv("VENUEAIR_MQTT__PASSWORD", "s3cret")
    monkeypatch.setenv("VENUEAIR_MQTT__PORT", "2883")
    settings = load(GOOD, MODELS)
    assert settings.mqtt.password.get_secret_value() == "s3cret"
    assert (settings.mqtt.port, settings.mqtt.broker) == (2883, "127.0.0.1")


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("VENUEAIR_MQTT__PORT", "many", "VENUEAIR_MQTT__PORT"),
        ("VENUEAIR_MQTT", "{not json", "environment"),
        ("VENUEAIR_VENUE", "expo", "environment"),
    ],
)
def test_a_mistake_in_the_environment_names_no_line_of_the_file(monkeypatch, variable, value, key):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load(GOOD, MODELS)
    (mistake,) = caught.value.mistakes
    assert (mistake.line, mistake.key) == (None, key)
    assert variable.removeprefix("VENUEAIR_").split("__")[0].lower() in str(mistake).lower()


def test_passwords_are_shown_neither_in_settings_nor_in_mistakes(monkeypatch, tmp_path):
    monkeypatch.setenv("VENUEAIR_MQTT__PASSWORD", "s3cret")
    assert "s3cret" not in repr(load(GOOD, MODELS))
    path = tmp_path / "venueair.toml"
    path.write_text(
        GOOD.read_text(encoding="utf-8").replace("[mqtt]", "[mqtt]\npassword = 48151623"), "utf-8"
    )
    monkeypatch.delenv("VENUEAIR_MQTT__PASSWORD")
    with pytest.raises(SettingsError) as caught:
        load(path, MODELS)
    assert [mistake.key for mistake in caught.value.mistakes] == ["mqtt.password"]
    assert "48151623" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.toml has 1 mistake:\n  cannot be read"):
        load(tmp_path / "nowhere.toml", MODELS)


@pytest.mark.parametrize("content", [b"data = '\xff'", b"\x00\x01", b"\xff\xfe[\x00m\x00"])
def test_a_file_that_is_no_text_is_one_mistake(tmp_path, content):
    path = tmp_path / "venueair.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(path, MODELS)
    assert len(caught.value.mistakes) == 1


def test_a_folder_in_place_of_the_file_is_a_mistake(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path, MODELS)
