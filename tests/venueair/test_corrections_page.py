"""docs/corrections.md promises what the settings take."""

import re
from pathlib import Path

import pytest

from gateway.sensors import MODELS
from venueair.corrections import KINDS
from venueair.settings import load

PAGE = (Path(__file__).parents[2] / "docs" / "corrections.md").read_text("utf-8")
EXAMPLES = [
    "\n".join(line.strip() for line in block.splitlines())
    for block in re.findall(r"^ *```toml\n(.*?)^ *```", PAGE, flags=re.MULTILINE | re.DOTALL)
]
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
id = "zone-a"
hall = "hall-a"
name = { ko = "무대", en = "Stage" }
volume_m3 = 1200
[[zone]]
id = "roof"
hall = "hall-a"
name = { ko = "옥상", en = "Roof" }
outdoor = true
[[sensor]]
id = "hall-a-pm"
zone = "zone-a"
model = "pms5003"
port = "/dev/serial/by-id/usb-1"
[[sensor]]
id = "hall-a-co2"
zone = "zone-a"
model = "senseair_s8"
port = "/dev/serial/by-id/usb-2"
[[sensor]]
id = "roof-node"
zone = "roof"
model = "airgradient-open-air"
quantities = ["pm2_5", "pm10", "n0_3", "temperature", "humidity"]
"""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: re.findall(r'kind = "(\w+)"', text)[0])
def test_every_example_is_taken_as_it_stands(tmp_path, example):
    path = tmp_path / "venueair.toml"
    path.write_text(SITE + example, "utf-8")
    assert len(load(path, MODELS).correction) == example.count("[[correction]]")


def test_every_kind_is_explained_with_an_example():
    assert {kind for kind in KINDS if f"**`{kind}`**" in PAGE} == set(KINDS)
    assert set(re.findall(r'kind = "(\w+)"', "".join(EXAMPLES))) == set(KINDS)


def test_the_page_names_options_that_there_are():
    import typer

    from venueair.cli import app

    named = {"calibrate", "recompute"}
    commands = typer.main.get_command(app).commands
    there = {option for name in named for p in commands[name].params for option in p.opts}
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= there
