"""Control with fake purifiers on a table: one hall, hall time moved by hand."""

from types import SimpleNamespace

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from api.control.loop import Control
from api.tables import metadata
from tests.control.fake_purifier import FakeLink, FakePurifier
from venueair.clock import ManualClock
from venueair.messages import Live
from venueair.rules import ControlSettings, Target
from venueair.settings import Gateway, Settings
from venueair.site import Hall, Name, Purifier, Venue, Zone

NAME = Name(ko="가", en="a")


class Bench(SimpleNamespace):
    """control, link, clock, units, events; `run` lets hall time pass in steps of a second."""

    def run(self, seconds: float, pm: float | None = None, *, zone: str = "hall-a", flag: int = 1):
        for _ in range(round(seconds)):
            self.clock.advance(1)
            self.beat += 1
            for unit in self.units.values():
                unit.pass_time()
                if self.beat % 60 == 0 and not unit.is_deaf:
                    unit.report()
            if pm is not None:
                self.control.on_live(self.live(pm, zone=zone, flag=flag))
            self.link.pump()
            self.control.tick()
            self.link.pump()

    def live(self, value, *, zone="hall-a", quantity="pm2_5", flag=1, t=None):
        at = self.clock.now_ms() if t is None else t
        return Live(series=[f"{zone} {quantity}"], t=[at], value=[value], flag=[flag])

    def view(self, name="p1"):
        return next(view for view in self.control.purifiers() if view.id == name)

    def order(self, name="p1", *, mode="run", level=0, minutes=10.0, release=False, by="kim", reason="test"):
        id_ = self.control.order(
            name, mode=mode, level=level, minutes=minutes, by=by, reason=reason, release=release
        )
        self.link.pump()
        return id_

    def states(self, name="p1"):
        return [row["state"] for row in self.control.commands(purifier=name, state=None, limit=100)]

    def sent(self, name="p1"):
        return [command for device, command in self.link.sent if device == name]


def engine_in_memory():
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    metadata.create_all(engine)
    return engine


def settings_of(*, automatic=True, quantity="pm2_5", units=("p1",), **control):
    return Settings(
        gateway=Gateway(venue="expo"),
        venue=(Venue(id="expo", name=NAME),),
        hall=(Hall(id="hall", venue="expo", name=NAME),),
        zone=(Zone(id="hall-a", hall="hall", name=NAME, volume_m3=1200, automatic=automatic),),
        purifier=tuple(Purifier(id=unit, zone="hall-a", cadr_m3h=5400) for unit in units),
        control=ControlSettings(
            targets=(Target(zone="hall-a", quantity=quantity, up_above=35, down_below=25),),
            **control,
        ),
    )


def make_bench(*, engine=None, clock=None, link=None, connect=True, settings=None, **options) -> Bench:
    clock = clock or ManualClock()
    link = link or FakeLink()
    settings = settings or settings_of(**options)
    engine = engine or engine_in_memory()
    link.handlers.clear()
    events = []
    control = Control(settings, clock, link, engine, lambda kind, row: events.append((kind, row)))
    units = {
        purifier.id: link.units.get(purifier.id) or FakePurifier(link, clock, purifier.id)
        for purifier in settings.purifier
    }
    if connect:
        for unit in units.values():
            unit.connect()
        link.pump()
    return Bench(
        control=control,
        clock=clock,
        link=link,
        units=units,
        unit=units.get("p1"),
        engine=engine,
        events=events,
        beat=0,
    )
