"""[[correction]] in a venueair.toml, and in the calibrations.toml beside it."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from venueair.corrections import ALWAYS, FOREVER, KINDS, Co2Pressure, Linear, moment
from venueair.settings import Settings, SettingsError, load

GOOD = Path(__file__).parents[1] / "scenarios" / "settings" / "good" / "venueair.toml"
MODELS = ("pms5003", "senseair_s8")
SITE = """
[[zone]]
id = "roof"
hall = "hall-a"
name = { ko = "옥상", en = "Roof" }
outdoor = true

[[sensor]]
id = "stage-co2"
zone = "stage"
model = "senseair_s8"
port = "/dev/serial/by-id/usb-2"

[[sensor]]
id = "roof-node"
zone = "roof"
model = "airgradient-open-air"
quantities = ["pm2_5", "n0_3", "temperature", "humidity"]

[[sensor]]
id = "stage-node"
zone = "stage"
model = "SCD41"
quantities = ["co2", "humidity", "pressure"]
"""
CALIBRATION = """
[[correction]]
kind = "calibration"
device = "stage-pm"
quantity = "pm2_5"
from = 2026-11-01
version = "2026-11-20"
offset = -1.5
gain = 0.8
reference = "GRIMM 11-D"
period = [2026-11-01, 2026-11-20]
range = [2.0, 88.0]
n = 402
r2 = 0.93
rmse = 3.1
"""


def correction(kind: str, device: str, quantity: str, more: str = "") -> str:
    return f'\n[[correction]]\nkind = "{kind}"\ndevice = "{device}"\nquantity = "{quantity}"\n{more}\n'


@pytest.fixture
def read(tmp_path):
    def read(text: str, saved: str | None = None) -> Settings:
        path = tmp_path / "venueair.toml"
        path.write_text(GOOD.read_text("utf-8") + SITE + text, "utf-8")
        if saved is not None:
            path.with_name("calibrations.toml").write_text(saved, "utf-8")
        return load(path, MODELS)

    return read


@pytest.fixture
def mistakes(read):
    def mistakes(text: str, saved: str | None = None) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            read(text, saved)
        lines = (GOOD.read_text("utf-8") + SITE).count("\n")
        return [
            str(mistake).replace(f"line {mistake.line}", f"line +{(mistake.line or 0) - lines * (not saved)}")
            for mistake in caught.value.mistakes
        ]

    return mistakes


def test_corrections_of_every_kind_are_read(read):
    settings = read(
        correction("epa_pm2_5", "stage-pm", "pm2_5", "until = 2026-11-01")
        + correction("linear", "stage-pm", "pm2_5", "offset = 1\nuntil = 2026-11-01\nversion = 2")
        + CALIBRATION
        + correction("kappa_koehler", "stage-pm", "pm10", "kappa = 0.3")
        + correction("airgradient_lot", "roof-node", "pm2_5", "factor = 0.02838")
        + correction("airgradient_pms5003t", "roof-node", "humidity")
        + correction("co2_pressure", "stage-co2", "co2", 'model = "senseair"\naltitude_m = 38')
    )
    assert sorted(c.kind for c in settings.correction) == sorted(KINDS)
    line = settings.correction[1]
    assert isinstance(line, Linear)
    assert (line.since, line.until, line.version) == (ALWAYS, moment(date(2026, 11, 1)), 2)
    assert (line.offset, line.gain, line.needs) == (1, 1, ())
    assert settings.correction[2].until == FOREVER
    assert isinstance(settings.correction[-1], Co2Pressure)
    assert settings.correction[-1].needs == ()


@pytest.mark.parametrize(
    "value",
    [
        date(2026, 11, 23),
        datetime(2026, 11, 23, tzinfo=UTC),
        datetime(2026, 11, 23, 9, tzinfo=timezone(timedelta(hours=9))),
        datetime(2026, 11, 23),  # noqa: DTZ001  # as TOML reads a time without an offset
        "2026-11-23",
        "2026-11-23T00:00:00Z",
        "2026-11-23T00:00",
    ],
)
def test_a_time_is_in_utc_unless_it_says_otherwise(value):
    assert moment(value) == 1_795_392_000_000


@pytest.mark.parametrize("value", ["soon", 20261123, True, None, "2026-13-01"])
def test_what_is_no_time_is_refused_with_an_example(value):
    with pytest.raises(ValueError, match="2026-11-23"):
        moment(value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            correction("linear", "stage-pn", "pm2_5", "gain = 1.1"),
            ["line +4: correction[1].device: there is no sensor 'stage-pn'"],
        ),
        (
            correction("linaer", "stage-pm", "pm2_5"),
            [f"line +2: correction[1]: kind must be one of {', '.join(KINDS)} (found"],
        ),
        (
            correction("linear", "stage-pm", "pm2_5", "gain = -0.5"),
            ["line +6: correction[1].gain: Input should be greater than or equal to 0.1 (found -0.5)"],
        ),
        (
            correction("linear", "stage-pm", "pm2_5", "slope = 2"),
            ["line +6: correction[1].slope: is not a key that venueair knows here"],
        ),
        (
            correction("linear", "stage-pm", "pm2_5", 'from = 2026-11-23\nuntil = "2026-11-23"'),
            ["line +7: correction[1].until: must be later than from (found '2026-11-23')"],
        ),
        (
            correction("linear", "stage-pm", "pm2_5", 'from = "Monday"'),
            ["line +6: correction[1].from: must be a date as 2026-11-23, or a time as"],
        ),
        (
            correction("linear", "stage-pm", "fire"),
            ["line +5: correction[1].quantity: this kind corrects co, co2, h2s, hcho,"],
        ),
        (
            correction("kappa_koehler", "stage-pm", "pm2_5"),
            ["line +2: correction[1].kappa: is missing"],
        ),
        (
            correction("epa_pm2_5", "stage-node", "pm2_5"),
            [
                "line +3: correction[1].kind: is for Plantower sensors; stage-node is a 'SCD41'",
                "line +5: correction[1].quantity: stage-node does not send pm2_5 (quantities)",
            ],
        ),
        (
            correction("co2_pressure", "stage-node", "co2", 'model = "ideal"'),
            ["line +3: correction[1].kind: stage-node (SCD41) compensates by itself: give it"],
        ),
        (
            correction("airgradient_pms5003t", "foyer-node", "temperature"),
            ["line +3: correction[1].kind: is for outdoor housings; foyer-node stands in zone 'foyer'"],
        ),
        (
            correction("kappa_koehler", "roof-node", "pm2_5", "kappa = 0.4")
            + correction("linear", "foyer-node", "humidity", "temperature = 0.1\nhumidity = 0.1")
            + correction("linear", "stage-node", "co2", "temperature = -1.5"),
            ["line +16: correction[3].kind: needs temperature, which the device does not send (quantities)"],
        ),
    ],
    ids=lambda value: value.strip().split("\n")[1] if isinstance(value, str) else "",
)
def test_a_wrong_correction_is_named_with_its_line(mistakes, text, wanted):
    found = mistakes(text)
    assert len(found) == len(wanted)
    assert all(line.startswith(start) for line, start in zip(found, wanted, strict=True)), found


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('kind = "linear"\nuntil = 2026-11-24', 'kind = "linear"\nfrom = 2026-11-23'),
        ('kind = "epa_pm2_5"', 'kind = "kappa_koehler"\nkappa = 0.4\nfrom = 2026-11-23'),
        ('kind = "linear"\nfrom = 2026-10-01', CALIBRATION.replace("[[correction]]", "").strip()),
    ],
    ids=["two lines", "two ways of drying", "a line and a calibration"],
)
def test_nothing_is_corrected_twice_at_one_time(mistakes, first, second):
    rows = [f"[[correction]]\n{row if 'device' in row else row + DEVICE}\n" for row in (first, second)]
    (found,) = mistakes("\n" + "".join(rows))
    assert "correction[2]: pm2_5 of stage-pm is corrected at the same time by" in found
    assert "end one of them with until" in found


DEVICE = '\ndevice = "stage-pm"\nquantity = "pm2_5"'


def test_two_pressure_compensations_at_one_time_are_refused(mistakes):
    row = correction("co2_pressure", "stage-co2", "co2", 'model = "senseair"\naltitude_m = 38')
    (found,) = mistakes(row + row)
    assert "co2 of stage-co2 is corrected at the same time by co2_pressure (version 1)" in found


def test_one_after_the_other_and_a_chain_of_steps_are_fine(read):
    settings = read(
        correction("epa_pm2_5", "stage-pm", "pm2_5", "until = 2026-11-01")
        + correction("kappa_koehler", "stage-pm", "pm2_5", "kappa = 0.4\nfrom = 2026-11-01")
        + correction("linear", "stage-pm", "pm2_5", "gain = 1.1")
        + correction("linear", "stage-pm", "pm10", "gain = 1.1")
    )
    assert len(settings.correction) == 4


def test_calibrations_beside_the_settings_are_read_after_them(read):
    settings = read(correction("linear", "stage-pm", "pm10", "gain = 1.1"), CALIBRATION)
    assert [c.kind for c in settings.correction] == ["linear", "calibration"]


def test_a_mistake_in_calibrations_names_that_file_and_its_line(mistakes):
    saved = CALIBRATION.replace("gain = 0.8", "gain = 80").replace("stage-pm", "stage-pn")
    assert mistakes(correction("linear", "stage-pm", "pm10", "gain = 1.1"), saved) == [
        "calibrations.toml, line +4: correction[1].device: there is no sensor 'stage-pn'",
        "calibrations.toml, line +9: correction[1].gain: Input should be less than or equal to 10 (found 80)",
    ]


def test_a_calibration_that_meets_a_line_of_the_settings_is_a_mistake_of_its_own_file(mistakes):
    (found,) = mistakes(correction("linear", "stage-pm", "pm2_5", "gain = 1.1"), CALIBRATION)
    assert found.startswith("calibrations.toml, line +2: correction[1]: pm2_5 of stage-pm is corrected")


@pytest.mark.parametrize(
    ("saved", "wanted"),
    [
        ('data = "elsewhere"\n' + CALIBRATION, "line 1: data: only [[correction]] belongs here"),
        ("[correction]\ngain = 2", "line 1: correction: only [[correction]] belongs here"),
    ],
)
def test_calibrations_holds_nothing_else(read, saved, wanted):
    with pytest.raises(SettingsError) as caught:
        read("", saved)
    assert [str(mistake) for mistake in caught.value.mistakes] == [f"calibrations.toml, {wanted}"]


def test_calibrations_that_cannot_be_read_are_named(read, tmp_path):
    with pytest.raises(SettingsError, match=r"calibrations\.toml has 1 mistake:\n  is not TOML"):
        read("", "[[correction")
    (tmp_path / "calibrations.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"calibrations\.toml has 1 mistake:\n  cannot be read"):
        read("")


@pytest.mark.parametrize("text", ["[correction]\ngain = 1\n[mqtt]", "correction = 3\n[mqtt]"])
def test_corrections_that_are_no_list_are_a_mistake(tmp_path, text):
    path = tmp_path / "venueair.toml"
    path.write_text(GOOD.read_text("utf-8").replace("[mqtt]", text), "utf-8")
    path.with_name("calibrations.toml").write_text(CALIBRATION, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load(path, MODELS)
    assert [(mistake.key, mistake.file) for mistake in caught.value.mistakes] == [("correction", "")]
