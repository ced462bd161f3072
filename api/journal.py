"""What control publishes, written down on its way to the stream: decisions, and commands into the audit log.

Control goes on when nothing can be written: bad air does not wait for a full disk. What was not written is
counted and logged.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api.audit import Entry
from api.audit_book import AuditBook
from api.decision import Decided, decided, version_of
from api.decision_book import DecisionBook
from venueair.clock import Clock
from venueair.settings import Settings

log = structlog.get_logger(__name__)

CONTROL: Final = "control"  # who, in the audit log
# Slots in which control alone says why; elsewhere it quotes people, whose names the audit log must not hold.
_OWN_WORDS: Final = frozenset({"automatic", "degraded", "advice"})

Publish = Callable[[str, dict[str, Any]], None]
PhaseOf = Callable[[str, int], str | None]


class Journal:
    """Stands between control and the hub; called with control's lock held, one event at a time."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        engine: Engine,
        audit: AuditBook,
        publish: Publish,
        phase_of: PhaseOf = lambda _zone, _now_ms: None,
    ) -> None:
        """`phase_of`: (zone, ms UTC) -> phase of its hall then; None where there is none."""
        self._clock = clock
        self._audit = audit
        self._publish = publish
        self._phase_of = phase_of
        self._version = version_of(settings.control)
        self._book = DecisionBook(engine)
        self._newest: dict[str, tuple[int, Decided]] = self._book.newest()
        self._created: dict[str, str] = {}  # purifier -> a command whose decision is told next
        self.counts: Counter[str] = Counter()

    def __call__(self, event: str, row: dict[str, Any]) -> None:
        try:
            if event == "command" and row["state"] == "CREATED":
                self._created[row["purifier"]] = row["id"]
                self._audit.append(_entry(row))
                self.counts["command_written"] += 1
            elif event == "purifier":
                self._decision(row)
        except SQLAlchemyError as error:
            self.counts[f"{event}_lost"] += 1
            log.error("not written down", what=event, purifier=row.get("id"), problem=str(error))  # noqa: TRY400  # a sentence is enough
        self._publish(event, row)

    def _decision(self, view: dict[str, Any]) -> None:
        now = self._clock.now_ms()
        row = decided(view, now, self._version, self._phase_of(view["zone"], now))
        command = self._created.pop(row.purifier, None)
        number, before = self._newest.get(row.purifier, (0, None))
        if before is None or (before.what, before.version) != (row.what, row.version):
            self._newest[row.purifier] = self._book.append(row), row
            number = self._newest[row.purifier][0]
            self.counts["decision_written"] += 1
        if command is not None:
            self._book.attach(number, command)


def _entry(command: dict[str, Any]) -> Entry:
    """The order itself, if a person gave it, is in the row of that request, which names the same command."""
    (_state, _t, slot), *_ = command["history"]
    is_own = slot in _OWN_WORDS and command["issued_by"] == "automatic"
    return Entry(
        t=command["created"],
        who=CONTROL,
        what="command",
        target=f"purifiers/{command['purifier']}",
        after={"mode": command["mode"], "level": command["level"], "release": command["release"]},
        slot=slot,
        command=command["id"],
        reason=command["reason"] if is_own else None,
    )
