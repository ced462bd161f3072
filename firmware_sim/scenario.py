"""A story: what happens outdoors and in each zone, read from a TOML file and repeated without end."""

import tomllib
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError, field_validator, model_validator

from firmware_sim.hall import Inputs, Room
from firmware_sim.outdoor import Outdoor, Ventilation
from firmware_sim.people import arrival_s, people_at
from venueair.site import Id, Part, Positive

DEMO: Final = Path(__file__).parent / "scenarios" / "demo.toml"

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class ScenarioError(ValueError):
    """The file cannot be used; the message lists everything that is wrong with it."""


class OutdoorAir(Part):
    pm2_5: NotNegative = 35.0
    co2: NotNegative = 430.0
    temperature: float = 22.0
    humidity: NotNegative = 40.0


class Source(Part):
    """Something that gives off PM2.5 between two times of the story, such as a cooking show."""

    name: str
    pm2_5_mg_per_min: NotNegative
    from_s: NotNegative
    until_s: NotNegative

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Source":
        if self.until_s <= self.from_s:
            raise ValueError("until_s must be after from_s")
        return self


class ZoneStory(Part):
    outdoor_air_per_h: NotNegative
    infiltration_per_h: NotNegative
    deposition_per_h: NotNegative
    filter_passes: Fraction = 0.5
    penetration: Fraction = 0.8
    mixing: Fraction = 0.85
    people: tuple[tuple[NotNegative, NotNegative], ...] = ()
    pm2_5_mg_per_h_per_person: NotNegative = 0.0
    source: tuple[Source, ...] = ()

    @field_validator("people")
    @classmethod
    def _in_order(cls, points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        times = [t for t, _ in points]
        if times != sorted(set(times)):
            raise ValueError("the times of the people must rise from point to point")
        return points


class Scenario(Part):
    story_s: Positive
    outdoor: OutdoorAir = OutdoorAir()
    zone: dict[Id, ZoneStory]

    @property
    def arrival_s(self) -> float | None:
        """When the first people of the story start to come in."""
        arrivals = [at for zone in self.zone.values() if (at := arrival_s(zone.people)) is not None]
        return min(arrivals, default=None)

    def room(self, zone: str, volume_m3: float | None) -> Room:
        """Raises ScenarioError for a zone that the story does not tell about, or that is outdoors."""
        story = self.zone.get(zone)
        if volume_m3 is None:
            raise ScenarioError(f"zone {zone} has no volume: air outdoors cannot be simulated")
        if story is None:
            raise ScenarioError(f"the scenario has no [zone.{zone}]; it tells of {', '.join(self.zone)}")
        return Room(
            volume_m3=volume_m3,
            ventilation=Ventilation(
                outdoor_air_per_h=story.outdoor_air_per_h,
                infiltration_per_h=story.infiltration_per_h,
                filter_passes=story.filter_passes,
                penetration=story.penetration,
            ),
            outdoor=Outdoor(**self.outdoor.model_dump()),
            deposition_per_h=story.deposition_per_h,
            mixing=story.mixing,
            pm2_5_mg_per_h_per_person=story.pm2_5_mg_per_h_per_person,
        )

    def inputs(self, zone: str, t_s: float, clean_air_m3h: float) -> Inputs:
        """What people and sources do at `t_s` seconds after the start; the story repeats."""
        story, t_story = self.zone[zone], t_s % self.story_s
        active = (s.pm2_5_mg_per_min for s in story.source if s.from_s <= t_story < s.until_s)
        return Inputs(people_at(story.people, t_story), sum(active), clean_air_m3h)


def load(path: Path = DEMO) -> Scenario:
    """Raises ScenarioError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path} is not TOML: {error}") from error
    try:
        return Scenario(**raw)
    except ValidationError as error:
        mistakes = "\n".join(
            f"  {'.'.join(str(part) for part in e['loc'])}: {e['msg']}"
            for e in error.errors(include_url=False)
        )
        raise ScenarioError(f"{path} has mistakes:\n{mistakes}") from error
