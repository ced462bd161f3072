"""What visitors may see: nothing unless turned on, no dust without a certificate, no grade of old values."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.display import SCALES, display, grade, may_publish
from tests.api.parts import T0, settings

TODAY = datetime.fromtimestamp(T0 / 1000, UTC).date()
LATER = TODAY + timedelta(days=30)
CERTIFIED = {"cert_grade": 2, "cert_until": LATER, "check_due": LATER}


def place(*, shown: bool = True, **sensor):
    at = settings()
    hall = at.hall[0].model_copy(update={"display": shown})
    first = at.sensor[0].model_copy(update=sensor)
    return at.model_copy(update={"hall": (hall,), "sensor": (first, *at.sensor[1:])}).site


def row(source: str, quantity: str, value: float | None, *, is_good: bool = True):
    text = {"name_ko": quantity, "name_en": quantity, "unit": "1", "decimals": 1}
    return {"source": source, "quantity": quantity, "value": value, "t": T0, "is_good": is_good, **text}


def shown(site, *rows):
    return {value["quantity"]: value for value in display(site, "hall-a", rows, T0)["values"]}


def test_a_hall_is_hidden_until_its_settings_say_otherwise():
    assert settings().hall[0].model_copy(update={"display": False}).display is False
    assert display(place(shown=False), "hall-a", [row("zone-a", "co2", 700.0)], T0) is None
    assert display(place(), "hall-z", [], T0) is None


@pytest.mark.parametrize(
    "lack",
    [{name: None} for name in CERTIFIED]
    + [{name: TODAY - timedelta(days=1)} for name in ("cert_until", "check_due")],
)
def test_dust_is_not_shown_without_a_certificate_that_holds(lack):
    site = place(**CERTIFIED | lack)
    assert shown(site, row("pm1", "pm2_5", 12.0), row("zone-a", "pm2_5", 12.0)) == {}


def test_dust_of_a_certified_meter_is_shown_with_its_grade_and_never_the_value_of_the_zone():
    found = shown(place(**CERTIFIED), row("pm1", "pm2_5", 45.0), row("zone-a", "pm2_5", 90.0))["pm2_5"]
    assert (found["value"], found["grade"], found["cert_grade"]) == (45.0, 3, 2)
    assert found["scale"] == [15.0, 35.0, 75.0]


def test_a_certificate_ends_when_its_last_day_has_ended_in_the_east():
    last = date(2026, 6, 30)
    sensor = settings().sensor[0].model_copy(update=CERTIFIED | {"cert_until": last})
    end = datetime(2026, 6, 30, 10, tzinfo=UTC)  # midnight at UTC+14
    assert may_publish(sensor, round(end.timestamp() * 1000) - 1)
    assert not may_publish(sensor, round(end.timestamp() * 1000))


def test_what_is_not_good_has_neither_value_nor_grade():
    found = shown(
        place(**CERTIFIED),
        row("pm1", "pm2_5", 5.0, is_good=False),
        row("zone-a", "co2", 500.0, is_good=False),
    )
    for quantity in ("pm2_5", "co2"):
        assert (found[quantity]["value"], found[quantity]["grade"], found[quantity]["t"]) == (
            None,
            None,
            None,
        )


def test_visitors_see_no_other_quantities_and_no_names_of_devices():
    told = display(place(**CERTIFIED), "hall-a", [row("zone-a", "co", 1.0), row("pm1", "pm2_5", 5.0)], T0)
    assert [value["quantity"] for value in told["values"]] == ["pm2_5"]
    assert "pm1" not in str(told)
    assert "zone-a" not in str(told)


@pytest.mark.parametrize(
    ("quantity", "value", "expected"),
    [
        ("pm2_5", 15.4, 1),
        ("pm2_5", 15.5, 2),
        ("pm2_5", 35, 2),
        ("pm2_5", 45, 3),
        ("pm2_5", 75.4, 3),
        ("pm2_5", 76, 4),
        ("pm10", 30, 1),
        ("pm10", 80.5, 3),
        ("pm10", 151, 4),
        ("co2", 5000, None),
    ],
)
def test_grades_are_those_that_people_know(quantity, value, expected):
    assert grade(quantity, value) == expected


@given(st.sampled_from(sorted(SCALES)), st.floats(0, 2000), st.floats(0, 2000))
def test_more_dust_never_has_a_better_grade(quantity, one, other):
    low, high = sorted((one, other))
    assert grade(quantity, low) <= grade(quantity, high)


def test_the_display_is_open_and_everything_about_it_is_the_same_for_a_hall_that_is_not(site):
    visitor = site.client(None)
    site.live(("zone-a temperature", T0, 21.5, 1))
    told = visitor.get("/display/hall-a/values")
    assert told.status_code == 200
    assert [value["value"] for value in told.json()["values"] if value["quantity"] == "temperature"] == [21.5]
    assert visitor.get("/display/hall-z/values").status_code == 404
    assert visitor.get("/display/hall-a").text == visitor.get("/display/hall-z").text
    assert visitor.post("/display/hall-a/values").status_code in (401, 405)
