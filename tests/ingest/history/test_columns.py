"""Header, --map and --ignore say which column is which quantity; what is unclear is an error."""

import pytest

from ingest.history.columns import Column, HistoryError, Layout, is_export, layout
from ingest.history.units import scale

HEADER = ["time", "PM 2.5", "co2", "note"]


def test_names_of_quantities_need_no_map():
    assert layout(["co2", "time", "pm2_5"]) == Layout(
        "time", (Column("co2", "co2"), Column("pm2_5", "pm2_5"))
    )


def test_a_map_names_column_quantity_and_unit_and_ignore_leaves_out():
    found = layout(HEADER, ["PM 2.5=pm2_5:mg/m3"], ["note"])
    assert found.columns == (Column("PM 2.5", "pm2_5", scale("pm2_5", "mg/m3")), Column("co2", "co2"))


def test_a_name_of_ours_in_another_unit_can_be_mapped():
    assert layout(["time", "temperature"], ["temperature=temperature:degF"]).columns[0].scale.add == -32


def test_a_column_name_may_hold_an_equals_sign():
    assert layout(["time", "a=b"], ["a=b=co2:ppm"]).columns == (Column("a=b", "co2"),)


@pytest.mark.parametrize(
    ("maps", "ignored", "says"),
    [
        ([], [], "unknown columns 'PM 2.5', 'note'.*--map 'PM 2.5=pm2_5:ug/m3'.*--ignore 'PM 2.5'"),
        (["PM 2.5=pm2_5:ug/m3"], [], "unknown column 'note'"),
        (["PM 2.5"], ["note"], "not OLD=QUANTITY:UNIT"),
        (["PM 2.5=pm2_5"], ["note"], "names no unit; is it --map 'PM 2.5=pm2_5:ug/m3'"),
        (["PM 2.5=dust:ug/m3"], ["note"], "there is no quantity 'dust'"),
        (["PM 2.5=pm2_5:ppm"], ["note"], "pm2_5 is kept in ug/m3"),
        (["PM 2.5=co2:ppm"], ["note"], "two columns are the quantity 'co2'"),
        (["PM2.5=pm2_5:ug/m3"], ["note"], "the file has no such column, but time, PM 2.5"),
        (["PM 2.5=pm2_5:ug/m3"], ["notes"], "--ignore 'notes'"),
        (["PM 2.5=pm2_5:ug/m3"] * 2, ["note"], "two --map are for 'PM 2.5'"),
        (["PM 2.5=time"], ["note"], "more than one column is `time`"),
    ],
)
def test_what_is_unclear_is_an_error_that_shows_the_way(maps, ignored, says):
    with pytest.raises(HistoryError, match=says):
        layout(HEADER, maps, ignored)


def test_an_export_is_known_by_its_columns_in_any_order():
    assert is_export(["flag", "raw", "value", "quantity", "device", "time"])
    assert not is_export(["time", "value"])
