"""The files behind the limits: what a wrong one says, and the page made of them."""

import re
import tomllib
from pathlib import Path

import pytest

from venueair import limits
from venueair.limits import FACILITIES, LimitsError, load, read_limits, sources
from venueair.limits.ventilation import clean_air_rates, outdoor_air_rates
from venueair.limits_page import page

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"

ENTRY = """
title = "A source"
edition = "first"
effective_from = 2020-01-01
confidence = "S"

[[limit]]
id = "pm10"
quantity = "pm10"
value = 100
unit = "ug/m3"
operator = "<="
"""


def written(folder: Path, text: str, name: str = "a_source.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("value = 100", "value = -1"), r"entry 'pm10': value: "),
        (("value = 100", 'value = "a lot"'), r"entry 'pm10': value: "),
        (("value = 100", "value = nan"), r"entry 'pm10': value: "),
        (('unit = "ug/m3"', 'unit = "ppm"'), r"entry 'pm10': the unit of pm10 is ug/m3"),
        (('quantity = "pm10"', 'quantity = "pm100"'), r"unknown quantity 'pm100'; known are .*pm2_5"),
        (('quantity = "pm10"', 'parameter = "pm10"'), r"pm10 is a quantity"),
        (('quantity = "pm10"', ""), r"needs either quantity .* or parameter"),
        (('quantity = "pm10"', 'quantity = "pm10"\nparameter = "x"'), r"needs either"),
        (('operator = "<="', 'operator = ">="'), r"a rate is a minimum"),
        (('operator = "<="', 'operator = "=="'), r"operator: "),
        (('operator = "<="', 'operator = "<="\nkind = "rate"'), r"a rate is a minimum"),
        (('confidence = "S"', 'confidence = "X"'), r"confidence: "),
        (('confidence = "S"', ""), r"confidence: "),
        (('id = "pm10"', ""), r"entry '\(no id\)': id: "),
        (('id = "pm10"', 'id = "pm10"\naverage_s = 1'), r"average_s: "),
        (('id = "pm10"', 'id = "pm10"\naveraging_s = 0'), r"averaging_s: "),
        (('id = "pm10"', 'id = "pm10"\ngroups = ["E"]'), r"groups.0: "),
        (('id = "pm10"', 'id = "pm10"\nfacilities = ["hall"]'), r"unknown facility 'hall'; known are exhib"),
        (('id = "pm10"', 'id = "pm10"\neffective_until = 2020-01-01'), r"must be after effective_from"),
        (("effective_from = 2020-01-01", 'effective_from = "soon"'), r"effective_from: "),
        (('title = "A source"', ""), r"title must be given"),
        (("[[limit]]", "[[limit]"), r"a_source.toml: "),
    ],
)
def test_a_wrong_entry_is_named_with_its_file(tmp_path, change, message):
    assert change[0] in ENTRY
    with pytest.raises(LimitsError, match=message) as caught:
        read_limits(written(tmp_path, ENTRY.replace(*change)))
    assert str(caught.value).startswith("a_source.toml")


def test_an_id_given_twice_is_refused(tmp_path):
    entry = ENTRY[ENTRY.index("[[limit]]") :]
    with pytest.raises(LimitsError, match="more than one entry has the id pm10"):
        read_limits(written(tmp_path, ENTRY + entry))


def test_an_entry_overrules_what_its_file_says_for_all(tmp_path):
    text = ENTRY + 'confidence = "V"\nedition = "second"\n'
    source, (limit,) = read_limits(written(tmp_path, text))
    assert (source.id, source.edition) == ("a_source", "first")
    assert (limit.source, limit.edition, limit.confidence) == ("a_source", "second", "V")
    assert limit.document == "A source"


def test_every_file_of_the_folder_is_read():
    folder = Path(limits.__file__).parent
    tables = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.toml")}
    assert {name for name, table in tables.items() if "limit" in table} == {each.id for each in sources()}
    assert {name for name, table in tables.items() if "space" in table} == {"ashrae_62_1", "ashrae_241"}
    assert sum(len(table.get("limit", ())) for table in tables.values()) == len(load())


def test_the_page_is_what_the_limits_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m venueair.limits_page > docs/limits.md"


def test_the_page_has_a_row_for_every_limit_and_its_tables_are_even():
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert len(rows) == len(load()) + len(FACILITIES) + len(outdoor_air_rates()) + len(clean_air_rates())
    for block in re.findall(r"(?:^\|.*\n)+", page(), flags=re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1


def test_nothing_is_called_legal_or_illegal():
    words = page() + "".join(f"{each.note} {each.condition} {each.level}" for each in load())
    assert not re.search(r"\b(il)?legal|\bunlawful|불법|위법|합법", words, flags=re.IGNORECASE)
    assert "screening" in page()
