"""Commands in ops_db: written before they are published, so that a crash leaves a trace of each."""

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Engine, RowMapping, Select, select, tuple_, update

from api.control.command import OPEN, State, Tracked, moved
from api.control.priority import HOUR_S
from api.tables.control import commands

MAX_ROWS: Final = 1000


class CommandBook:
    """Blocking; raises sqlalchemy.exc.SQLAlchemyError when the database cannot be read or written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def insert(self, command: Tracked) -> None:
        with self._engine.begin() as connection:
            connection.execute(commands.insert().values(row_of(command)))

    def update(self, command: Tracked) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(commands).where(commands.c.id == command.id).values(_changing(command)),
            )

    def row(self, id: str) -> dict[str, Any] | None:  # noqa: A002  # the word of ControlPort
        found = self._rows(select(commands).where(commands.c.id == id))
        return found[0] if found else None

    def rows(
        self,
        *,
        purifier: str | None,
        state: str | None,
        limit: int,
        after: tuple[int, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Newest first, at most `limit` and never above 1,000; `after` is (created, id) of the last seen."""
        query = select(commands).order_by(commands.c.created.desc(), commands.c.id.desc())
        if purifier is not None:
            query = query.where(commands.c.purifier == purifier)
        if state is not None:
            query = query.where(commands.c.state == state)
        if after is not None:
            query = query.where(tuple_(commands.c.created, commands.c.id) < after)
        return self._rows(query.limit(max(0, min(limit, MAX_ROWS))))

    def resume(self, now_s: float, now_ms: int, ttl_s: float) -> list[Tracked]:
        """After a restart: ends what is past its deadline, returns what may still be under way.

        A row that is still CREATED may have been published just before the crash; nothing here sends it
        again unless the unit turns out to be in the same session and the same is still wanted.
        """
        query = select(commands).where(commands.c.state.in_([state.value for state in OPEN]))
        under_way = []
        with self._engine.connect() as connection:
            found = [_tracked(row) for row in connection.execute(query).mappings()]
        for command in found:
            left_s = (command.deadline_ms - now_ms) / 1000
            if left_s <= 0:
                end = State.EXPIRED if command.state is State.CREATED else State.TIMED_OUT
                self.update(moved(command, end, now_ms, "venueair was not running at the deadline"))
            else:
                # A wall clock set back must not stretch a deadline beyond one ttl.
                under_way.append(replace(command, deadline_s=now_s + min(left_s, ttl_s)))
        return under_way

    def starts(self, now_s: float, now_ms: int) -> dict[str, tuple[float, ...]]:
        """When commands of the last hour may have started each purifier, in monotonic s, the newest last."""
        query = select(commands.c.purifier, commands.c.mode, commands.c.created)
        query = query.where(commands.c.created > now_ms - HOUR_S * 1000)
        query = query.where(commands.c.state.not_in([State.EXPIRED.value, State.REJECTED.value]))
        found: dict[str, tuple[float, ...]] = {}
        modes: dict[str, str] = {}
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(commands.c.created)).all()
        for purifier, mode, created in rows:
            if mode == "run" and modes.get(purifier) != "run":
                # What a clock that was set back says of the future was now at the latest.
                at_s = now_s - max(0.0, (now_ms - created) / 1000)
                found[purifier] = (*found.get(purifier, ()), at_s)
            modes[purifier] = mode
        return found

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            # Through Tracked: the database's own keys are a kind of str that JSON encoders refuse.
            return [row_of(_tracked(row)) for row in connection.execute(query).mappings()]


def _changing(command: Tracked) -> dict[str, Any]:
    return {"state": command.state.value, "history": [list(entry) for entry in command.history]}


def row_of(command: Tracked) -> dict[str, Any]:
    """The same row as the database would give, for events."""
    return {
        "id": command.id,
        "venue": command.venue,
        "purifier": command.purifier,
        "session": command.session,
        "mode": command.mode,
        "level": command.level,
        "release": command.release,
        "reason": command.reason,
        "issued_by": command.issued_by,
        "created": command.created_ms,
        "deadline": command.deadline_ms,
        **_changing(command),
    }


def _tracked(row: RowMapping) -> Tracked:
    return Tracked(
        id=row["id"],
        venue=row["venue"],
        purifier=row["purifier"],
        session=row["session"],
        mode=row["mode"],
        level=row["level"],
        release=row["release"],
        reason=row["reason"],
        issued_by=row["issued_by"],
        created_ms=row["created"],
        deadline_ms=row["deadline"],
        deadline_s=0.0,
        state=State(row["state"]),
        history=tuple((state, at_ms, note) for state, at_ms, note in row["history"]),
    )
