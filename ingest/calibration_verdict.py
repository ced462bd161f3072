"""What a fit means for who stands beside the sensor: sentences, and whether it should be used. Pure."""

from dataclasses import dataclass
from typing import Final

from ingest.calibration import FEWEST_DAYS, Fit, Score
from ingest.hourly import Pairs

# US EPA, EPA/600/R-20/280 (2021), of PM2.5 sensors and daily means: guidance.
TARGETS: Final = {
    "slope": "0.65 to 1.35",
    "intercept": "-5 to 5",
    "R2": "0.70 or more",
    "RMSE": "7 or less",
    "NRMSE": "or 30 % or less",
}
_GOOD_R2: Final = 0.7
_LEAST_R2: Final = 0.5
_GAIN_OF_USE: Final = 0.95  # of the error as it is: less is luck


@dataclass(frozen=True, slots=True)
class Verdict:
    is_useful: bool
    sentences: tuple[str, ...]


def verdict(fit: Fit, pairs: Pairs, quantity: str, unit: str) -> Verdict:
    found, corrected, where = _judged(fit)
    said: list[str] = []
    is_useful = False
    if not corrected.r2 >= _LEAST_R2:
        said.append(
            f"DO NOT USE IT: the sensor hardly follows the reference (R2 {corrected.r2:.2f} {where})."
            " Look for the cause: did both stand at the same place, is the sensor dirty, are the times right?"
        )
    elif corrected.rmse > _GAIN_OF_USE * found.rmse:
        said.append(
            f"NOT NEEDED: {where} the error is {corrected.rmse:.3g} {unit} with the correction and"
            f" {found.rmse:.3g} without. Leave the sensor as it is."
        )
    else:
        is_useful = True
        said.append(
            f"IT HELPS: {where} the error is {corrected.rmse:.3g} {unit} instead of {found.rmse:.3g}."
        )
    if is_useful and corrected.r2 < _GOOD_R2:
        said.append(
            f"But the sensor follows the reference only roughly (R2 {corrected.r2:.2f}; {_GOOD_R2} is good)."
        )
    if quantity == "pm2_5":
        said.append(_about_targets(found, corrected))
    return Verdict(is_useful, (*said, *_cautions(fit, pairs)))


def misses(score: Score) -> list[str]:
    """Which targets for PM2.5 it does not reach; one that is not known counts as missed."""
    reached = {
        "slope": abs(score.slope - 1) <= 0.35,
        "intercept": abs(score.intercept) <= 5,
        "R2": score.r2 >= 0.7,
        "RMSE": score.rmse <= 7 or score.nrmse <= 0.3,
    }
    return [name for name, is_reached in reached.items() if not is_reached]


def _judged(fit: Fit) -> tuple[Score, Score, str]:
    """(as it is, corrected, where): on unseen days where there are any."""
    if fit.held_out is None:
        return fit.found, fit.fitted, "on the days that it was fitted on"
    return fit.held_out.found, fit.held_out.corrected, "on days held out"


def _about_targets(found: Score, corrected: Score) -> str:
    return "US EPA targets for PM2.5 sensors (guidance): " + "; ".join(
        f"{name} {'reaches all' if not missed else 'misses ' + ', '.join(missed)}"
        for name, missed in (("as it is", misses(found)), ("corrected", misses(corrected)))
    )


def _cautions(fit: Fit, pairs: Pairs) -> list[str]:
    said = []
    if fit.held_out is None:
        said.append("CAUTION: no days were held out, so this says nothing about other days.")
    if pairs.days < FEWEST_DAYS:
        said.append(
            f"CAUTION: {pairs.days} days are few. Two weeks or more show the sensor enough kinds of air."
        )
    return said
