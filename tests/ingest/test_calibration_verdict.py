"""What a technician is told, and when a calibration is not worth having."""

from math import nan

import numpy as np
import pytest

from ingest.calibration import Fit, HeldOut, Score
from ingest.calibration_verdict import misses, verdict
from ingest.hourly import DAY_MS, Pairs

GOOD = Score(n=400, slope=1.0, intercept=0.5, r2=0.95, rmse=2.0, nrmse=0.1)


def scored(**changes: float) -> Score:
    return Score(**({name: getattr(GOOD, name) for name in Score.__slots__} | changes))


def said(found: Score, corrected: Score, *, days: int = 20, held_out: bool = True, quantity: str = "co2"):
    pairs = Pairs(np.arange(days, dtype=np.int64) * DAY_MS, np.ones(days), np.ones(days), {})
    # What all days say must not count where days were held out.
    unseen = HeldOut(4, found, corrected) if held_out else None
    seen = (scored(rmse=99), scored(rmse=1)) if held_out else (found, corrected)
    return verdict(Fit(0, 1, {}, *seen, unseen), pairs, quantity, "ppm")


def test_a_lower_error_on_unseen_days_is_worth_having():
    told = said(scored(rmse=80.0), scored(rmse=12.0))
    assert told.is_useful
    assert told.sentences == ("IT HELPS: on days held out the error is 12 ppm instead of 80.",)


@pytest.mark.parametrize("rmse", [79.0, 80.0, 120.0])
def test_an_error_that_is_hardly_lower_or_higher_is_not(rmse):
    told = said(scored(rmse=80.0), scored(rmse=rmse))
    assert not told.is_useful
    assert told.sentences[0].startswith("NOT NEEDED: on days held out the error is")


@pytest.mark.parametrize("r2", [0.49, nan])
def test_a_sensor_that_does_not_follow_the_reference_is_not_bent_to_it(r2):
    told = said(scored(rmse=80.0), scored(rmse=12.0, r2=r2))
    assert not told.is_useful
    assert told.sentences[0].startswith(
        f"DO NOT USE IT: the sensor hardly follows the reference (R2 {r2:.2f}"
    )


def test_one_that_follows_roughly_is_told_so():
    told = said(scored(rmse=80.0), scored(rmse=12.0, r2=0.6))
    assert told.is_useful
    assert told.sentences[1].startswith("But the sensor follows the reference only roughly (R2 0.60;")


@pytest.mark.parametrize(("days", "is_warned"), [(13, True), (14, False)])
def test_less_than_two_weeks_are_called_few(days, is_warned):
    told = said(scored(rmse=80.0), GOOD, days=days)
    assert told.is_useful
    assert any("CAUTION: 13 days are few" in sentence for sentence in told.sentences) is is_warned


def test_without_held_out_days_it_says_what_that_means():
    told = said(scored(rmse=80.0), GOOD, held_out=False)
    assert told.sentences[0].startswith("IT HELPS: on the days that it was fitted on")
    assert told.sentences[1].startswith("CAUTION: no days were held out")


def test_dust_is_measured_by_the_targets_of_the_epa():
    told = said(scored(rmse=80.0, nrmse=2.0, slope=1.6), GOOD, quantity="pm2_5")
    assert told.sentences[1] == (
        "US EPA targets for PM2.5 sensors (guidance): as it is misses slope, RMSE; corrected reaches all"
    )


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, []),
        ({"slope": 0.65}, []),
        ({"slope": 0.64}, ["slope"]),
        ({"slope": 1.36}, ["slope"]),
        ({"slope": nan}, ["slope"]),
        ({"intercept": -5.0}, []),
        ({"intercept": -5.1}, ["intercept"]),
        ({"r2": 0.7}, []),
        ({"r2": 0.69}, ["R2"]),
        ({"rmse": 7.0, "nrmse": 0.5}, []),
        ({"rmse": 50.0, "nrmse": 0.3}, []),
        ({"rmse": 7.1, "nrmse": 0.31}, ["RMSE"]),
        ({"rmse": 7.1, "nrmse": nan}, ["RMSE"]),
    ],
)
def test_the_targets_include_their_ends(changes, wanted):
    assert misses(scored(**changes)) == wanted
