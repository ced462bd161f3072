"""docs/limits.md, generated from the limits: `python -m venueair.limits_page > docs/limits.md`."""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from venueair.limits import CONFIDENCE, FACILITIES, Limit, Source, load, sources
from venueair.limits.ventilation import clean_air_rates, outdoor_air_rates

_HEAD: Final = """\
# Limits

Every published limit that venueair knows, as dated data (`venueair/limits/*.toml`). A limit holds from its
date up to, not including, its end, for the kinds of rooms named or, where none is named, for all. The kind of
room is the `facility` of a zone; groups are those of Korea's Act, listed below. Where a source gives only a
year, its first day stands.

What venueair measures are **screening values**: a light-scattering or metal-oxide sensor does not measure as
a law or a certification asks. Compare over the limit's own averaging time, and have the official measurement
made where it matters.

How sure a value is:
"""
_VENTILATION: Final = """\
Minimum outdoor air, ASHRAE 62.1-2022 table 6-1: rate per person times people plus rate per area times area.

{outdoor}
Equivalent clean airflow in infection risk management mode, ASHRAE 241-2023. venueair uses the SI column.

{clean}"""
_FOOT: Final = """
This page is generated: `python -m venueair.limits_page > docs/limits.md`.
"""


def page() -> str:
    """The whole page, Markdown."""
    parts = [_HEAD, "\n", _table(("", "meaning"), CONFIDENCE.items())]
    for source in sources():
        limits = [limit for limit in load() if limit.source == source.id]
        parts += [
            f"\n## {source.title}\n\n`{source.id}`, edition: {source.edition}.\n\n",
            _limits(source, limits),
        ]
    parts += ["\n## Kinds of rooms\n\n", _facilities(), "\n## Ventilation\n\n", _ventilation(), _FOOT]
    return "".join(parts)


def _limits(source: Source, limits: Iterable[Limit]) -> str:
    head = ("id", "what", "limit", "mean over", "where", "level", "from", "until", "sure", "note")
    return _table(head, (_row(source, limit) for limit in limits))


def _row(source: Source, limit: Limit) -> tuple[str, ...]:
    above = " above outdoor air" if limit.kind == "above_outdoor" else ""
    printed = f" (printed: {limit.printed})" if limit.printed else ""
    notes = (
        f"Only: {limit.condition}." if limit.condition else "",
        f"{limit.document}." if limit.document != source.title else "",
        f"Edition {limit.edition}." if limit.edition != source.edition else "",
        limit.note or "",
    )
    return (
        f"`{limit.id}`",
        f"`{limit.quantity}`" if limit.quantity else limit.name.replace("_", " "),
        f"{limit.operator} {limit.value:,g} {limit.unit}{above}{printed}",
        _time(limit.averaging_s),
        ", ".join([*(f"group {group}" for group in limit.groups), *limit.facilities]),
        limit.level or "",
        limit.effective_from.isoformat(),
        limit.effective_until.isoformat() if limit.effective_until else "",
        limit.confidence,
        " ".join(note for note in notes if note),
    )


def _time(seconds: int | None) -> str:
    if seconds is None:
        return ""
    if seconds > 86400:
        return f"{seconds / 86400:g} d"
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def _facilities() -> str:
    head = ("facility", "group", "covered from", "한국어", "English")
    rows = ((f"`{f.id}`", f.group or "", f.covered_from, f.ko, f.en) for f in FACILITIES.values())
    return _table(head, rows)


def _ventilation() -> str:
    outdoor = _table(
        ("space", "", "L/s per person", "L/s per m²", "people per 100 m²", "CO2 rise, ppm", "sure"),
        (
            (
                f"`{row.id}`",
                row.name,
                f"{row.l_s_person:g}",
                f"{row.l_s_m2:g}",
                f"{row.people_per_100m2:g}",
                "" if row.co2_rise_ppm is None else f"{row.co2_rise_ppm:g}",
                row.confidence,
            )
            for row in outdoor_air_rates().values()
        ),
    )
    clean = _table(
        ("space", "", "L/s per person", "cfm per person", "sure"),
        (
            (
                f"`{row.id}`",
                row.name,
                f"{row.l_s_person:g}",
                "" if row.cfm_person is None else f"{row.cfm_person:g}",
                row.confidence,
            )
            for row in clean_air_rates().values()
        ),
    )
    return _VENTILATION.format(outdoor=outdoor, clean=clean)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(page())
