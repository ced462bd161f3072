"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): the same request sent twice acts once.

Kept in ops_db for a day, over restarts. The key is taken before acting: a request that was cut short by a
crash is not acted on again, because nobody knows how far it came.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from api.tables.audit import idempotency_keys as keys

log = structlog.get_logger(__name__)

KEPT_MS: Final = 24 * 3600 * 1000


class KeyReusedError(Exception):
    """The key was used before for another request."""


class KeyBusyError(Exception):
    """The first request with this key is still at work, or was cut short."""


@dataclass(frozen=True, slots=True)
class Answer:
    """As it was given the first time, and is given again."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


class Idempotency:
    """May be used from any thread. SQLAlchemyError: the key cannot be kept, and nothing was done."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def once(
        self,
        caller: str,
        key: str | None,
        request: str,
        now: int,
        act: Callable[[], Answer],
        *,
        acts_unkept: bool = False,
    ) -> Answer:
        """The answer of `act`, or that of the first time. What raised may be tried again.

        `request` is all that the request says: method, path and body. `now` is ms UTC. With `acts_unkept` (a
        stop) it acts also when the key cannot be kept. Raises KeyReusedError and KeyBusyError.
        """
        if key is None:
            return act()
        try:
            known = self._take(caller, key, _sha256(request), now)
        except SQLAlchemyError:
            if not acts_unkept:
                raise
            return act()
        if known is not None:
            return known
        mine = keys.c.caller == caller, keys.c.key == key
        try:
            answer = act()
        except Exception:
            with self._engine.begin() as connection:
                connection.execute(delete(keys).where(*mine))
            raise
        said = {"status": answer.status, "headers": answer.headers, "body": answer.body}
        try:
            with self._engine.begin() as connection:
                connection.execute(update(keys).where(*mine).values(said))
        except SQLAlchemyError as error:  # it has acted, and says so; the key stays taken
            log.error("an Idempotency-Key's answer cannot be kept", problem=str(error))  # noqa: TRY400  # a sentence is enough
        return answer

    def _take(self, caller: str, key: str, request: str, now: int) -> Answer | None:
        """None: the key is ours now, and we are to act."""
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(keys).where(keys.c.t < now - KEPT_MS))
                connection.execute(insert(keys).values(caller=caller, key=key, request=request, t=now))
        except IntegrityError:
            return self._known(caller, key, request)
        return None

    def _known(self, caller: str, key: str, request: str) -> Answer:
        query = select(keys).where(keys.c.caller == caller, keys.c.key == key)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is not None and row["request"] != request:
            raise KeyReusedError(
                f"the Idempotency-Key {key[:40]!r} was used for another request: take a new one"
            )
        if row is None or row["status"] is None:
            raise KeyBusyError(
                f"the first request with the Idempotency-Key {key[:40]!r} is at work or was cut short: look"
                " at /api/v1/commands whether it acted, then order again with a new key"
            )
        return Answer(row["status"], row["body"], row["headers"] or {})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
