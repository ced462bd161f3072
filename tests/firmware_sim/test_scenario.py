import pytest

from firmware_sim import scenario
from firmware_sim.scenario import ScenarioError

ZONE = "outdoor_air_per_h = 1\ninfiltration_per_h = 0\ndeposition_per_h = 0.2\n"


def test_a_scenario_lists_all_its_mistakes(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        f"story_s = -1\n[zone.hall-a]\n{ZONE}people = [[100, 1], [50, 2]]\ncolour = 'red'\n"
        "[[zone.hall-a.source]]\nname = 'x'\npm2_5_mg_per_min = 1\nfrom_s = 10\nuntil_s = 5\n"
    )
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    for part in ("bad.toml", "story_s", "must rise", "colour", "until_s must be after"):
        assert part in str(caught.value)


@pytest.mark.parametrize("content", [b"story_s = ", b"\xff\xfe"], ids=["no TOML", "no UTF-8"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=r"broken\.toml"):
        scenario.load(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be read"):
        scenario.load(tmp_path / "absent.toml")


def test_a_zone_without_a_story_is_named_with_those_that_have_one():
    with pytest.raises(ScenarioError, match=r"\[zone.lobby\].*hall-a, seminar"):
        scenario.load().room("lobby", 100)
