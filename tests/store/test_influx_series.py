"""Where a line says that it was measured."""

import numpy as np
import pytest

from venueair.site import Hall, Name, Sensor, Site, Venue, Zone
from venueair.store.books import Books
from venueair.store.influx_series import InfluxSeries

NAME = Name(ko="이름", en="Name")
T0 = 1_700_000_000_000


def site(zone_of_pm: str) -> Site:
    return Site(
        venues=(Venue(id="expo", name=NAME),),
        halls=(Hall(id="h1", venue="expo", name=NAME), Hall(id="h2", venue="expo", name=NAME)),
        zones=(
            Zone(id="stage", hall="h1", name=NAME, volume_m3=10),
            Zone(id="foyer", hall="h2", name=NAME, volume_m3=10),
        ),
        sensors=(Sensor(id="pm", zone=zone_of_pm, model="pms5003", port="/dev/pm"),),
    )


def lines(series: InfluxSeries, rows: list[tuple[int, int]]) -> list[str]:
    numbers = series.lines(
        np.array([number for number, _ in rows], dtype=np.int32), np.array([t for _, t in rows])
    )
    return [(series.heads["air"][n] + series.fields[n]).decode() for n in numbers.tolist()]


def test_a_device_has_all_tags_and_a_zone_no_device():
    series = InfluxSeries(Books(None), site("stage"), T0)
    assert [series.add("pm", "pm2_5"), series.add("stage", "pm2_5")] == [0, 1]
    assert lines(series, [(0, T0), (1, T0)]) == [
        "air,venue=expo,hall=h1,zone=stage,device=pm pm2_5",
        "air,venue=expo,hall=h1,zone=stage pm2_5",
    ]
    assert series.heads["air_1m"][0] == b"air_1m,venue=expo,hall=h1,zone=stage,device=pm "


def test_a_device_that_is_not_in_the_settings_has_only_its_name():
    series = InfluxSeries(Books(None), Site(), T0)
    series.add("gone", "co2")
    assert lines(series, [(0, T0)]) == ["air,device=gone co2"]


def test_history_stays_where_it_was_measured_when_a_device_moves():
    books = Books(None)
    series = InfluxSeries(books, site("stage"), T0)
    series.add("pm", "pm2_5")
    series.add("pm", "pm10")
    for move, zone in ((T0, "foyer"), (T0 + 100, "stage")):
        series.keep()
        series = InfluxSeries(books, site(zone), move)
    rows = [(0, T0 - 1), (1, T0 + 99), (0, T0 + 100), (1, 0), (0, T0)]
    assert [line.split("zone=")[1] for line in lines(series, rows)] == [
        "stage,device=pm pm2_5",
        "foyer,device=pm pm10",
        "stage,device=pm pm2_5",
        "stage,device=pm pm10",
        "foyer,device=pm pm2_5",
    ]
    assert "hall=h2" in lines(series, rows)[1]


def test_a_device_that_left_the_settings_stays_where_it_was():
    books = Books(None)
    series = InfluxSeries(books, site("stage"), T0)
    series.add("pm", "pm2_5")
    series.keep()
    series = InfluxSeries(books, Site(), T0)
    assert lines(series, [(0, T0 + 5)]) == ["air,venue=expo,hall=h1,zone=stage,device=pm pm2_5"]


@pytest.mark.parametrize(
    ("source", "quantity"),
    [
        ("", "co2"),
        ("A", "co2"),
        ("d 1", "co2"),
        ("d1", "co2_raw"),
        ("d1", "x_why"),
        ("d1", ""),
        ("d1", "a b"),
    ],
)
def test_a_name_that_would_be_read_as_another_is_refused(source, quantity):
    series = InfluxSeries(Books(None), Site(), T0)
    with pytest.raises(ValueError, match="cannot be the name of a series"):
        series.add(source, quantity)
    assert series.names == []


def test_it_grows_with_the_series():
    series = InfluxSeries(Books(None), site("stage"), T0)
    for number in range(300):
        assert series.add(f"d{number}", "co2") == number
    assert lines(series, [(299, T0)]) == ["air,device=d299 co2"]
