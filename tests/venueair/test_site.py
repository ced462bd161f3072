import pytest
from pydantic import ValidationError

from venueair.rules import Level, Rule, Target
from venueair.site import Hall, Name, Purifier, Sensor, Site, Venue, Zone

NAME = Name(ko="가", en="a")
SITE = Site(
    venues=(Venue(id="expo", name=NAME), Venue(id="museum", name=NAME)),
    halls=(Hall(id="hall-1", venue="expo", name=NAME), Hall(id="gallery", venue="museum", name=NAME)),
    zones=(
        Zone(id="stage", hall="hall-1", name=NAME, volume_m3=1200),
        Zone(id="foyer", hall="hall-1", name=NAME, volume_m3=300),
        Zone(id="east", hall="gallery", name=NAME, volume_m3=300),
    ),
    sensors=(
        Sensor(id="pm1", zone="stage", model="pms5003", port="/dev/x"),
        Sensor(id="co2-1", zone="stage", model="senseair_s8", port="/dev/y"),
        Sensor(id="node", zone="east", model="canonical-node", quantities=("voc_index",)),
    ),
    purifiers=(Purifier(id="fan1", zone="stage", cadr_m3h=5400),),
)


def test_a_zone_belongs_to_the_venue_of_its_hall():
    assert [SITE.venue_of_zone(zone) for zone in ("stage", "foyer", "east")] == ["expo", "expo", "museum"]


def test_what_stands_in_a_zone_is_found_in_the_order_of_the_settings():
    assert [sensor.id for sensor in SITE.sensors_in("stage")] == ["pm1", "co2-1"]
    assert [purifier.id for purifier in SITE.purifiers_in("stage")] == ["fan1"]
    assert SITE.sensors_in("foyer") == SITE.purifiers_in("east") == ()


def test_lookups_are_by_id():
    assert SITE.sensor["node"].zone == "east"
    assert SITE.purifier["fan1"].cadr_m3h == 5400
    assert SITE.hall["gallery"].venue == "museum"


@pytest.mark.parametrize("table", ["hall", "zone", "sensor", "purifier"])
def test_an_id_that_is_not_there_is_a_key_error(table):
    with pytest.raises(KeyError):
        getattr(SITE, table)["nowhere"]


def test_the_venue_of_an_unknown_zone_is_a_key_error():
    with pytest.raises(KeyError):
        SITE.venue_of_zone("nowhere")


def test_a_site_cannot_be_changed_in_place():
    with pytest.raises(ValidationError):
        SITE.zone["stage"].volume_m3 = 1


@pytest.mark.parametrize("text", ["", "A", "a b", "a\n", "../a", "a" * 65, "-a"])
def test_ids_of_the_settings_are_the_ids_of_topics(text):
    with pytest.raises(ValidationError):
        Venue(id=text, name=NAME)


@pytest.mark.parametrize("volume", [0, -1, float("nan"), float("inf")])
def test_a_zone_has_a_real_volume(volume):
    with pytest.raises(ValidationError):
        Zone(id="z", hall="h", name=NAME, volume_m3=volume)


def test_a_rule_without_zones_covers_all_of_them():
    every = Rule(id="r", quantity="co2", levels=(Level(limit=1000, deadband=100),))
    assert every.covers("stage")
    one = every.model_copy(update={"zones": ("stage",)})
    assert one.covers("stage")
    assert not one.covers("foyer")


@pytest.mark.parametrize("limits", [(50, 50), (80, 50), (50, 80, 70)])
def test_limits_rise_from_level_to_level(limits):
    with pytest.raises(ValidationError, match="must rise"):
        Rule(id="r", quantity="pm2_5", levels=tuple(Level(limit=limit, deadband=1) for limit in limits))


@pytest.mark.parametrize("below", [35, 36])
def test_a_target_without_hysteresis_is_refused(below):
    with pytest.raises(ValidationError, match="hunt"):
        Target(zone="stage", quantity="pm2_5", up_above=35, down_below=below)
