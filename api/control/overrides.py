"""Operators' overrides in ops_db: who, what, why, until when. One at a time per purifier; the newest counts.

The first command of an override bears the override's id, its later ones `{id}.` and a random part: so the id
of the last applied command, which the unit reports, tells whether *this* override stopped it, also after a
restart.
"""

from dataclasses import asdict, dataclass, replace
from typing import Final

from sqlalchemy import Engine, RowMapping, Update, select, update

from api.control.priority import Mode
from api.tables.control import overrides

UNTIL_RELEASED: Final = 253_402_300_799_000  # 9999-12-31T23:59:59Z in ms


@dataclass(frozen=True, slots=True)
class Override:
    """Times are ms UTC. `mode` stopped without an end latches until somebody releases it."""

    id: str
    purifier: str
    mode: Mode
    level: int
    by: str
    reason: str
    created: int
    until: int = UNTIL_RELEASED
    ended: int | None = None

    def is_active(self, now_ms: int) -> bool:
        return self.ended is None and now_ms < self.until

    def has_issued(self, command_id: str | None) -> bool:
        return command_id is not None and (command_id == self.id or command_id.startswith(f"{self.id}."))


class OverrideBook:
    """Blocking; raises sqlalchemy.exc.SQLAlchemyError when the database cannot be read or written.

    The newest of each purifier is kept in memory, also when it is over.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.connect() as connection:
            rows = connection.execute(select(overrides).order_by(overrides.c.created)).mappings().all()
        self._newest = {row["purifier"]: _override(row) for row in rows}

    def newest(self, purifier: str) -> Override | None:
        return self._newest.get(purifier)

    def in_force(self, purifier: str, now_ms: int) -> Override | None:
        override = self._newest.get(purifier)
        return override if override is not None and override.is_active(now_ms) else None

    def find(self, id: str) -> Override | None:  # noqa: A002  # the word of ControlPort
        with self._engine.connect() as connection:
            row = connection.execute(select(overrides).where(overrides.c.id == id)).mappings().first()
        return None if row is None else _override(row)

    def enter(self, override: Override) -> None:
        """Ends what the purifier had before, in the same transaction."""
        with self._engine.begin() as connection:
            connection.execute(_ended(override.purifier, override.created))
            connection.execute(overrides.insert().values(asdict(override)))
        self._newest[override.purifier] = override

    def end(self, purifier: str, now_ms: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(_ended(purifier, now_ms))
        if (override := self._newest.get(purifier)) is not None and override.ended is None:
            self._newest[purifier] = replace(override, ended=now_ms)

    def end_over(self, now_ms: int) -> None:
        """Writes down the end of what has run out: a clock set back must not revive it."""
        for purifier, override in list(self._newest.items()):
            if override.ended is None and now_ms >= override.until:
                self.end(purifier, now_ms)


def _ended(purifier: str, now_ms: int) -> Update:
    has_not_ended = overrides.c.ended.is_(None)
    return update(overrides).where(overrides.c.purifier == purifier, has_not_ended).values(ended=now_ms)


def _override(row: RowMapping) -> Override:
    return Override(**{column.name: row[column.name] for column in overrides.columns})
