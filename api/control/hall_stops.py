"""Stops of all units of a hall, in ops_db: who, why, and who released it. The newest of each hall counts.

Every command that carries out a stop bears its id: so the id of the last applied command, which the unit
reports, tells whether *this* stop is what holds the unit, also after a restart of either. What stood still
before, by its own button or another's order, has no such id, and is not started by the release.
"""

from dataclasses import asdict, dataclass, replace

from sqlalchemy import Engine, RowMapping, select, update

from api.tables.safety import hall_stops


@dataclass(frozen=True, slots=True)
class HallStop:
    """Times are ms UTC."""

    id: str
    hall: str
    by: str
    reason: str
    created: int
    released: int | None = None
    released_by: str | None = None
    release_reason: str | None = None

    @property
    def is_in_force(self) -> bool:
        return self.released is None

    @property
    def why_released(self) -> str:
        return f"the stop of the hall was released by {self.released_by}"

    def has_issued(self, command_id: str | None) -> bool:
        return command_id is not None and (command_id == self.id or command_id.startswith(f"{self.id}."))


class HallStopBook:
    """Blocking; raises sqlalchemy.exc.SQLAlchemyError when the database cannot be read or written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.connect() as connection:
            rows = connection.execute(select(hall_stops).order_by(hall_stops.c.created)).mappings().all()
        # One in force stands before newer ones that are over, whatever the clock said.
        stops = sorted(map(_stop, rows), key=lambda stop: stop.is_in_force)
        self._newest = {stop.hall: stop for stop in stops}

    def newest(self, hall: str) -> HallStop | None:
        """In force, or over."""
        return self._newest.get(hall)

    def in_force(self) -> list[HallStop]:
        return [stop for stop in self._newest.values() if stop.is_in_force]

    def enter(self, stop: HallStop) -> None:
        with self._engine.begin() as connection:
            connection.execute(hall_stops.insert().values(asdict(stop)))
        self._newest[stop.hall] = stop

    def release(self, hall: str, by: str, reason: str, now_ms: int) -> None:
        """Only once it is written down. Raises KeyError where none is in force."""
        stop = self._newest[hall]
        if not stop.is_in_force:
            raise KeyError(hall)
        ended = replace(stop, released=now_ms, released_by=by, release_reason=reason)
        with self._engine.begin() as connection:
            connection.execute(update(hall_stops).where(hall_stops.c.id == stop.id).values(asdict(ended)))
        self._newest[hall] = ended


def _stop(row: RowMapping) -> HallStop:
    return HallStop(**{column.name: row[column.name] for column in hall_stops.columns})
