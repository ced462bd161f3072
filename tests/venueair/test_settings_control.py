"""Fire contacts in a venueair.toml: what would stop a hall for ever is a mistake that is said at once."""

import pytest

from venueair.settings import SettingsError, load

SITE = """
[gateway]
venue = "expo"
[[venue]]
id = "expo"
name = { ko = "가", en = "a" }
[[hall]]
id = "hall"
venue = "expo"
name = { ko = "가", en = "a" }
[[zone]]
id = "hall-a"
hall = "hall"
name = { ko = "가", en = "a" }
volume_m3 = 100
[[sensor]]
id = "panel"
zone = "hall-a"
model = "canonical-node"
quantities = ["fire"]
[[sensor]]
id = "dust"
zone = "hall-a"
model = "canonical-node"
quantities = ["pm2_5"]
[[control.fire_inputs]]
"""


def loaded(tmp_path, rest):
    path = tmp_path / "venueair.toml"
    path.write_text(SITE + rest, "utf-8")
    return load(path, models=())


def test_a_contact_names_its_sensor_and_its_halls(tmp_path):
    (found,) = loaded(tmp_path, 'sensor = "panel"\nhalls = ["hall"]\n').control.fire_inputs
    assert (found.sensor, found.halls) == ("panel", ("hall",))


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ('sensor = "nobody"\nhalls = ["hall"]', "there is no sensor 'nobody'"),
        ('sensor = "dust"\nhalls = ["hall"]', "'dust' reads no contact: give it quantities"),
        ('sensor = "panel"\nhalls = ["hall", "attic"]', "there is no hall 'attic'"),
        ('sensor = "panel"\nhalls = []', "control.fire_inputs[1].halls"),
        ('sensor = "panel"', "is missing"),
        ('halls = ["hall"]', "is missing"),
    ],
)
def test_a_contact_that_nobody_reads_or_that_is_about_nothing_is_a_mistake(tmp_path, rest, says):
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, rest + "\n")
    assert says in str(caught.value)
