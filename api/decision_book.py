"""The journal of decisions in ops_db: one row per change of what a unit should do."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Engine, RowMapping, func, select, update

from api.decision import Decided, Inputs, row_of
from api.tables.audit import decisions

_INPUTS: Final = ("source", "quantity", "value", "relation", "limit", "for_s")
_OWN: Final = (
    "t",
    "purifier",
    "zone",
    "mode",
    "level",
    "from_level",
    "slot",
    "why",
    "version",
    "phase",
    "command",
)


class DecisionBook:
    """The only writer of its table; may be used from any thread. Raises SQLAlchemyError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, row: Decided) -> int:
        """Its number."""
        with self._engine.begin() as connection:
            result = connection.execute(decisions.insert().values(row_of(row)))
        key = result.inserted_primary_key
        assert key is not None
        return int(key[0])

    def attach(self, number: int, command: str) -> None:
        """The id of the newest command that carries out this decision."""
        with self._engine.begin() as connection:
            connection.execute(update(decisions).where(decisions.c.number == number).values(command=command))

    def newest(self) -> dict[str, tuple[int, Decided]]:
        """Of each purifier, with its number."""
        last = select(func.max(decisions.c.number)).group_by(decisions.c.purifier)
        with self._engine.connect() as connection:
            rows = connection.execute(select(decisions).where(decisions.c.number.in_(last))).mappings()
            return {row["purifier"]: (row["number"], decided_of(row)) for row in rows}

    def page(
        self,
        *,
        purifier: str | None = None,
        zone: str | None = None,
        zones: Collection[str] | None = None,
        start: int | None = None,
        end: int | None = None,
        after: int | None = None,
        limit: int,
    ) -> list[tuple[int, Decided]]:
        """Newest first, below the number `after`, from `start` to before `end` (ms UTC).

        `zones` is all that the asker may see; None: everything.
        """
        query = select(decisions).order_by(decisions.c.number.desc()).limit(limit)
        if purifier is not None:
            query = query.where(decisions.c.purifier == purifier)
        if zone is not None:
            query = query.where(decisions.c.zone == zone)
        if zones is not None:
            query = query.where(decisions.c.zone.in_(zones))
        if start is not None:
            query = query.where(decisions.c.t >= start)
        if end is not None:
            query = query.where(decisions.c.t < end)
        if after is not None:
            query = query.where(decisions.c.number < after)
        with self._engine.connect() as connection:
            return [(row["number"], decided_of(row)) for row in connection.execute(query).mappings()]


def decided_of(row: RowMapping) -> Decided:
    inputs = None if row["source"] is None else Inputs(**{name: row[name] for name in _INPUTS})
    return Decided(inputs=inputs, **{name: row[name] for name in _OWN})
