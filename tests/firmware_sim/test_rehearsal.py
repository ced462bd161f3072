"""The whole site with a clock that the test moves; the broker's address leads nowhere."""

import os
import threading
import time

import pytest

from firmware_sim.rehearsal import Rehearsal
from firmware_sim.scenario import ScenarioError
from venueair.clock import ManualClock, RehearsalClock
from venueair.settings import Settings

pytestmark = pytest.mark.integration

NAME = {"ko": "홀", "en": "Hall"}


def site(tmp_path, **more):
    fields = {
        "data": tmp_path,
        "gateway": {"venue": "demo"},
        "venue": [{"id": "demo", "name": NAME}],
        "hall": [{"id": "h1", "venue": "demo", "name": NAME}],
        "zone": [
            {"id": "hall-a", "hall": "h1", "name": NAME, "volume_m3": 1200},
            {"id": "seminar", "hall": "h1", "name": NAME, "volume_m3": 300},
        ],
        "sensor": [
            {"id": "pm1", "zone": "hall-a", "model": "pms5003", "port": str(tmp_path / "pm1")},
            {"id": "s8", "zone": "seminar", "model": "senseair_s8", "port": str(tmp_path / "s8")},
        ],
    }
    return Settings(**(fields | more))


def rehearsal(settings, clock):
    return Rehearsal(settings, clock, host="127.0.0.1", port=1, username="u", password="p")


def test_the_story_is_told_by_the_clock(tmp_path):
    clock = ManualClock()
    play = rehearsal(site(tmp_path), clock)
    captions = []
    play.on_caption(captions.append)
    peaks = {}
    for second in range(1, 2700 + 300):
        clock.advance(1)
        play.turn()
        for zone, air in play.air.items():
            peaks[zone] = max(peaks.get(zone, 0), air.co2)
        if second == 119:
            assert captions == []
        if second == 121:
            assert captions == ["crowd"]
    assert captions == ["crowd", "crowd"]  # once a story
    assert peaks["seminar"] > 1000
    play.stop()


def test_a_purifier_that_runs_cleans_its_zone(tmp_path):
    clock = ManualClock()
    purifier = {"id": "p1", "zone": "hall-a", "cadr_m3h": 5400}
    play = rehearsal(site(tmp_path, sensor=[], purifier=[purifier]), clock)
    before = play.air["hall-a"].pm2_5
    play.purifiers["p1"].press()  # stopped
    play.purifiers["p1"].press()  # runs at its preset
    for _ in range(100):
        clock.advance(1)
        play.turn()
    assert play.air["hall-a"].pm2_5 < before - 0.5
    play.stop()


def test_it_runs_on_its_own_thread_and_stops_quickly_and_twice(tmp_path):
    node = {"id": "n1", "zone": "hall-a", "model": "canonical-node", "quantities": ["temperature"]}
    purifier = {"id": "p1", "zone": "hall-a", "cadr_m3h": 5400}
    settings = site(tmp_path, purifier=[purifier])
    play = rehearsal(
        settings.model_copy(update={"sensor": (*settings.sensor, *site(tmp_path, sensor=[node]).sensor)}),
        RehearsalClock(1_700_000_000_000, 30),
    )
    play.start()
    fd = os.open(tmp_path / "s8", os.O_RDWR | os.O_NOCTTY)
    os.write(fd, bytes.fromhex("FE 04 00 00 00 04 E5 C6"))
    assert len(os.read(fd, 13)) > 0
    os.close(fd)
    begun = time.monotonic()
    play.stop_sensors()
    assert not os.path.lexists(tmp_path / "pm1")
    play.stop()
    play.stop()
    assert time.monotonic() - begun < 2
    assert not any(thread.name == "firmware-sim" for thread in threading.enumerate())


def test_what_cannot_be_simulated_is_named_before_any_port_is_made(tmp_path):
    pm = {"id": "pm1", "zone": "hall-a", "model": "sds011", "port": str(tmp_path / "pm1")}
    with pytest.raises(ValueError, match=r"pm1.*sds011"):
        rehearsal(site(tmp_path, sensor=[pm]), ManualClock())
    node = {"id": "n1", "zone": "hall-a", "model": "airgradient", "quantities": ["temperature"]}
    with pytest.raises(ValueError, match=r"n1.*airgradient"):
        rehearsal(site(tmp_path, sensor=[node]), ManualClock())
    zone = {"id": "lobby", "hall": "h1", "name": NAME, "volume_m3": 100}
    pm |= {"zone": "lobby", "model": "pms5003"}
    with pytest.raises(ScenarioError, match="lobby"):
        rehearsal(site(tmp_path, zone=[zone], sensor=[pm]), ManualClock())
    assert not os.path.lexists(tmp_path / "pm1")
