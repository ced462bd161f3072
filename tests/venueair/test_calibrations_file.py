"""calibrations.toml: what is added is what the loader reads, and what people wrote in it stays."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sensors import MODELS
from venueair.calibrations_file import NotSavedError, next_version, save, table
from venueair.corrections import Calibration
from venueair.settings import Settings, load

SITE = """
[gateway]
venue = "expo"
[[venue]]
id = "expo"
name = { ko = "엑스포", en = "Expo" }
[[hall]]
id = "hall-a"
venue = "expo"
name = { ko = "A홀", en = "Hall A" }
[[zone]]
id = "stage"
hall = "hall-a"
name = { ko = "무대", en = "Stage" }
volume_m3 = 1200
[[sensor]]
id = "stage-pm"
zone = "stage"
model = "pms5003"
port = "/dev/serial/by-id/usb-1"
[[sensor]]
id = "stage-node"
zone = "stage"
model = "canonical-node"
quantities = ["co2"]
"""


def calibration(**changes) -> Calibration:
    return Calibration.model_validate(
        {
            "kind": "calibration",
            "device": "stage-pm",
            "quantity": "pm2_5",
            "from": "2026-11-01",
            "version": 1,
            "offset": -1.5,
            "gain": 0.8,
            "reference": 'GRIMM "11-D"\\2.csv',
            "period": ("2026-11-01", "2026-11-20"),
            "range": (2.0, 88.25),
            "n": 402,
            "r2": 0.93,
            "rmse": 3.1,
        }
        | changes
    )


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "venueair.toml"
    path.write_text(SITE, "utf-8")
    return path


def loaded(path) -> Settings:
    return load(path, MODELS)


def saved(config, new: Calibration, *, replaces: bool = False) -> tuple[str, ...]:
    return save(config, loaded(config), new, loaded, replaces=replaces).ended


def text_of(config) -> str:
    return config.with_name("calibrations.toml").read_text("utf-8")


def test_a_saved_calibration_is_what_the_settings_then_have(config):
    new = calibration(humidity=-0.05)
    assert saved(config, new) == ()
    assert loaded(config).correction == (new,)
    assert text_of(config) == table(new)
    assert sorted(path.name for path in config.parent.iterdir()) == ["calibrations.toml", "venueair.toml"]


finite = st.floats(-1e6, 1e6)


@given(
    finite,
    st.floats(0.1, 10),
    finite,
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), min_size=1, max_size=200),
)
def test_a_table_is_read_as_what_was_written(offset, gain, humidity, reference):
    new = calibration(offset=offset, gain=gain, humidity=humidity, reference=reference)
    (row,) = tomllib.loads(table(new))["correction"]
    again = Calibration.model_validate(row)
    assert (again.offset, again.gain, again.humidity) == pytest.approx((offset, gain, humidity), rel=1e-6)
    same = {"offset": 0, "gain": 1, "humidity": 0}
    assert again.model_copy(update=same) == new.model_copy(update=same)


def test_others_and_what_people_wrote_stay(config):
    mine = "# 2026-11: all sensors of the hall, Kim\n\n" + table(calibration()) + "# bench 3\n"
    config.with_name("calibrations.toml").write_text(mine, "utf-8")
    saved(config, calibration(quantity="pm10"))
    assert text_of(config) == f"{mine}\n{table(calibration(quantity='pm10'))}"
    assert [c.quantity for c in loaded(config).correction] == ["pm2_5", "pm10"]


def test_a_second_one_of_the_same_time_is_refused_by_name(config):
    saved(config, calibration())
    before = text_of(config)
    with pytest.raises(NotSavedError) as caught:
        saved(config, calibration(**{"from": "2026-12-01", "version": 2}))
    assert str(caught.value) == (
        "pm2_5 of stage-pm is corrected at that time already, by calibration version 1 in calibrations.toml:"
        " --replace ends it where the new one begins"
    )
    assert text_of(config) == before


def test_replacing_ends_the_old_one_where_the_new_one_begins(config):
    old, other = calibration(), calibration(device="stage-node", quantity="co2")
    new = calibration(**{"from": "2026-12-01", "version": 2, "gain": 0.9})
    saved(config, old)
    saved(config, other)
    assert saved(config, new, replaces=True) == ("calibration version 1",)
    ended, kept, added = loaded(config).correction
    assert ended == old.model_copy(update={"until": new.since})
    assert (kept, added) == (other, new)


def test_an_end_that_was_later_is_brought_forward(config):
    saved(config, calibration(until="2027-06-01"))
    text = text_of(config).replace("version = 1\n", "version = 1\nuntil = 2027-06-01  # rented\n")
    config.with_name("calibrations.toml").write_text(text, "utf-8")
    new = calibration(**{"from": "2026-12-01", "version": 2})
    saved(config, new, replaces=True)
    assert loaded(config).correction[0].until == new.since
    assert "rented" not in text_of(config)


@pytest.mark.parametrize("since", ["2026-11-01", "2026-10-01"])
def test_one_that_would_have_no_time_left_stays_as_a_comment(config, since):
    saved(config, calibration(gain=0.7))
    saved(config, calibration(device="stage-node", quantity="co2"))
    new = calibration(**{"from": since, "version": 2})
    assert saved(config, new, replaces=True) == ("calibration version 1",)
    assert [c.version for c in loaded(config).correction if c.quantity == "pm2_5"] == [2]
    assert "# replaced:\n# [[correction]]\n" in text_of(config)
    assert "# gain = 0.7\n" in text_of(config)
    assert next_version(loaded(config), "stage-pm", "pm2_5") == 3


def test_one_after_the_other_needs_no_replacing(config):
    saved(config, calibration())
    text = text_of(config) + "until = 2026-12-01\n"
    config.with_name("calibrations.toml").write_text(text, "utf-8")
    assert saved(config, calibration(**{"from": "2026-12-01", "version": 2})) == ()


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("", "linear version 7 in venueair.toml: give it until = 2026-11-01T00:00:00Z there"),
        ("from = 2026-11-05\n", "linear version 7 in venueair.toml: take it out there"),
    ],
)
@pytest.mark.parametrize("replaces", [False, True])
def test_a_correction_of_the_settings_is_left_to_people(config, since, said, replaces):
    line = f'\n[[correction]]\nkind = "linear"\ndevice = "stage-pm"\nquantity = "pm2_5"\nversion = 7\n{since}'
    config.write_text(SITE + line, "utf-8")
    with pytest.raises(NotSavedError, match=said):
        saved(config, calibration(), replaces=replaces)
    assert not config.with_name("calibrations.toml").exists()


def test_what_does_not_fit_the_settings_is_not_saved(config):
    with pytest.raises(NotSavedError, match=r"calibrations\.toml, line 3: .*there is no sensor 'stage-pn'"):
        saved(config, calibration(device="stage-pn"))
    with pytest.raises(NotSavedError, match="needs humidity, which the device does not send"):
        saved(config, calibration(device="stage-node", quantity="co2", humidity=1))
    assert not config.with_name("calibrations.toml").exists()


def test_a_file_that_people_wrote_in_another_way_is_not_touched(config):
    row = table(calibration()).removeprefix("[[correction]]\n").strip().replace("\n", ", ")
    inline = f"correction = [{{ {row} }}]\n"
    config.with_name("calibrations.toml").write_text(inline, "utf-8")
    for new in (calibration(quantity="pm10"), calibration(**{"from": "2026-12-01"})):
        with pytest.raises(NotSavedError, match="written in a way that cannot be added to: put the table"):
            saved(config, new, replaces=True)
    assert text_of(config) == inline


def test_a_folder_that_cannot_be_written_is_named(config):
    config.with_name("calibrations.toml.new").mkdir()
    with pytest.raises(NotSavedError, match=r"calibrations\.toml cannot be written"):
        saved(config, calibration())


def test_versions_count_up_for_each_reading(config):
    assert next_version(loaded(config), "stage-pm", "pm2_5") == 1
    saved(config, calibration(version=4))
    saved(config, calibration(quantity="pm10", version="bench"))
    settings = loaded(config)
    assert next_version(settings, "stage-pm", "pm2_5") == 5
    assert next_version(settings, "stage-pm", "pm10") == 1
